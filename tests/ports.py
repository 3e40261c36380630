# SPDX-License-Identifier: MIT
"""Ports for programs that can't be given 0, or that have to come back at the same one."""

import contextlib
import os
import pathlib
import random
import socket

RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST = 10_000
PARTS = 16  # of the range: each worker of xdist has its own, so that none takes what another has not bound yet

given = set()  # by this process


def part():
    """The numbers of this worker, or of whoever is none."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
    size = (int(RANGE.read_text().split()[0]) - FIRST) // PARTS
    first = FIRST + number % PARTS * size
    return range(first, first + size)


def free_ports(count):
    """Ports that nobody has at the moment, and that nobody was given before. They are below those that the system chooses from,
    of which a client may take one before it is listened on."""
    found, ours = [], part()
    if len(given) > len(ours) // 2:
        given.clear()
    while len(found) < count:
        port = random.SystemRandom().choice(ours)
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            found += [port] if port not in given else []
            given.add(port)
    return found


def free_port():
    return free_ports(1)[0]
