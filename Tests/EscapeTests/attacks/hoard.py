"""Takes all that the kernel gives of one thing, and holds it. Arguments: what, and how many at most.

Says how many it got, then stays. As root it takes as much for as many users as help it.
"""

import ctypes
import errno
import os
import resource
import socket
import sys
import time

from attack import libc

what, most = sys.argv[1], int(sys.argv[2])
# Users that root becomes, one after the other: what is counted by user is counted for each.
USERS = (0, 1, 2, 33, 1000) if os.getuid() == 0 else (os.getuid(),)
held = []


def checked(number):
    if number == -1:
        raise OSError(ctypes.get_errno(), "")
    return number


def inotify():
    checked(libc.inotify_init1(0))


HOARDS = {"inotify instances": inotify}


def take(get, left):
    """Takes until it is refused; as many as one process can."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = 0
    try:
        while count < left:
            get()
            count += 1
    except OSError as error:
        return count, error.errno
    return count, 0


def helper(user, get, left):
    """A process of `user` that takes and holds; gives what it got."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        count, number = take(get, left)
        os.write(writing, f"{count} {number}\n".encode())
        while True:
            time.sleep(600)
    os.close(writing)
    count, number = os.read(reading, 99).split()
    return int(count), int(number)


total, last = 0, 0
for user in USERS:
    count, last = helper(user, HOARDS[what], most - total)
    total += count
print(total, errno.errorcode.get(last, "none"), flush=True)
while True:
    time.sleep(600)
