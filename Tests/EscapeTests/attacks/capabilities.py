"""Looks at what root may do here."""

import os

from attack import finish, must_not

# What no sandbox may ever have, by number.
FORBIDDEN = {
    2: "DAC_READ_SEARCH",
    12: "NET_ADMIN",
    13: "NET_RAW",
    14: "IPC_LOCK",
    16: "SYS_MODULE",
    17: "SYS_RAWIO",
    19: "SYS_PTRACE",
    20: "SYS_PACCT",
    21: "SYS_ADMIN",
    22: "SYS_BOOT",
    23: "SYS_NICE",
    24: "SYS_RESOURCE",
    25: "SYS_TIME",
    26: "SYS_TTY_CONFIG",
    29: "AUDIT_WRITE",
    30: "AUDIT_CONTROL",
    32: "MAC_OVERRIDE",
    33: "MAC_ADMIN",
    34: "SYSLOG",
    35: "WAKE_ALARM",
    36: "BLOCK_SUSPEND",
    37: "AUDIT_READ",
    38: "PERFMON",
    39: "BPF",
    40: "CHECKPOINT_RESTORE",
}
# Harmless in a sandbox's own namespaces; some tools of Debian's ask for them.
TOLERATED = {14, 23, 29}

with open("/proc/self/status") as file:
    status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
for which in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    held = int(status[which], 16)
    for number, name in FORBIDDEN.items():
        if number not in TOLERATED:
            must_not(f"{which} has {name}", bool(held >> number & 1))
if os.getuid() != 0:
    must_not("a user has capabilities", int(status["CapEff"], 16) != 0)
must_not("no filter of system calls is in force", status["Seccomp"].strip() != "2")
finish()
