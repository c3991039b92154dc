"""Objects that are counted no more: who looks at one writes nothing to it, and its page stays shared with every fork.

Python has such objects from 3.12 on, `None` among them; PEP 683 made them for processes that fork. No call makes one,
so the count is written by hand: an object begins with it.
"""

import ctypes
import gc
import sys
from types import CodeType

# What code refers to, of which the collector of garbage knows nothing.
OF_CODE = ("co_consts", "co_names", "co_name", "co_qualname", "co_filename", "co_linetable", "co_exceptiontable")
# Of an object's count, the part by which an immortal one is known (Include/refcount.h).
Count = ctypes.c_uint32


def immortalize():
    """Nothing that is alive now, and that the collector of garbage or code leads to, is counted or dies from here on.

    Does nothing in a Python that counts even `None`, or counts elsewhere.
    """
    immortal = sys.getrefcount(None)
    held = [None]
    mark = Count.from_address(id(held[0])).value
    if not immortal == sys.getrefcount(None) == mark:
        return
    found = gc.get_objects()
    while found:
        for each in found:
            Count.from_address(id(each)).value = mark
        found = [each for each in _referents(found) if sys.getrefcount(each) != immortal]


def _referents(objects: list) -> list:
    referents = gc.get_referents(*objects)
    for each in objects:
        if type(each) is CodeType:
            referents += [getattr(each, name) for name in OF_CODE]
    return referents
