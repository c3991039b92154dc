"""Attacks PID 1, the guest: its memory, its descriptors, its program."""

import ctypes
import os
import signal

from attack import call, can_open, finish, must_not, refused

ATTACH, SEIZE = 16, 0x4206

with refused("attach to PID 1"):
    call("ptrace", ATTACH, 1, 0, 0)
with refused("seize PID 1"):
    call("ptrace", SEIZE, 1, 0, 0)
for how, flags in (("read", os.O_RDONLY), ("write", os.O_WRONLY)):
    must_not(f"{how} PID 1's memory", can_open("/proc/1/mem", flags))
with refused("read PID 1's memory by another call"):
    buffer = ctypes.create_string_buffer(64)
    vector = (ctypes.c_void_p * 2)(ctypes.cast(buffer, ctypes.c_void_p).value, 64)
    call("process_vm_readv", 1, ctypes.byref(vector), 1, ctypes.byref(vector), 1, 0)
with refused("take a descriptor of PID 1's"):
    call("pidfd_getfd", call("pidfd_open", 1, 0), 3, 0)
with refused("tamper with PID 1's memory advice"):
    call("process_madvise", call("pidfd_open", 1, 0), None, 0, 0, 0)

with refused("overwrite PID 1's program"):
    os.close(os.open("/proc/1/exe", os.O_WRONLY))
with refused("overwrite and truncate PID 1's program"):
    os.close(os.open("/proc/1/exe", os.O_RDWR | os.O_TRUNC))
try:
    program = os.readlink("/proc/1/exe")
    with refused("replace PID 1's program by name"):
        os.rename(program, program + ".old")
        os.rename(program + ".old", program)
except OSError:
    print("held: the name of PID 1's program is not told")

try:
    for number in os.listdir("/proc/1/fd"):
        for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
            link = os.readlink(f"/proc/1/fd/{number}")
            if not link.startswith(("/dev/null", "/dev/pts/", "anon_inode:", "pipe:")):
                must_not(f"open PID 1's descriptor {number}, {link}", can_open(f"/proc/1/fd/{number}", flags))
except OSError:
    print("held: PID 1's descriptors are not told")
try:
    with open("/proc/1/environ", "rb") as file:
        words = file.read()
    must_not("PID 1's environment tells of the host", b"=" in words and b"PATH=" not in words)
    must_not("PID 1's environment holds a key", b"e2b_" in words or b"TOKEN" in words)
except OSError:
    print("held: PID 1's environment is not told")

for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP):
    try:
        os.kill(1, number)  # root may send it; PID 1 must not mind, which the caller checks
    except OSError:
        pass
finish()
