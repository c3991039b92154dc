"""What the kernel asks of an interpreter, and the process behind it."""

import os
import signal

# Becomes the program after it, which gets a SIGKILL when the driver is gone.
MORTAL = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
DEFAULT_SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ]


class Failure:
    """An error that the driver itself reports."""

    def __init__(self, name, value, traceback=""):
        self.name = name
        self.value = value
        self.traceback = traceback


def interruption():
    return Failure("KeyboardInterrupt", "the cell was interrupted", "KeyboardInterrupt: the cell was interrupted")


class Frame:
    """A frame to pass on as it is."""

    def __init__(self, kind, payload):
        self.kind = kind
        self.payload = payload


class Begun:
    """The cell runs: from now on it can be interrupted."""


class Ended:
    """The cell has ended, with this `Failure` or none."""

    def __init__(self, failure=None):
        self.failure = failure


class Barrier:
    """The runner waits until what it wrote is passed on: `release()` lets it go on."""

    def __init__(self, release):
        self.release = release


class Refusal(Exception):
    """A cell that is not run, and why."""

    def __init__(self, name, value):
        super().__init__(value)
        self.failure = Failure(name, value)


class Runner:
    """One interpreter process, which leads a process group of its own: only the driver, which knows when an interrupt
    is one, sends it signals. It dies with the driver. Subclasses say how it is started, given a cell and interrupted,
    and what its death means.
    """

    def __init__(self, outputs):
        self.stdout, self.stderr = outputs
        self.pid = None

    def start(self):
        """Starts the process. Throws OSError if it cannot be started."""
        raise NotImplementedError

    def descriptor(self):
        """Readable when the runner has something to say."""
        raise NotImplementedError

    def events(self):
        """What it says: `Begun`, `Frame`s and `Barrier`s, `Ended`. Waits for nothing if `descriptor()` is readable."""
        raise NotImplementedError

    def execute(self, count, code, environment):
        """Gives the runner its cell, and does not wait for it. Throws `Refusal` if the cell is not run."""
        raise NotImplementedError

    def interrupt(self):
        """Ends what the cell does, or what keeps it from beginning. Asked again if the cell goes on: one signal may be
        lost.
        """
        raise NotImplementedError

    def died(self, status):
        """The process ended with a wait status. Returns how the cell ended, a new process having been started; or
        None, if the kernel ends with its runner.
        """
        raise NotImplementedError

    def spawn(self, words, descriptors):
        """Starts `words` with default signals and exactly `descriptors` open, from 0 on."""
        self.pid = os.posix_spawn(
            MORTAL[0],
            [*MORTAL, *words],
            os.environ,
            setpgroup=0,
            file_actions=[(os.POSIX_SPAWN_DUP2, source, place) for place, source in enumerate(descriptors)],
            setsigmask=[],
            setsigdef=DEFAULT_SIGNALS,
        )

    def signal(self, number):
        """To the interpreter and the children that it has not given a group of their own."""
        os.killpg(self.pid, number)

    def signal_children(self, number):
        """To the others of its group, but not to itself."""
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    group = int(stat.read().rpartition(b")")[2].split()[2])
                if group == self.pid != int(name):
                    os.kill(int(name), number)
            except OSError:
                pass  # it has just ended

    @property
    def cwd(self):
        """Where the interpreter is now."""
        try:
            return os.readlink(f"/proc/{self.pid}/cwd")
        except OSError:
            return "/"  # it has just ended
