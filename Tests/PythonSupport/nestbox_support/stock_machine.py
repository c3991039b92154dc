"""An emulated machine that runs Debian's own kernel, with cgroup v2 and nothing else, and Nestbox on it.

It needs no privilege and no virtualisation, and is some twenty times slower than the machine it runs on: for what is
the same on a fast one.
"""

import os
import pathlib
import re
import select
import shutil
import subprocess
import time

from nestbox_support.server import ROOT, nestbox_binary, templates

KERNEL = ROOT / "build" / "stock-kernel"
BOOT_SECONDS = 120
COMMAND_SECONDS = 120
STOP_SECONDS = 10
MEMORY_MIB = 2048
DISK_BYTES = 3 << 30

# In the order in which they are loaded: each after those that it needs.
BOOT_MODULES = ["virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk"]
MODULES = [*BOOT_MODULES, "libcrc32c", "erofs", "overlay", "loop"]

FIRST_ROOT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in {modules}; do /bin/busybox insmod /$module.ko; done
until [ -b /dev/vda ]; do /bin/busybox usleep 50000; done
/bin/busybox mount -t ext4 /dev/vda /new
exec /bin/busybox switch_root /new /init
"""

# As a service of systemd's stands: below a slice, in a cgroup of its own, all of it v2. Commands come by the second
# serial line, since kernels talk on the first.
INIT = """#!/bin/sh
export PATH=/opt/nestbox/bin:/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
for place in /dev/shm /run /tmp; do mount -t tmpfs tmpfs $place; done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/system.slice/nestbox.service
for place in /sys/fs/cgroup /sys/fs/cgroup/system.slice; do echo '+memory +cpu +pids' >$place/cgroup.subtree_control; done
echo $$ >/sys/fs/cgroup/system.slice/nestbox.service/cgroup.procs
ip link set lo up
cd /opt/nestbox
exec >/dev/ttyS1 2>&1 </dev/ttyS1
stty raw -echo
echo =ready=
while read -r line; do eval "$line"; done
"""


def why_not():
    """Why there can be no such machine here; None if there can."""
    if not (KERNEL / ".complete").exists():
        return "build/stock-kernel is not there: `make stock-kernel` knows one for this architecture or says that there is none"
    return None


class StockMachine:
    """`run` gives a command to its shell, one after another."""

    def __init__(self, directory):
        """- Parameter directory: an empty one; a disk is made in it."""
        self.directory = directory
        (self.kernel,) = (KERNEL / "boot").glob("vmlinuz-*")
        (self.modules,) = (KERNEL / "lib" / "modules").iterdir()
        self.process = None
        self.pending = b""

    def start(self):
        disk, first = self._disk(), self._first_root()
        self.process = subprocess.Popen(
            [
                "qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MIB),
                "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-serial", f"file:{self.directory / 'console'}", "-serial", "stdio",
                "-kernel", self.kernel, "-initrd", first,
                "-append", "console=ttyS0 panic=-1 mitigations=off",
                "-drive", f"file={disk},if=virtio,format=raw",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self.pending = self.pending[self._read_to(re.compile(rb"=ready=\r?\n"), BOOT_SECONDS, "boot").end() :]
        return self

    def stop(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        self.process.stdin.close()
        self.process.stdout.close()

    def run(self, command, seconds=COMMAND_SECONDS):
        """The exit code of `command`, a text for its shell, and what it wrote to both streams."""
        self.process.stdin.write(f"( {command} ) </dev/null 2>&1; code=$?; echo; echo =ended= $code\n".encode())
        self.process.stdin.flush()
        ended = self._read_to(re.compile(rb"\n=ended= (\d+)\n"), seconds, command)
        output, code = self.pending[: ended.start()], int(ended[1])
        self.pending = self.pending[ended.end() :]
        return code, output.decode(errors="replace")

    def _read_to(self, pattern, seconds, command):
        output, deadline = self.process.stdout.fileno(), time.monotonic() + seconds
        while not (found := pattern.search(self.pending)):
            ready, _, _ = select.select([output], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(output, 1 << 16) if ready else b""
            if not chunk:
                console = (self.directory / "console").read_text(errors="replace")[-2000:]
                raise AssertionError(f"no end of {command!r}; it said {self.pending[-2000:]!r}; console: {console}")
            self.pending += chunk
        return found

    def _first_root(self):
        place, archive = self.directory / "first", self.directory / "first.cpio"
        for name in ("bin", "dev", "new"):
            (place / name).mkdir(parents=True)
        shutil.copy("/bin/busybox", place / "bin" / "busybox")
        found = {path.stem: path for path in self.modules.rglob("*.ko") if path.stem in MODULES}
        present = [name for name in MODULES if name in found]  # the others are built in
        for name in present:
            shutil.copy(found[name], place)
        (place / "init").write_text(FIRST_ROOT.format(modules=" ".join(present)))
        (place / "init").chmod(0o755)
        with open(archive, "wb") as output:
            names = "\n".join(str(path.relative_to(place)) for path in sorted(place.rglob("*")))
            subprocess.run(
                ["cpio", "--create", "--format=newc", "--quiet"],
                input=names.encode(), stdout=output, cwd=place, check=True,
            )  # fmt: skip
        return archive

    def _disk(self):
        root, disk = self.directory / "root", self.directory / "disk"
        fill(root)
        disk.touch()
        os.truncate(disk, DISK_BYTES)
        subprocess.run(
            ["/usr/sbin/mkfs.ext4", "-q", "-O", "^has_journal", "-E", "root_owner=0:0", "-d", root, disk], check=True
        )
        shutil.rmtree(root)
        return disk


def fill(root):
    """What the machine's disk holds: our programs and templates, busybox, and what these need."""
    for name in ("usr/bin", "usr/lib", "usr/lib64", "usr/sbin", "opt/nestbox/bin", "etc", "var/tmp", "root"):
        (root / name).mkdir(parents=True)
    for name in ("dev", "mnt", "proc", "run", "sys", "tmp"):
        (root / name).mkdir()
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    shutil.copy("/bin/busybox", root / "usr/bin")
    applets = subprocess.run(["/bin/busybox", "--list"], check=True, capture_output=True, text=True).stdout.split()
    for name in applets:
        if name != "busybox":
            (root / "usr/bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    put_program(root, pathlib.Path("/usr/sbin/mkfs.ext4"), root / "usr/sbin/mkfs.ext4")
    put_nestbox(root)


def put_nestbox(root):
    place, server = root / "opt/nestbox", nestbox_binary()
    # What `make build` leaves in bin.
    programs = {"nestbox-server": "nestbox", "nestbox": "nestbox-run"}
    programs |= {name: name for name in ("nestbox-spawner", "nestbox-guest")}
    for name, built in programs.items():
        put_program(root, server.parent / built, place / "bin" / name)
    (place / "templates").mkdir()
    shutil.copytree(templates() / "base", place / "templates" / "base")
    layers = re.findall(r"\b[0-9a-f]{64}\b", (templates() / "base" / "template.json").read_text())
    (place / "templates" / "layers").mkdir()
    for layer in set(layers):
        shutil.copy(templates() / "layers" / f"{layer}.erofs", place / "templates" / "layers")


def put_program(root, source, target):
    """Copies a program without what only debuggers read, and the libraries that it is linked to."""
    subprocess.run(["strip", "--strip-debug", "-o", target, source], check=True)
    listed = subprocess.run(["ldd", source], capture_output=True, text=True).stdout  # says so if there are none
    for library in re.findall(r"(?:=> )?(/\S+) \(0x", listed):
        copy = root / library.lstrip("/")
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copy)
