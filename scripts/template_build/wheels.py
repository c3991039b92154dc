"""Python packages for a root: wheels, chosen and downloaded by this machine's pip, installed offline by the root's."""

import os
import re
import shutil
import subprocess
import sys

from . import TemplateFault

SHOWN = ["usr/bin/python3", "var/lib/dpkg/status"]
# The names that wheels for old versions of the C library go by.
LEGACY = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}


class Wheels:
    """The requirements of the file `requirements` for an `OverlayRoot`."""

    def __init__(self, requirements, cache):
        """- Parameter cache: a directory that outlives the build: what is in it is not downloaded again."""
        self.requirements = requirements
        self.cache = cache

    def download(self, root, shown):
        """Puts wheels for the root's Python, and those that they need, where the root sees them. Nothing of what is
        downloaded is run here: there are wheels for all, or this fails.

        - Parameter shown: the directory with copies of the files `SHOWN` of the root.
        """
        version = python_version(shown / "python3")
        platforms = [f"--platform={tag}" for tag in platform_tags(c_library(shown / "status"), os.uname().machine)]
        abis = [f"--abi={abi}" for abi in (f"cp{version.replace('.', '')}", "abi3", "none")]
        wheels = root.given / "wheels"
        subprocess.run(
            [self._pip(), "download", "--quiet", "--disable-pip-version-check", "--cache-dir", self.cache / "cache",
             "--dest", wheels, "--only-binary=:all:", "--implementation=cp", f"--python-version={version}", *abis,
             *platforms, "--requirement", self.requirements],
            check=True)
        shutil.copyfile(self.requirements, root.given / "requirements.txt")

    def install(self, root):
        """Installs them where the root's Python finds them first and every user of a sandbox may replace them. What
        Debian has of them stays, which pip could not remove."""
        root.chroot(
            "python3", "-m", "pip", "install", "--quiet", "--no-index", "--find-links=/run/given/wheels",
            "--ignore-installed", "--no-cache-dir", "--no-compile", "--root-user-action=ignore",
            "--disable-pip-version-check", "--requirement=/run/given/requirements.txt")
        root.chroot("python3", "-m", "pip", "check", "--disable-pip-version-check")
        root.chroot("chmod", "--recursive", "a+rwX", "/usr/local")

    def _pip(self):
        """A pip of our own, since Debian's python3 comes without."""
        home = self.cache / "pip"
        if not (home / ".complete").exists():
            shutil.rmtree(home, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", home], check=True)
            (home / ".complete").touch()
        return home / "bin" / "pip"


def python_version(link):
    """`3.11` of a link to `python3.11`."""
    found = re.fullmatch(r"python(3\.\d+)", os.path.basename(os.readlink(link))) if link.is_symlink() else None
    if not found:
        raise TemplateFault("requirements.txt: there is no python3 to install them for; name it in packages.txt")
    return found[1]


def c_library(status):
    """The minor version of the glibc in a dpkg status: 36 of 2.36."""
    found = re.search(r"^Package: libc6\n(?:.+\n)*?Version: 2\.(\d+)", status.read_text(), re.MULTILINE)
    if not found:
        raise TemplateFault("requirements.txt: the root has no libc6, so wheels for it cannot be chosen")
    return int(found[1])


def platform_tags(glibc, machine):
    """The platforms whose wheels run with that version of the C library, the newest first."""
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, min(LEGACY.values()) - 1, -1)]
    return tags + [f"{name}_{machine}" for name, minor in LEGACY.items() if minor <= glibc] + [f"linux_{machine}"]
