# SPDX-License-Identifier: MIT
"""Clients are shared out among the loops: those that one loop serves have one core together."""

import collections
import contextlib
import os
import pathlib
import re

import pytest

import harness
from test_loops import paused

CLIENTS = 40

pytestmark = pytest.mark.sqlite


def polled_connections(pid):
    """How many sockets of clients each epoll set of the process has that has any."""
    folder = pathlib.Path(f"/proc/{pid}")
    counts = collections.Counter()
    for link in (folder / "fd").iterdir():
        if "eventpoll" in os.readlink(link):
            polled = re.findall(r"tfd:\s*(\d+)", (folder / "fdinfo" / link.name).read_text())
            names = [os.readlink(folder / "fd" / number) for number in polled]
            counts[link.name] = sum(name.startswith("socket:") for name in names)
    return sorted(count for count in counts.values() if count > 2)  # 2: the listening sockets


def test_clients_that_come_at_once_are_shared_out_among_the_loops():
    with contextlib.ExitStack() as stack:
        server = harness.Server(env={"DIRECTMESSAGES_THREADS": "2"})
        stack.callback(server.close)
        server.start()
        for thread in os.listdir(f"/proc/{server.process.pid}/task"):
            os.sched_setaffinity(int(thread), {min(os.sched_getaffinity(0))})  # so that one loop is the first
        with paused(server):
            clients = [stack.enter_context(server.raw(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")) for _ in range(CLIENTS)]
        for client in clients:
            assert client.response().status == 200
        counts = polled_connections(server.process.pid)  # a loop's own set, and that of its libmicrohttpd
        assert len(counts) == 4 and counts[0] >= CLIENTS // 2 - 1, counts
