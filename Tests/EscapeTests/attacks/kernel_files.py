"""Writes where the kernel is steered from, and reads where it tells too much."""

import os

from attack import can_open, finish, must_not

STEERED = [
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hotplug",
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/panic",
    "/proc/sys/vm/panic_on_oom",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/fs/file-max",
    "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/fs/binfmt_misc/register",
    "/proc/irq/default_smp_affinity",
    "/sys/kernel/uevent_helper",
    "/sys/power/state",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/module/kernel/parameters/panic",
    "/sys/fs/cgroup/release_agent",
    "/proc/bus/pci/00/00.0",
    "/proc/fs/ext4",
    "/proc/scsi/scsi",
    "/proc/acpi/wakeup",
    "/proc/mtrr",
]
TELLING = [
    "/proc/kcore",
    "/proc/kmsg",
    "/proc/keys",
    "/proc/key-users",
    "/proc/timer_list",
    "/proc/sched_debug",
    "/dev/kmsg",
    "/dev/mem",
    "/proc/kallsyms",
    "/sys/firmware/dmi/tables/DMI",
    "/sys/kernel/debug/tracing/trace",
    "/proc/latency_stats",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/vmallocinfo",
    "/proc/slabinfo",
    "/proc/sys/kernel/random/uuid/../../../kernel/sched_domain",
]


def shown(path):
    try:
        with open(path, "rb", buffering=0) as file:
            os.set_blocking(file.fileno(), False)
            return file.read(4096) or b""
    except OSError:
        return b""


for path in STEERED:
    if os.path.isfile(path):
        must_not(f"write {path}", can_open(path, os.O_WRONLY))
for top in ("/proc/sys", "/sys", "/proc/irq", "/proc/bus", "/proc/fs"):
    for directory, _, files in os.walk(top):
        for name in files:
            path = os.path.join(directory, name)
            if can_open(path, os.O_WRONLY):
                must_not(f"open {path} for writing", True)
for path in TELLING:
    text = shown(path)
    if path == "/proc/kallsyms":
        must_not("addresses of the kernel are told", any(line[:16].strip("0 ") for line in text.decode().splitlines()))
    else:
        must_not(f"read {path}: {text[:40]!r}", text.strip(b"\0") != b"")

for path, word in (("/proc/self/cgroup", "docker"), ("/proc/self/cgroup", "nestbox")):
    must_not(f"{path} tells where we are", word in shown(path).decode())
finish()
