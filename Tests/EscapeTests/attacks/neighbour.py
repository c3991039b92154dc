"""Leaves a trace of every kind that processes share, or looks for a neighbour's. Arguments: leave | look, a mark."""

import os
import socket
import sys
import time

from attack import finish, libc, must_not

role, mark = sys.argv[1:]
KEY, CREATE = 0x6E657374, 0o1000 | 0o666


def shared_objects(flags):
    return {
        "shared memory": libc.shmget(KEY, 4096, flags),
        "semaphores": libc.semget(KEY, 1, flags),
        "a message queue": libc.msgget(KEY, flags),
        "a POSIX message queue": libc.mq_open(
            b"/" + mark.encode(), os.O_RDWR | (os.O_CREAT if flags else 0), 0o666, None
        ),
    }


if role == "leave":
    shared_objects(CREATE)
    for path in (f"/dev/shm/{mark}", f"/tmp/{mark}", f"/run/{mark}" if os.getuid() == 0 else f"/code/{mark}"):
        open(path, "w").close()
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0" + mark)
    abstract.listen()
    port = socket.create_server(("0.0.0.0", 4321))
    print("left", flush=True)
    time.sleep(600)

for name, number in shared_objects(0).items():
    must_not(f"find {name} of a neighbour", number != -1)
for directory in ("/dev/shm", "/tmp", "/run", "/code", "/dev/mqueue", "/dev/pts"):
    if os.path.isdir(directory):
        must_not(f"find a file of a neighbour in {directory}", mark in os.listdir(directory))
for family, target in ((socket.AF_UNIX, "\0" + mark), (socket.AF_INET, ("127.0.0.1", 4321))):
    probe = socket.socket(family)
    must_not(f"reach a neighbour at {target}", probe.connect_ex(target) == 0)
for process in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            words = file.read()
        must_not("see a process of a neighbour", b"leave" in words and mark.encode() in words)
    except OSError:
        pass
finish()
