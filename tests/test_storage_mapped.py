# SPDX-License-Identifier: MIT
"""The database file in mapped memory: what others do to it is seen, and a file that is cut off is told."""

import json
import os
import pathlib
import re
import signal
import sqlite3

import pytest

from folding import wait_folded
from harness import DEADLINE, run_program, wait_until

pytestmark = pytest.mark.sqlite

QUIET = {"DIRECTMESSAGES_EVENTS": "0"}  # nobody but the test reads and writes, when all is folded


def mapped_files(server):
    lines = pathlib.Path(f"/proc/{server.process.pid}/maps").read_text().splitlines()
    return sorted({pathlib.Path(line.split()[-1]).name for line in lines if "r--s" in line and "test.db" in line})


@pytest.mark.parametrize(
    "value, files", [(None, ["test.db", "test.db-wal"]), ("64", ["test.db", "test.db-wal"]), ("0", [])]
)
def test_file_and_log_are_mapped_unless_that_is_off(make_server, value, files):
    server = make_server(env={"DIRECTMESSAGES_CORE_DUMPS": "1"} | ({"DIRECTMESSAGES_SQLITE_MMAP_MB": value} if value else {}))
    alice, bob = server.users(2)
    alice.send(bob, "hello")
    assert bob.unread() == 1
    assert mapped_files(server) == files


def fill(server, alice, bob, since, count):
    rows = [(alice, bob, f"2025-01-01 00:00:00.{number:06}", None, f"m{number} " + "x" * 900)
            for number in range(since, since + count)]
    server.insert_messages(rows)


def empty_log(server):
    """Writes all of it back into the file."""
    with sqlite3.connect(server.database, timeout=DEADLINE) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    connection.close()


def newest(bob, alice):
    return [row["content"].split()[0] for row in bob.conversation(alice)["results"]]


@pytest.mark.parametrize("megabytes", ["16384", "1"])  # the second is less than the file
def test_what_other_programs_write_is_seen(make_server, megabytes):
    """The file grows beyond what it was, is shortened, and its log is emptied, while it is mapped."""
    server = make_server(env={"DIRECTMESSAGES_SQLITE_MMAP_MB": megabytes})
    alice, *others = server.users(4)
    for since, bob in zip((0, 1500, 3000), others):
        fill(server, alice, bob, since, 1500)
        assert newest(bob, alice)[0] == f"m{since + 1499}"
        empty_log(server)
        alice.send(bob, "sent ")
        assert newest(bob, alice)[:2] == ["sent", f"m{since + 1499}"]
    large = server.database.stat().st_size
    server.sql("DELETE FROM directmessages_message WHERE content NOT LIKE 'sent%'")
    with sqlite3.connect(server.database, isolation_level=None) as connection:
        connection.execute("VACUUM")
    connection.close()
    empty_log(server)
    assert server.database.stat().st_size < large / 2
    assert [newest(bob, alice) for bob in others] == 3 * [["sent"]]
    fill(server, bob, alice, 5000, 1500)
    assert alice.unread() == 1500 and newest(alice, bob)[:2] == ["sent", "m6499"]
    assert server.sql("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("form", ["text", "json"])
def test_file_that_is_cut_off_ends_the_server_which_names_it(make_server, form):
    """Where a commit comes first, the server sees that the file is shorter, and responds with 503. So it may take
    several attempts, between which the file gets its end back. The log holds something: with an empty one SQLite asks
    for the file's size before each read."""
    server = make_server(env=QUIET, flags=["--log-format", form, "--threads", "1"])
    alice, bob = server.users(2)
    fill(server, alice, bob, 0, 1500)
    wait_folded(server)
    empty_log(server)
    alice.send(bob, "in the log")
    wait_folded(server)
    content = server.database.read_bytes()

    def has_ended():
        assert bob.get(f"conversations/{alice.id}/").status == 200
        os.truncate(server.database, 3 * 4096)
        try:
            status = bob.get(f"conversations/{alice.id}/").status
        except OSError:
            return True
        assert status == 503
        with open(server.database, "r+b") as file:
            file.seek(3 * 4096)
            file.write(content[3 * 4096:])
        wait_until(lambda: bob.get("unread/").status == 200, "the server sees the whole file")
        return False

    wait_until(has_ended, "the server ends")
    process, server.process = server.process, None
    assert process.wait(DEADLINE) == 1
    server._reader.join(DEADLINE)
    line = server.log[-1]
    sentence = json.loads(line)["message"] if form == "json" else line
    assert re.search(rf"the mapped file {re.escape(str(server.database))} can't be read: .+, then start", sentence), line
    done = run_program("serve", "--listen", "127.0.0.1:0", database=server.url)
    assert done.returncode == 1 and "damaged" in done.stderr, done


def test_signal_that_somebody_sends_is_no_broken_file(make_server):
    server = make_server()
    server.process.send_signal(signal.SIGBUS)
    process, server.process = server.process, None
    assert process.wait(DEADLINE) == -signal.SIGBUS
    server._reader.join(DEADLINE)
    assert "can't be read" not in server.tail()
