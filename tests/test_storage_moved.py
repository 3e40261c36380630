# SPDX-License-Identifier: MIT
"""The file moved away, replaced or removed under a running server: it is noticed, and what was acknowledged is kept."""

import os
import shutil
import sqlite3
import stat

import pytest

from routes import check_error
from harness import wait_until

BUSY = "Service temporarily unavailable."


@pytest.fixture
def filled(make_server):
    """A server that has acknowledged messages which are in the log alone, and a backup from before them."""
    server = make_server()
    server.alice, server.bob = server.users(2)
    server.alice.send(server.bob, "in both")
    server.backup = server.directory / "backup.db"
    with sqlite3.connect(server.database) as live, sqlite3.connect(server.backup) as backup:
        live.backup(backup)
    live.close(), backup.close()
    for number in range(3):
        server.alice.send(server.bob, f"acknowledged {number}")
    return server


def contents(path):
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT content FROM directmessages_message ORDER BY id").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
    return [content for (content,) in rows]


ALL = ["in both", "acknowledged 0", "acknowledged 1", "acknowledged 2"]


def move_away(server):
    server.database.rename(server.directory / "elsewhere.db")


def replace(server):
    shutil.copy(server.database, server.directory / "elsewhere.db")
    os.replace(server.backup, server.database)


def remove(server):
    server.database.unlink()


def remove_log(server):
    server.database.with_name("test.db-wal").unlink()


def remove_index(server):
    server.database.with_name("test.db-shm").unlink()


on_each = pytest.mark.parametrize("happens", [move_away, replace, remove, remove_log, remove_index])


@pytest.mark.sqlite
@on_each
def test_nothing_is_acknowledged_any_more(filled, happens):
    since = len(filled.log)
    happens(filled)
    check_error(filled.alice.post(f"send/{filled.bob.id}/", {"content": "lost"}), 503, BUSY)
    line = filled.wait_log("was moved, removed or replaced", since)
    assert " warning the " in line and ("then start it" in line or "; restart the server" in line)
    check_error(filled.bob.get("unread/"), 503, BUSY)
    answer = wait_until(lambda: (a := filled.anonymous().get("/readyz")).status == 503 and a, "readyz")
    assert answer.text == "the database is unavailable\n"


@pytest.mark.sqlite
@on_each
def test_reads_notice_it_by_themselves(filled, happens):
    assert filled.bob.unread() == 4
    happens(filled)
    wait_until(lambda: filled.bob.get("unread/").status == 503, "reads refused")


@pytest.mark.sqlite
def test_readyz_notices_it(filled):
    move_away(filled)
    answer = wait_until(lambda: (a := filled.anonymous().get("/readyz")).status == 503 and a, "readyz")
    assert answer.text == "the database is unavailable\n"


@pytest.mark.sqlite
def test_what_was_acknowledged_is_in_the_file_that_was_moved(filled):
    """Its log, which keeps the old name, is written back into it."""
    move_away(filled)
    check_error(filled.alice.post(f"send/{filled.bob.id}/", {"content": "lost"}), 503, BUSY)
    assert contents(filled.directory / "elsewhere.db") == ALL
    (filled.directory / "elsewhere.db").rename(filled.database)
    check_error(filled.alice.post(f"send/{filled.bob.id}/", {"content": "lost"}), 503, BUSY)  # who knows what was done to it
    filled.stop()
    filled.start()
    filled.alice.send(filled.bob, "again")
    assert contents(filled.database) == [*ALL, "again"]


@pytest.mark.sqlite
@pytest.mark.parametrize("is_noticed", [True, False])
def test_a_backup_is_not_mixed_with_the_log_of_what_it_replaces(filled, is_noticed):
    """SQLite would take the log that lies beside it for its own."""
    os.replace(filled.backup, filled.database)
    if is_noticed:
        check_error(filled.alice.post(f"send/{filled.bob.id}/", {"content": "lost"}), 503, BUSY)
    filled.stop()
    filled.start()
    assert contents(filled.database) == ["in both"]
    filled.alice.send(filled.bob, "after it")
    assert contents(filled.database) == ["in both", "after it"]


@pytest.mark.sqlite
def test_a_log_that_was_removed_costs_nothing(filled):
    remove_log(filled)
    check_error(filled.alice.post(f"send/{filled.bob.id}/", {"content": "lost"}), 503, BUSY)
    filled.stop()
    filled.start()
    assert contents(filled.database) == ALL


@pytest.mark.sqlite
def test_a_link_that_leads_elsewhere(make_server, filled, tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(filled.database)
    filled.stop()
    server = make_server(database=link)
    assert filled.alice.token
    link.unlink()
    link.symlink_to(filled.backup)
    wait_until(lambda: server.anonymous().get("/readyz").status == 503, "readyz")


@pytest.mark.sqlite
def test_no_new_file_is_made_in_its_place(filled):
    remove(filled)
    for _ in range(3):
        filled.bob.get("unread/")
        filled.anonymous().get("/readyz")
    assert not filled.database.exists()


# ---- what lies on the disk


@pytest.mark.sqlite
def test_a_new_file_is_for_its_owner_alone(make_server):
    server = make_server()
    alice, bob = server.users(2)
    alice.send(bob, "x")
    files = [server.database, *(server.database.with_name(f"test.db-{name}") for name in ("wal", "shm"))]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3


@pytest.mark.sqlite
def test_a_file_that_is_there_keeps_its_mode(make_server):
    server = make_server()
    server.stop()
    server.database.chmod(0o660)
    server.start()
    alice, bob = server.users(2)
    alice.send(bob, "x")
    files = [server.database, server.database.with_name("test.db-wal")]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o660] * 2


@pytest.mark.sqlite
def test_the_log_does_not_stay_at_its_peak(make_server):
    """A reader keeps it from being written back, until it has gone."""
    server = make_server(env={"DIRECTMESSAGES_MAX_CONTENT_LENGTH": 0})
    alice, bob = server.users(2)
    log = server.database.with_name("test.db-wal")
    reader = sqlite3.connect(server.database, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM directmessages_message").fetchall()
    while log.stat().st_size < 80 << 20:
        alice.send(bob, "x" * 2_500_000)
    reader.close()
    wait_until(lambda: alice.send(bob, "short") and log.stat().st_size <= 64 << 20, "the log is cut")


# ---- the true cause


@pytest.mark.sqlite
def test_ids_that_are_used_up(make_server):
    server = make_server()
    alice, bob = server.users(2)
    with server.transaction() as connection:
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'directmessages_message'")
        connection.execute("INSERT INTO sqlite_sequence VALUES ('directmessages_message', ?)", (2**63 - 1,))
    since = len(server.log)
    check_error(alice.post(f"send/{bob.id}/", {"content": "x"}), 503, BUSY)
    assert "the ids of the table directmessages_message are used up" in server.wait_log(" warning ", since)
    server.sql("UPDATE sqlite_sequence SET seq = 7 WHERE name = 'directmessages_message'")
    assert alice.send(bob, "x")["id"] == 8


@pytest.mark.postgresql
def test_ids_of_a_sequence_that_are_used_up(make_server):
    server = make_server()
    alice, bob = server.users(2)
    sequence = "SELECT setval(pg_get_serial_sequence('directmessages_message', 'id'), ?)"
    server.sql(sequence, (2**63 - 1,))
    since = len(server.log)
    check_error(alice.post(f"send/{bob.id}/", {"content": "x"}), 503, BUSY)
    assert "the ids of a table are used up" in server.wait_log(" warning ", since)
    server.sql(sequence, (7,))
    assert alice.send(bob, "x")["id"] >= 8
