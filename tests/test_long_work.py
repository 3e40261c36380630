# SPDX-License-Identifier: MIT
"""Long work in pieces, beside another process that writes into the same SQLite file, as Django does."""

import subprocess
import sys

import pytest

from test_marking import pile_up

pytestmark = [pytest.mark.sqlite, pytest.mark.concurrent]

ROWS = 30_000

# Writes until its standard input ends, and waits for the lock for a second in the way of Python's sqlite3 and Django. Prints
# how many writes there were, and how many got no lock.
WRITER = """
import sqlite3, sys, threading
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
connection = sqlite3.connect(sys.argv[1], timeout=1, isolation_level=None)
print("ready", flush=True)
written = locked = 0
while not over.wait(0.002):
    try:
        connection.execute("UPDATE auth_user SET first_name = ? WHERE id = ?", (str(written), sys.argv[2]))
        written += 1
    except sqlite3.OperationalError as failure:
        assert "locked" in str(failure)
        locked += 1
print(written, locked)
"""


class OtherProcess:
    """Writes while the block runs."""

    def __init__(self, server, user):
        command = [sys.executable, "-c", WRITER, str(server.store.path), str(user.id)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.written = self.locked = 0

    def __enter__(self):
        assert self.process.stdout.readline() == "ready\n"
        return self

    def __exit__(self, *failure):
        out, _ = self.process.communicate(timeout=60)
        self.written, self.locked = map(int, out.split())


def erase(server, one, two):
    answer = server.admin("POST", f"users/{one.id}/erase/").json()
    assert answer["blanked"] + answer["hidden"] > 3000
    return answer["complete"]


def mark(server, one, two):
    assert two.get(f"conversations/{one.id}/").status == 200
    return two.unread() == 0


def purge(server, one, two):
    assert server.run("message", "purge", "--older-than", "1").returncode == 0
    return server.sql("SELECT count(*) FROM directmessages_message")[0][0] == 0


@pytest.mark.parametrize("work", [erase, mark, purge])
def test_another_process_gets_its_writes_in(make_server, work):
    """One for each few pieces at least, of which each is of some thousand rows: the pauses are twice as long as the pieces."""
    server = make_server(administered=True)
    one, two, three = server.users(3)
    pile_up(server, one, two, ROWS, "x" * 500)
    with OtherProcess(server, three) as other:
        assert work(server, one, two)
    assert other.locked == 0
    assert other.written > ROWS / 5000
