"""Looks for descriptors that nobody meant to give."""

import os
import stat

from attack import finish, must_not

EXPECTED = ("pipe:", "/dev/null", "/dev/pts/", "socket:")

listing = os.open("/proc/self/fd", os.O_RDONLY)
for name in os.listdir(listing):
    number = int(name)
    if number == listing:
        continue
    try:
        link = os.readlink(f"/proc/self/fd/{name}")
    except FileNotFoundError:  # what listed the directory
        continue
    must_not(f"descriptor {number} is {link}", number > 2)
    must_not(f"stream {number} is {link}", not link.startswith(EXPECTED))
    must_not(f"stream {number} is a directory", stat.S_ISDIR(os.fstat(number).st_mode))
os.close(listing)

parent = os.getppid()
try:
    for name in os.listdir(f"/proc/{parent}/fd"):
        link = os.readlink(f"/proc/{parent}/fd/{name}")
        must_not(f"the shell's descriptor {name} is {link}", int(name) > 2 and not link.startswith(EXPECTED))
except OSError:
    pass  # another user's
finish()
