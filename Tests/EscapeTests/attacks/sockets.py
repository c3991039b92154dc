"""Opens sockets that lead out, or into the kernel's lesser used rooms.

Arguments: a port of the host's, the name of an abstract socket of its, an address of its.
"""

import socket
import struct
import sys

from attack import finish, must_not, refused

port, abstract, address = int(sys.argv[1]), sys.argv[2], sys.argv[3]

KINDS = {
    "netlink route": (16, 3, 0),
    "netlink audit": (16, 3, 9),
    "netlink uevent": (16, 3, 15),
    "netlink netfilter": (16, 3, 12),
    "netlink generic": (16, 3, 16),
    "raw IPv4": (2, 3, 1),
    "raw IPv4, own header": (2, 3, 255),
    "raw IPv6": (10, 3, 58),
    "packet": (17, 3, 768),
    "packet datagram": (17, 2, 768),
    "old packet": (2, 10, 768),
    "vsock": (40, 1, 0),
    "vsock datagram": (40, 2, 0),
    "kernel crypto": (38, 5, 0),
    "bluetooth": (31, 3, 1),
    "CAN": (29, 3, 1),
    "RDS": (21, 5, 0),
    "TIPC": (30, 1, 0),
    "XDP": (44, 3, 0),
    "KCM": (41, 2, 0),
    "SMC": (43, 1, 0),
    "key management": (15, 3, 2),
    "LLC": (26, 1, 0),
    "phonet": (35, 2, 0),
    "AX.25": (3, 5, 0),
    "IPX": (4, 2, 0),
    "AppleTalk": (5, 2, 0),
    "X.25": (9, 5, 0),
    "CAIF": (37, 1, 0),
    "NFC": (39, 5, 0),
    "QRTR": (42, 2, 0),
    "SCTP": (2, 1, 132),
    "DCCP": (2, 6, 33),
    "UDP-Lite": (2, 2, 136),
    "MPTCP": (2, 1, 262),
}
for name, (family, kind, protocol) in KINDS.items():
    with refused(f"a {name} socket"):
        socket.socket(family, kind, protocol).close()
with refused("a pair of Internet sockets"):
    socket.socketpair(socket.AF_INET)


def reaches(family, kind, target):
    try:
        with socket.socket(family, kind) as probe:
            probe.settimeout(3)
            probe.connect(target)
            return True
    except OSError:
        return False


for host in {"127.0.0.1", "0.0.0.0", address}:
    must_not(f"reach the host's port at {host}", reaches(socket.AF_INET, socket.SOCK_STREAM, (host, port)))
for host in ("::1", "::", "::ffff:127.0.0.1"):
    must_not(f"reach the host's port at {host}", reaches(socket.AF_INET6, socket.SOCK_STREAM, (host, port)))
must_not("reach an abstract socket of the host", reaches(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract))
for host in ("169.254.169.254", "10.0.0.1", "192.168.0.1", "1.1.1.1"):
    must_not(f"reach {host}", reaches(socket.AF_INET, socket.SOCK_STREAM, (host, 80)))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    with refused("a datagram to the world"):
        probe.sendto(b"x", ("1.1.1.1", 53))
    with refused("a mark on packets"):
        probe.setsockopt(socket.SOL_SOCKET, 36, struct.pack("i", 1))
# Not by if_nameindex, which asks over netlink.
with open("/proc/net/dev") as file:
    interfaces = {line.split(":")[0].strip() for line in file if ":" in line}
must_not(f"another interface than lo: {interfaces}", interfaces != {"lo"})
with open("/proc/net/unix") as file:
    must_not("paths of the host's sockets are told", any("nestbox" in line or "spawner" in line for line in file))
finish()
