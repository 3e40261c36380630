# SPDX-License-Identifier: MIT
"""Ports for programs that can't be given 0, or that have to come back at the same one."""

import contextlib
import pathlib
import random
import socket

RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST = 10_000


def free_ports(count):
    """Ports that nobody has at the moment. They are below those that the system chooses from, of which a client may take one
    before it is listened on."""
    end = int(RANGE.read_text().split()[0])
    found = []
    while len(found) < count:
        port = random.SystemRandom().randrange(FIRST, end)
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            found += [port] if port not in found else []
    return found


def free_port():
    return free_ports(1)[0]
