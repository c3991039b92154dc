"""The socket on which a kernel waits for executions."""

import os
import socket

from .descriptors import raised

BACKLOG = 128


def listening(path: str) -> socket.socket:
    """A socket listening at `path`. The name appears once it does, so who sees the name may connect.

    Raises OSError if there can be no such name.
    """
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    beside = path + ".new"
    try:
        os.unlink(beside)
    except FileNotFoundError:
        pass
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(beside)
    os.chmod(beside, 0o600)
    made.listen(BACKLOG)
    listener = socket.socket(fileno=raised(made.detach()))
    listener.setblocking(False)
    os.rename(beside, path)
    return listener
