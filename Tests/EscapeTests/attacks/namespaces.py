"""Makes namespaces, and enters those of others."""

import os

from attack import call, finish, must_not, refused, refused_or_killed

FLAGS = {
    "time": 0x80,
    "mount": 0x20000,
    "cgroup": 0x2000000,
    "uts": 0x4000000,
    "ipc": 0x8000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}
SIGCHLD = 17

for name, flag in FLAGS.items():
    refused_or_killed(f"a new {name} namespace", lambda flag=flag: call("unshare", flag))
    if name != "time":

        def by_clone(flag=flag):
            if call("clone", flag | SIGCHLD, 0, 0, 0, 0) == 0:
                os._exit(0)

        refused_or_killed(f"a new {name} namespace by clone", by_clone)
refused_or_killed("user and mount namespaces at once", lambda: call("unshare", FLAGS["user"] | FLAGS["mount"]))


def by_clone3():
    arguments = (FLAGS["user"]).to_bytes(8, "little") + bytes(24) + SIGCHLD.to_bytes(8, "little") + bytes(48)
    if call("clone3", arguments, 88) == 0:
        os._exit(0)


refused_or_killed("a new user namespace by clone3", by_clone3)

for process in ("1", "self"):
    try:
        names = os.listdir(f"/proc/{process}/ns")
    except OSError:
        continue
    for name in names:

        def enter(process=process, name=name):
            call("setns", os.open(f"/proc/{process}/ns/{name}", os.O_RDONLY), 0)

        refused_or_killed(f"enter the {name} namespace of {process}", enter)
with refused("a wider map of users"):
    with open("/proc/self/uid_map", "w") as file:
        file.write("0 0 4294967295")
with open("/proc/self/uid_map") as file:
    maps = [list(map(int, line.split())) for line in file]
must_not(f"the sandbox's root is the host's: {maps}", any(outside == 0 for _, outside, _ in maps))
finish()
