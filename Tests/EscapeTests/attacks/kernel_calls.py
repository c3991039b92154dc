"""Asks the kernel for what no sandboxed program needs."""

import ctypes
import mmap
import os

from attack import call, finish, refused, refused_or_killed

CALLS = {
    "io_uring_setup": (8, bytes(120)),
    "bpf": (0, bytes(128), 128),
    "perf_event_open": (bytes(128), 0, -1, -1, 0),
    "userfaultfd": (0,),
    "fanotify_init": (0, 0),
    "add_key": (b"user", b"n", b"v", 1, -3),
    "keyctl": (0, -3, 1),
    "request_key": (b"user", b"n", None, -3),
    "quotactl": (0x800002 << 8, b"/dev/root", 0, None),
    "swapon": (b"/tmp/s", 0),
    "reboot": (0xFEE1DEAD, 672274793, 0, None),
    "syslog": (3, bytes(64), 64),
    "iopl": (3,),
    "ioperm": (0x70, 1, 1),
    "acct": (b"/tmp/acct",),
    "modify_ldt": (1, bytes(16), 16),
    "lookup_dcookie": (0, bytes(64), 64),
    "settimeofday": (bytes(16), None),
    "clock_settime": (0, bytes(16)),
    "kexec_load": (0, 0, None, 0),
    "kexec_file_load": (-1, -1, 0, None, 0),
    "init_module": (bytes(16), 16, b""),
    "finit_module": (-1, b"", 0),
    "delete_module": (b"loop", 0),
    "kcmp": (1, 1, 0, 0, 0),
    "move_pages": (1, 0, None, None, None, 0),
    "process_vm_writev": (1, None, 0, None, 0, 0),
    "personality": (0x0008,),
    "open_by_handle_at": (-100, bytes(24), 0),
}
for name, arguments in CALLS.items():
    refused_or_killed(name, lambda name=name, arguments=arguments: call(name, *arguments))


def by_another_door(code):
    """Runs machine code that asks the kernel by another calling convention; its answer must be an error."""
    memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
    answer = function()
    if answer < 0:
        raise OSError(-answer, "refused")


# push rbx; mov eax, 310 (unshare); mov ebx, CLONE_NEWUSER; int 0x80; pop rbx; ret
refused_or_killed(
    "a new user namespace by a 32-bit call",
    lambda: by_another_door(b"\x53\xb8\x36\x01\x00\x00\xbb\x00\x00\x00\x10\xcd\x80\x5b\xc3"),
)
refused_or_killed("a new user namespace by an x32 call", lambda: call(0x40000000 | 272, 0x10000000))
with refused("a higher limit of open files"):
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard + 1, hard + 1))
    except ValueError:  # what Python makes of EPERM
        raise PermissionError from None
with refused("a terminal of another session"):
    import fcntl
    import termios

    fcntl.ioctl(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY), termios.TIOCSTI, b"x")
finish()
