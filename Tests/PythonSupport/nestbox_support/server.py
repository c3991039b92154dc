"""A server that a test suite starts for itself, with a data directory of its own."""

import os
import pathlib
import re
import shlex
import shutil
import socket
import subprocess
import tempfile

from nestbox_support.waiting import eventually

ROOT = pathlib.Path(__file__).resolve().parents[3]
START_SECONDS = 30
STOP_SECONDS = 30


def nestbox_binary():
    path = pathlib.Path(os.environ.get("NESTBOX_BIN", ROOT / ".build" / "debug" / "nestbox"))
    if not path.exists():
        raise AssertionError(f"{path} is not there; build it, or say where it is in NESTBOX_BIN")
    return path


def templates():
    return pathlib.Path(os.environ.get("NESTBOX_TEMPLATES", ROOT / "build" / "templates"))


def as_root(*command):
    """The command line that runs `command` as root."""
    words = [str(word) for word in command]
    return words if os.geteuid() == 0 else ["sudo", "--non-interactive", *words]


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _word_and_resident(pid):
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return words[1], int(status.split("VmRSS:")[1].split()[0]) << 10


class Server:
    """`nestbox serve` in the foreground of a child process. `start` and `stop` may alternate; the data stays."""

    def __init__(self, listen="127.0.0.1:0", templates=None):
        # Not below a directory of pytest's, which only its owner may enter: the server gives up its rights.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="nestbox-"))
        self.directory.chmod(0o755)
        self.data = self.directory / "data"
        self.listen = listen
        self.templates = templates
        self.process = None
        self.url = None

    def start(self, *options):
        """Returns when the server answers."""
        output, log = self.directory / "stdout", self.directory / "stderr"
        with open(output, "wb") as out, open(log, "ab") as err:
            self.process = subprocess.Popen(
                as_root(
                    nestbox_binary(),
                    "serve",
                    "--data",
                    self.data,
                    "--listen",
                    self.listen,
                    "--templates",
                    self.templates or templates(),
                    *options,
                ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

        def url():
            if self.process.poll() is not None:
                tail = log.read_text(errors="replace")[-4000:]
                raise AssertionError(f"the server ended with {self.process.returncode} before it was ready:\n{tail}")
            found = re.search(r"http://[\w.:]+\d", output.read_text(errors="replace"))
            return found and found[0]

        self.url = eventually(url, "the server's URL on its standard output", START_SECONDS)
        return self

    def signal(self, name):
        subprocess.run(as_root("kill", f"-{name}", self.pid), check=True)

    @property
    def pid(self):
        """Of the server's monitor, also where sudo stands before it."""
        return self.process.pid if os.geteuid() == 0 else children_of(self.process.pid)[0]

    @property
    def resident(self):
        """Bytes of memory of the part that answers clients, which is a child of the monitor."""
        return next(resident for word, resident in map(_word_and_resident, children_of(self.pid)) if word == "__server")

    def kill(self):
        """kill -9, and nobody is told."""
        self.signal("KILL")
        self.process.wait(STOP_SECONDS)

    def stop(self):
        """Ends the server as its operator would. Its sandboxes live on."""
        if self.process and self.process.poll() is None:
            self.signal("TERM")
            self.process.wait(STOP_SECONDS)

    def stop_with_sandboxes(self):
        """Ends the server and all of its sandboxes."""
        self.stop()
        self.start("--stop-sandboxes")
        self.stop()

    def remove(self):
        """The same, and forgets the data."""
        try:
            self.stop_with_sandboxes()
        finally:
            subprocess.run(as_root("rm", "-rf", "--one-file-system", self.directory), check=True)

    def environment(self, client="plain"):
        """What `nestbox env` tells a client to set."""
        lines = self.command("env", "--data", self.data, "--client", client).stdout
        words = (word for line in lines.splitlines() for word in shlex.split(line.removeprefix("export ")))
        return dict(word.split("=", 1) for word in words if "=" in word)

    def command(self, *arguments, check=True, **options):
        """Runs `nestbox ARGUMENTS` as root and gives what it said."""
        return subprocess.run(
            as_root(nestbox_binary(), *arguments), check=check, capture_output=True, text=True, timeout=60, **options
        )

    @property
    def log(self):
        return (self.directory / "stderr").read_text(errors="replace")


CLIENT_VARIABLES = (
    "E2B_API_KEY",
    "E2B_API_URL",
    "E2B_SANDBOX_URL",
    "E2B_VOLUME_API_URL",
    "E2B_DOMAIN",
    "E2B_DEBUG",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "https_proxy",
    "http_proxy",
    "all_proxy",
)


def client_environment(server, client="plain"):
    """A whole environment in which the official client speaks to `server` and to nothing else."""
    inherited = {name: value for name, value in os.environ.items() if name not in CLIENT_VARIABLES}
    return inherited | server.environment(client)


def python():
    return shutil.which("python3") if "VIRTUAL_ENV" not in os.environ else f"{os.environ['VIRTUAL_ENV']}/bin/python"
