"""What is done as root, and the tools for it."""

import os
import shutil
import subprocess

from . import TIMESTAMP, TemplateFault

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PROXIES = ("http_proxy", "https_proxy", "no_proxy")


def require(*tools):
    """- Raises `TemplateFault` naming those of `tools` that this machine lacks."""
    missing = [tool for tool in tools if not shutil.which(tool, path=PATH)]
    if missing:
        raise TemplateFault(f"{', '.join(missing)} not found; `make setup` installs it")


def as_root(*command):
    """Runs `command` as root, in an environment that is the same for everybody but for proxies; fails as it fails."""
    environment = {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": "/root", "SOURCE_DATE_EPOCH": str(TIMESTAMP)}
    environment |= {name: os.environ[name] for name in PROXIES if name in os.environ}
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    variables = [f"{name}={value}" for name, value in environment.items()]
    command = [str(word) for word in command]
    status = subprocess.run([*prefix, "env", "-i", *variables, *command]).returncode
    if status != 0:
        raise subprocess.CalledProcessError(status, command)
