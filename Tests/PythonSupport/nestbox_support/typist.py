"""Somebody at a terminal: types, and sees what is on the screen."""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

from nestbox_support.waiting import eventually

ROWS, COLUMNS = 24, 80


class Screen:
    """As much of a terminal as programs use that draw a line: what it does not know is a failure."""

    SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines = [[]]
        self.row = self.column = 0
        self.is_pasting = False
        self.unread = ""

    def show(self, text):
        self.unread += text
        while self.unread:
            if self.unread[0] != "\x1b":
                self._put(self.unread[0])
                self.unread = self.unread[1:]
                continue
            sequence = self.SEQUENCE.match(self.unread)
            if sequence is None and len(self.unread) < 16:
                return
            self.unread = self.unread[sequence.end() :]
            self._obey(sequence[2], sequence[1])

    def _put(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
        elif character == "\a":
            return
        else:
            if self.column >= self.columns:
                self.row, self.column = self.row + 1, 0
            line = self._line()
            line += [" "] * (self.column + 1 - len(line))
            line[self.column] = character
            self.column += 1

    def _line(self):
        while len(self.lines) <= self.row:
            self.lines.append([])
        return self.lines[self.row]

    def _obey(self, word, argument):
        count = int(argument) if argument.isdigit() else 1
        if word == "A":
            self.row = max(0, self.row - count)
        elif word == "C":
            self.column += count
        elif word == "J" and argument == "":
            del self._line()[self.column :]
            del self.lines[self.row + 1 :]
        elif word == "J" and argument == "2":
            self.lines = [[]]
        elif word == "H":
            self.row = self.column = 0
        elif word in "hl" and argument == "?2004":
            self.is_pasting = word == "h"
        elif word != "m":
            raise AssertionError(f"the terminal was told ESC [{argument}{word}")

    @property
    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip("\n")


class Typist:
    """A program on a terminal of its own."""

    def __init__(self, *command, env, rows=ROWS, columns=COLUMNS):
        self.master, slave = pty.openpty()
        self.screen = Screen(rows, columns)
        self.raw = b""
        self.resize(rows, columns)
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
        )
        self.slave = slave
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with contextlib.suppress(OSError):
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            while data := os.read(self.master, 65536):
                self.raw += data
                self.screen.show(decoder.decode(data))

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.rows, self.screen.columns = rows, columns

    def type(self, text):
        os.write(self.master, text.encode())

    def sees(self, text, seconds=15):
        eventually(lambda: text in self.screen.text, _Missing(text, self), seconds)

    def sees_at_the_end(self, text, seconds=15):
        eventually(lambda: self.screen.text.endswith(text), _Missing(text, self), seconds)

    def wait(self, seconds=15):
        """The exit code."""
        return self.process.wait(seconds)

    @property
    def is_as_before(self):
        """Whether the terminal is in the state in which the program found it."""
        return termios.tcgetattr(self.slave) == self.before and not self.screen.is_pasting

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.slave)
        self.reader.join(5)
        os.close(self.master)


class _Missing:
    """What was waited for and what is there instead, put together only when it is wanted."""

    def __init__(self, text, typist):
        self.text, self.typist = text, typist

    def __str__(self):
        return f"{self.text!r} on the screen, which shows:\n{self.typist.screen.text}"
