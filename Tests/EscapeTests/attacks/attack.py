"""What every attack uses. An attack tries what must not work; what did work it reports, and then ends with 1.

Runs inside a sandbox with nothing but Python's standard library. x86-64 only.
"""

import contextlib
import ctypes
import errno
import os
import signal
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

NUMBERS = {
    "clone": 56,
    "ptrace": 101,
    "syslog": 103,
    "personality": 135,
    "modify_ldt": 154,
    "pivot_root": 155,
    "acct": 163,
    "settimeofday": 164,
    "mount": 165,
    "umount2": 166,
    "swapon": 167,
    "reboot": 169,
    "iopl": 172,
    "ioperm": 173,
    "init_module": 175,
    "delete_module": 176,
    "quotactl": 179,
    "lookup_dcookie": 212,
    "clock_settime": 227,
    "kexec_load": 246,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "unshare": 272,
    "move_pages": 279,
    "perf_event_open": 298,
    "fanotify_init": 300,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "finit_module": 313,
    "bpf": 321,
    "userfaultfd": 323,
    "kexec_file_load": 320,
    "io_uring_setup": 425,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fspick": 433,
    "pidfd_open": 434,
    "clone3": 435,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
}

escapes = []


def call(name, *arguments):
    """One system call; raises OSError on failure."""
    words = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(NUMBERS[name] if isinstance(name, str) else name), *words)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return result


@contextlib.contextmanager
def refused(what):
    """The body must fail with an error of the kernel's."""
    try:
        yield
    except OSError as error:
        print(f"held: {what}: {errno.errorcode.get(error.errno, error.errno)}")
        return
    escapes.append(what)


def must_not(what, happened):
    """`happened` must be false."""
    if happened:
        escapes.append(what)
    else:
        print(f"held: {what}")


def refused_or_killed(what, body):
    """`body` in a child of its own must fail or be killed for trying."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            body()
        except OSError:
            os._exit(10)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        print(f"held: {what}: killed by {signal.Signals(os.WTERMSIG(status)).name}")
    else:
        must_not(what, os.WEXITSTATUS(status) != 10)


def can_open(path, flags):
    try:
        os.close(os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY))
        return True
    except OSError:
        return False


def finish():
    for what in escapes:
        print(f"ESCAPED: {what}")
    sys.exit(1 if escapes else 0)
