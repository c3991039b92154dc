"""Looks for processes of the host, and at what stands above. Argument: the server's pid on the host."""

import os
import sys

from attack import call, finish, must_not, refused

pid = int(sys.argv[1])

seen = [process for process in os.listdir("/proc") if process.isdigit()]
must_not(f"more processes than a sandbox has: {len(seen)}", len(seen) > 40)
for process in seen:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            must_not(f"the server is seen as pid {process}", b"nestbox\0serve\0" in file.read())
    except FileNotFoundError:
        pass
must_not("pid 1 has a parent", not open("/proc/1/stat").read().rpartition(")")[2].split()[1] == "0")

if not os.path.exists(f"/proc/{pid}"):
    with refused("a signal to a process of the host"):
        os.kill(pid, 0)
    with refused("a pidfd of a process of the host"):
        call("pidfd_open", pid, 0)
with refused("more priority than was given"):
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    if os.getpriority(os.PRIO_PROCESS, 0) != -20:
        raise PermissionError
with refused("real-time scheduling"):
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
with refused("safety from the killer of the memory-hungry"):
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")
finish()
