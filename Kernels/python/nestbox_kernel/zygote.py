"""The zygote: warm, with one thread, and always with one fork that is ready to move into a sandbox."""

import argparse
import os
import sys

from . import land_library
from .land_library import SPAWNER, LandLibrary
from .settings import Landing, from_payload
from .stranger import Stranger
from .wire import WireError

# A library that starts threads when it is imported can not be forked; these ask the known ones not to.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main():
    """The program `zygote`. Returns never: it ends with the spawner, and its forks with their sandboxes."""
    options = _options()
    library = LandLibrary(SPAWNER, options.library)
    before = dict(os.environ)
    os.environ.update(ONE_THREAD)
    # Late, so that no library starts a thread before it has been asked not to.
    from . import rehearsal, warmth
    from .answers import Answers
    from .cold import look_like_a_script, serve
    from .output import Output
    from .runner import Runner
    from .shell import KernelShell

    look_like_a_script()
    warmth.preload(options.preload)
    output = Output()
    answers = Answers(output)
    shell = KernelShell.made(answers)
    warmth.warm(shell, output)
    os.environ.clear()
    os.environ.update(before)
    runner, stranger = Runner(shell, output, answers), Stranger()

    def become_kernel(landing: Landing):
        stranger.become(landing.environment)
        os.chdir(landing.cwd)
        shell.starting_dir = landing.cwd
        shell.home_dir = landing.environment.get("HOME", "/")
        shell.history_manager.dir_hist[:] = [landing.cwd]
        serve(landing.settings, runner, output)

    warmth.settle()
    stretches = rehearsal.pages_written(become_kernel)
    warmth.settle()  # again: to have rehearsed has left its own garbage
    try:
        landing = from_payload(library.serve(stretches))
    except WireError as error:  # nobody ever hears of its kernel
        sys.exit(f"zygote: {error}")
    become_kernel(landing)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="zygote", allow_abbrev=False)
    parser.add_argument("--preload", nargs="*", metavar="MODULE", help="what to import; it must be installed")
    parser.add_argument("--library", default=land_library.PATH)
    return parser.parse_args()
