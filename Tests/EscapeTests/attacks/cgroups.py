"""Leaves its cgroup, or lifts its limits."""

import os

from attack import call, can_open, finish, must_not, refused

with open("/proc/self/cgroup") as file:
    for line in file:
        must_not(
            f"the place in the host's tree is told: {line.strip()}", line.rstrip("\n").split(":", 2)[2] not in ("/", "")
        )
os.makedirs("/tmp/cgroup", exist_ok=True)
for kind, options in (
    (b"cgroup2", None),
    (b"cgroup", b"memory"),
    (b"cgroup", b"none,name=attack"),
    (b"cgroup", b"devices"),
):
    with refused(f"mount {kind.decode()} {options}"):
        call("mount", b"none", b"/tmp/cgroup", kind, 0, options)
for directory, _, names in os.walk("/sys/fs/cgroup"):
    for name in names:
        must_not(f"write {directory}/{name}", can_open(os.path.join(directory, name), os.O_WRONLY))
finish()
