"""Kernels are forks of one warm process, and share its memory with it."""

from nestbox_support.interpreter import printed
from nestbox_support.waiting import eventually

WARMING_SECONDS = 60
# What looking at everything may cost a fork. The list of it takes 2 MiB; to count references in it would take 58.
LOOKING_BYTES = 16 << 20

# Tells whether the process is a fork, how many objects it found in it, and by how much its own memory has grown then.
LOOK = r"""
import gc, pathlib, re, types

def own_bytes():
    rollup = pathlib.Path("/proc/self/smaps_rollup").read_text()
    return int(re.search(r"Private_Dirty: +(\d+)", rollup)[1]) << 10

is_fork, before = gc.get_freeze_count() > 0, own_bytes()
gc.unfreeze()
everything = gc.get_objects()
constants = [code.co_consts for code in gc.get_referents(*everything) if type(code) is types.CodeType]
print((is_fork, len(everything), own_bytes() - before))
"""


def test_a_fork_that_looks_at_all_that_it_was_born_with_goes_on_sharing_it(new_interpreter):
    def look():
        is_fork, count, grown = eval(printed(new_interpreter().run_code(LOOK)))
        return is_fork and (count, grown)

    count, grown = eventually(look, "a warm process that new kernels are forks of", WARMING_SECONDS)
    assert count > 100_000 and grown < LOOKING_BYTES
