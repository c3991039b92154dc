"""Where peers are received: hello, then the one request; and where they are let go."""

import os
import select
import socket

from .connection import Connection
from .settings import LANGUAGE, Settings
from .wire import END, ERROR, HELLO, PROTOCOL, Execute, WireError, encoded

# Connections that have not asked for anything yet; one more takes the place of the oldest.
CONNECTIONS = 64


class Reception:
    """Holds the peers that have not asked yet, and those that have not taken all that was said to them."""

    def __init__(self, settings: Settings, listener: socket.socket, epoll: select.epoll, on_execute, is_idle):
        self._settings = settings
        self._listener = listener
        self._epoll = epoll
        self._on_execute = on_execute
        self._is_idle = is_idle
        self._asking: dict[int, Connection] = {}
        self._leaving: dict[int, Connection] = {}
        self._cwd = os.getcwd()
        epoll.register(listener.fileno(), select.EPOLLIN)

    def attend(self, descriptor: int) -> bool:
        """Does what an event asks for. Whether the descriptor is one of the reception's."""
        if descriptor == self._listener.fileno():
            self._accept()
        elif descriptor in self._asking:
            self._read_request(self._asking[descriptor])
        elif descriptor in self._leaving:
            self._see_off(self._leaving[descriptor])
        else:
            return False
        return True

    def let_go(self, connection: Connection):
        """Takes a registered connection over, and closes it once its peer has taken what was said."""
        self._asking.pop(connection.fileno(), None)
        self._leaving[connection.fileno()] = connection
        self._epoll.modify(connection.fileno(), select.EPOLLOUT)
        self._see_off(connection)

    def refuse(self, connection: Connection, reason: str):
        connection.say(ERROR, encoded({"name": "ProtocolError", "value": reason, "traceback": reason}))
        connection.say(END, b"")
        self.let_go(connection)

    def own(self) -> list[int]:
        """The descriptors that a forked child has no use for."""
        return [self._listener.fileno(), *self._asking, *self._leaving]

    def _accept(self):
        try:
            accepted, _ = self._listener.accept()
            connection = Connection(accepted)
        except OSError:
            return  # the peer has gone already, or user code holds all the descriptors there are
        if len(self._asking) >= CONNECTIONS:
            self._forget(self._asking, next(iter(self._asking.values())))
        connection.say(HELLO, encoded(self._hello()))
        connection.send()
        self._asking[connection.fileno()] = connection
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _hello(self) -> dict:
        try:
            self._cwd = os.getcwd()
        except OSError:
            pass  # the directory is gone: the last one known is the best answer
        return {
            "protocol": PROTOCOL,
            "pid": os.getpid(),
            "context": self._settings.context,
            "language": LANGUAGE,
            "cwd": self._cwd,
            "idle": self._is_idle(),
        }

    def _read_request(self, connection: Connection):
        try:
            request = connection.receive()
        except WireError as error:
            self.refuse(connection, str(error))
            return
        if connection.is_closed:
            self._forget(self._asking, connection)
        elif isinstance(request, Execute):
            del self._asking[connection.fileno()]
            self._epoll.modify(connection.fileno(), 0)  # only its end is news from now on
            self._on_execute(connection, request)
        elif request is not None:
            self.let_go(connection)

    def _see_off(self, connection: Connection):
        connection.send()
        if not connection.has_unsent:
            self._forget(self._leaving, connection)

    def _forget(self, among: dict[int, Connection], connection: Connection):
        del among[connection.fileno()]
        self._epoll.unregister(connection.fileno())
        connection.close()
