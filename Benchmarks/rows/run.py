"""`nestbox run` against bubblewrap with the same namespaces, and against runc with an equal bundle."""

import json
import os
import pathlib

from context import Missing, debian, need_root, ours, scratch
from measure import interleave, spawn_seconds
from report import Line, Quantity, ratio_at_most

_COMMANDS = {"/bin/true": ["/bin/true"], "python3 -c pass": ["/usr/bin/python3", "-c", "pass"]}
_TARGETS = {"/bin/true": ratio_at_most(0.8)}
_LINKS = ["bin", "lib", "lib64", "sbin"]
# What `nestbox run` sets by default, so that runc has the same to do.
_MEMORY_BYTES, _PROCESSES, _CPU_PERIOD = 512 << 20, 64, 100_000


def _bubblewrap():
    argv = [debian("bwrap", "bubblewrap"), "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr"]
    for link in filter(lambda name: pathlib.Path("/", name).is_symlink(), _LINKS):
        argv += ["--symlink", os.readlink(f"/{link}"), f"/{link}"]
    return argv + ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/home", "--"]


def _bundle_config(command):
    mounts = [
        ("/usr", "bind", "/usr", ["rbind", "ro", "nosuid", "nodev"]),
        ("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]),
        ("/dev", "tmpfs", "tmpfs", ["nosuid", "mode=755"]),
        ("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]),
        ("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777"]),
        ("/tmp", "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=1777"]),
        ("/home", "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=755"]),
    ]
    ids = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "args": command, "cwd": "/", "env": ["PATH=/usr/bin:/bin"], "noNewPrivileges": True,
            "user": {"uid": 0, "gid": 0}, "capabilities": {},
        },
        "root": {"path": "rootfs"},
        "hostname": "sandbox",
        "mounts": [dict(zip(["destination", "type", "source", "options"], mount)) for mount in mounts],
        "linux": {
            "namespaces": [{"type": t} for t in ["user", "pid", "network", "ipc", "uts", "mount", "cgroup"]],
            "uidMappings": ids, "gidMappings": ids,
            "resources": {
                "memory": {"limit": _MEMORY_BYTES, "swap": _MEMORY_BYTES}, "pids": {"limit": _PROCESSES},
                "cpu": {"quota": _CPU_PERIOD, "period": _CPU_PERIOD},
            },
            "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{
                "names": ["bpf", "userfaultfd", "perf_event_open", "keyctl", "kexec_load", "init_module", "mount",
                          "unshare", "io_uring_setup"], "action": "SCMP_ACT_ERRNO"}]},
        },
    }


def _runc(place, command):
    """argv of runc on a bundle of its own. `runc run` deletes the container when it ends, so the id may come again."""
    need_root("runc")
    runc, bundle = debian("runc", "runc"), place / f"bundle-{command[0].rpartition('/')[2]}"
    root = bundle / "rootfs"
    root.mkdir(parents=True)
    for name in ["usr", "proc", "dev", "tmp", "home"]:
        (root / name).mkdir()
    for link in filter(lambda name: pathlib.Path("/", name).is_symlink(), _LINKS):
        (root / link).symlink_to(os.readlink(f"/{link}"))
    for path in [root, *root.iterdir()]:
        os.lchown(path, 100000, 100000)
    (bundle / "config.json").write_text(json.dumps(_bundle_config(command)), encoding="utf-8")
    return [runc, "--root", str(place / "runc"), "run", "-b", str(bundle), f"bench-{os.getpid()}-{bundle.name}"]


def _rivals(place, command):
    """name -> argv of what is there, and a sentence for each that is not."""
    makers = {
        "ours": lambda: [ours("nestbox"), "run", "--", *command], "bwrap": lambda: [*_bubblewrap(), *command],
        "runc": lambda: _runc(place, command), "bare": lambda: command,
    }
    found, absent = {}, {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except Missing as missing:
            absent[name] = str(missing)
    return found, absent


def _lines_of(label, command, place, rounds):
    found, absent = _rivals(place, command)
    calls = {name: (lambda argv=argv: spawn_seconds(argv)) for name, argv in found.items()}
    samples = interleave(calls, rounds)
    mine = Quantity(samples["ours"].p50, "s") if "ours" in samples else None
    for peer in ["bwrap", "runc", "bare"]:
        target = _TARGETS.get(label) if peer == "bwrap" else None
        if peer in absent:
            yield Line("run", label, ours=mine, n=rounds, peer_name=peer, note=absent[peer])
        else:
            yield Line("run", label, rounds, mine, peer, Quantity(samples[peer].p50, "s"), target)
    if "ours" in absent:
        yield Line("run", f"{label}: ours not measured", note=absent["ours"])


def lines(context):
    rounds = context.count(100, 15)
    with scratch() as place:
        for label, command in _COMMANDS.items():
            yield from _lines_of(label, command, place, rounds)
