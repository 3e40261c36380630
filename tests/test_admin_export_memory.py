# SPDX-License-Identifier: MIT
"""An export of a person with many messages takes no memory for all of them at once."""

import contextlib
import http.client
import re
import subprocess

import pytest

from harness import ADMIN_KEY, DEADLINE, PROGRAM, environment
from hostile_client import is_sanitized, memory_kib
from metrics import Admin
from test_marking import pile_up

MESSAGES = 20_000
CONTENT = "x" * 1000
READ = 1 << 18


def held_by_the_store(server):
    """Bytes: SQLite keeps pages of the file that it has read, 64 MiB at most, which this file does not have."""
    if not server.url.startswith("sqlite"):
        return 0
    return server.sql("PRAGMA page_count")[0][0] * server.sql("PRAGMA page_size")[0][0]


@pytest.fixture
def long_letters(make_server):
    server = make_server(administered=True)
    one, two = server.users(2)
    pile_up(server, one, two, 1000, CONTENT)
    assert server.admin("GET", f"users/{two.id}/export/").status == 200  # what is kept from the first export on is there
    pile_up(server, one, two, MESSAGES - 1000, CONTENT)
    return server, one


@pytest.mark.concurrent
def test_the_server_holds_a_piece(long_letters):
    """By what the process has for itself: pages of the database's file that are mapped belong to nobody."""
    server, one = long_letters
    before = most = memory_kib(server, "RssAnon")
    size = lines = 0
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", Admin(server).port, timeout=DEADLINE)) as connection:
        connection.request("GET", f"/admin/users/{one.id}/export/", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
        answer = connection.getresponse()
        while data := answer.read(READ):
            size, lines = size + len(data), lines + data.count(b"\n")
            most = max(most, memory_kib(server, "RssAnon"))
    assert lines == MESSAGES + 1 and size > MESSAGES * len(CONTENT)
    assert is_sanitized() or (most - before) * 1024 < held_by_the_store(server) + size / 4


@pytest.mark.concurrent
def test_the_command_holds_a_piece(long_letters):
    server, one = long_letters
    command = [str(PROGRAM), "--database", server.url, "user", "export", one.username]
    size, seen = 0, []
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) as process:
        while data := process.stdout.read(READ):
            size += len(data)
            status = open(f"/proc/{process.pid}/status", encoding="ascii").read()
            seen += [int(kib) for kib in re.findall(r"^RssAnon:\s+(\d+) kB", status, re.M)]
    assert process.returncode == 0 and size > MESSAGES * len(CONTENT) and len(seen) > 20
    assert is_sanitized() or (max(seen) - seen[0]) * 1024 < held_by_the_store(server) + size / 4
