# SPDX-License-Identifier: MIT
"""`restore`: only while nobody has the file open, only what is a backup, and either the old database or the new one."""

import errno
import os
import re
import shutil
import sqlite3
import stat
import subprocess

import pytest

import steps
from commands import check_error
from harness import PROGRAM, environment, run_program, sqlite_url
from streams import Stream
from test_backup import ALL, contents, filled, preloaded  # noqa: F401 (a fixture)
from test_storage_full import disk  # noqa: F401 (a fixture)

pytestmark = pytest.mark.sqlite

NEWER = [*ALL, "since the backup"]


@pytest.fixture
def backed_up(filled):  # noqa: F811
    """A stopped server with a backup, and a message more than that has."""
    with Stream(filled.bob) as stream:
        assert filled.run("backup", filled.backup).returncode == 0
        filled.alice.send(filled.bob, "since the backup")
        filled.position = stream.next().id
    filled.stop()
    return filled


def kept_files(server):
    return sorted(server.directory.glob("test.db.before-restore-*"))


def names(server):
    return sorted(file.name for file in server.directory.iterdir())


def epoch(path):
    with sqlite3.connect(path) as connection:
        (row,) = connection.execute("SELECT epoch FROM directmessages_event_log").fetchone()
    connection.close()
    return row


def test_users_and_tokens_of_the_backup_work_at_once(backed_up):
    done = backed_up.run("restore", backed_up.backup)
    assert (done.returncode, done.stderr) == (0, "")
    (kept,) = kept_files(backed_up)
    assert done.stdout == f"restored {backed_up.backup}\nthe database from before is {kept}; remove it when it is no longer needed\n"
    assert names(backed_up) == ["backup.db", "test.db", kept.name]
    assert contents(backed_up.database) == ALL and contents(kept) == NEWER and contents(backed_up.backup) == ALL
    backed_up.start()
    backed_up.alice.send(backed_up.bob, "after it")
    assert backed_up.bob.unread() == 4


def test_streams_from_before_get_a_reset(backed_up):
    """Also where the position is one that the backup has: nothing is skipped silently."""
    before = epoch(backed_up.database)
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    assert epoch(backed_up.database) not in (before, epoch(backed_up.backup))
    backed_up.start()
    for _ in range(2):
        backed_up.alice.send(backed_up.bob, "of the same number as what is lost")
    with Stream(backed_up.bob, last_event_id=backed_up.position) as stream:
        assert stream.next().name == "reset"


def test_refused_while_a_server_has_it_open(backed_up):
    backed_up.start()
    done = backed_up.run("restore", backed_up.backup)
    check_error(done, 1)
    assert "a server or another program has" in done.stderr
    assert kept_files(backed_up) == []
    assert backed_up.bob.unread() == 4
    backed_up.kill()
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    assert contents(backed_up.database) == ALL


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_refused_while_another_program_reads_it(backed_up, mode):
    """In WAL mode whoever has ever read it has it open, otherwise who is in a transaction."""
    reader = sqlite3.connect(backed_up.database, isolation_level=None)
    reader.execute(f"PRAGMA journal_mode={mode}")
    if mode == "delete":
        reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM directmessages_message").fetchall()
    check_error(backed_up.run("restore", backed_up.backup), 1)
    reader.close()
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    assert contents(backed_up.database) == ALL


def test_what_a_killed_server_left_in_the_log_is_kept(backed_up):
    backed_up.start()
    backed_up.alice.send(backed_up.bob, "in the log alone")
    backed_up.kill()
    assert backed_up.database.with_name("test.db-wal").stat().st_size > 0
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    (kept,) = kept_files(backed_up)
    assert contents(kept) == [*NEWER, "in the log alone"] and contents(backed_up.database) == ALL
    assert names(backed_up) == ["backup.db", "test.db", kept.name]


def test_a_rollback_journal_of_a_killed_program(backed_up):
    """SQLite would roll the new file back by it."""
    program = """
import os, sqlite3, sys
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("PRAGMA journal_mode=DELETE"); c.execute("PRAGMA cache_size=1"); c.execute("BEGIN")
c.execute("UPDATE directmessages_message SET content = content || zeroblob(20000)")
os.kill(os.getpid(), 9)
"""
    subprocess.run(["/usr/bin/python3", "-c", program, backed_up.database])
    assert backed_up.database.with_name("test.db-journal").exists()
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    (kept,) = kept_files(backed_up)
    assert contents(kept) == NEWER and contents(backed_up.database) == ALL
    assert names(backed_up) == ["backup.db", "test.db", kept.name]


# ---- a database that is damaged, or missing


def test_in_the_place_of_a_file_that_no_longer_is_a_database(backed_up):
    """Its log is kept beside it as it is, for whoever can still read it."""
    backed_up.database.write_bytes(b"x" * 9000)
    backed_up.database.with_name("test.db-wal").write_bytes(b"a log")
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    kept, log = kept_files(backed_up)
    assert (kept.read_bytes(), log.read_bytes()) == (b"x" * 9000, b"a log")
    assert log.name == kept.name + "-wal"
    assert contents(backed_up.database) == ALL


def test_a_damaged_file_that_is_open(backed_up):
    backed_up.start()
    descriptor = os.open(backed_up.database, os.O_RDWR)
    os.pwrite(descriptor, b"x" * 4096, 0)
    os.close(descriptor)
    check_error(backed_up.run("restore", backed_up.backup), 1)
    backed_up.kill()


def test_where_there_is_no_database(backed_up):
    backed_up.database.unlink()
    done = backed_up.run("restore", backed_up.backup)
    assert (done.returncode, done.stdout) == (0, f"restored {backed_up.backup}\n")
    assert stat.S_IMODE(backed_up.database.stat().st_mode) == 0o600
    assert contents(backed_up.database) == ALL


def test_a_log_without_its_database_is_not_taken_for_the_new_ones(backed_up):
    backed_up.start()
    backed_up.alice.send(backed_up.bob, "in the log alone")
    backed_up.kill()
    backed_up.database.unlink()
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    backed_up.start()
    assert contents(backed_up.backup) == [content for (content,) in backed_up.sql("SELECT content FROM directmessages_message ORDER BY id")]


def test_a_link_stays_one(backed_up):
    link = backed_up.directory / "link.db"
    link.symlink_to(backed_up.database)
    assert run_program("restore", backed_up.backup, database=sqlite_url(link)).returncode == 0
    assert link.is_symlink() and contents(backed_up.database) == ALL


def test_owner_and_mode_are_those_of_the_old_file(backed_up):
    backed_up.database.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(backed_up.database, 65534, 65534)
    was = backed_up.database.stat()
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    now = backed_up.database.stat()
    assert (now.st_uid, now.st_gid, now.st_mode) == (was.st_uid, was.st_gid, was.st_mode)


# ---- what is no backup


def spoil_text(server):
    server.backup.write_text("hello, world. " * 600)


def spoil_page(server):
    with sqlite3.connect(server.backup) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'directmessages_sent'").fetchone()
    connection.close()
    with open(server.backup, "r+b") as file:
        file.seek((page - 1) * 4096 + 8)
        file.write(b"\xff" * 16)


def spoil_end(server):
    os.truncate(server.backup, server.backup.stat().st_size // 8192 * 4096)


def spoil_tables(server):
    server.backup.unlink()
    with sqlite3.connect(server.backup) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()


def spoil_version(server):
    with sqlite3.connect(server.backup) as connection:
        connection.execute("INSERT INTO directmessages_schema VALUES (99999, 'of tomorrow', '2030-01-01')")
    connection.close()


def remove_backup(server):
    server.backup.unlink()


def make_empty(server):
    server.backup.write_bytes(b"")


@pytest.mark.parametrize(
    "spoil, status, words",
    [
        (spoil_text, 2, "is not an SQLite database"),
        (spoil_page, 1, "damaged"),
        (spoil_end, 1, "damaged|malformed"),
        (spoil_tables, 2, "has no table of messages"),
        (make_empty, 2, "has no table of messages"),
        (spoil_version, 1, "made by a newer version"),
        (remove_backup, 1, "can't be read"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_no_backup_changes_nothing(backed_up, spoil, status, words):
    spoil(backed_up)
    before = names(backed_up)
    done = backed_up.run("restore", backed_up.backup)
    check_error(done, status)
    assert re.search(words, done.stderr), done.stderr
    assert names(backed_up) == before
    assert contents(backed_up.database) == NEWER


def test_names_that_are_no_backup(backed_up):
    for name in (backed_up.database, backed_up.directory, ""):
        check_error(backed_up.run("restore", name), 2)
    assert contents(backed_up.database) == NEWER


def test_a_backup_of_an_older_version(backed_up):
    """It is restored; its schema is brought up to date as ever."""
    with sqlite3.connect(backed_up.backup) as connection:
        connection.execute("DROP TABLE directmessages_event_log")
        connection.execute("DELETE FROM directmessages_schema WHERE number >= 7")
    connection.close()
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    assert backed_up.run("migrate").returncode == 0
    backed_up.start()
    assert backed_up.bob.unread() == 3


def test_a_copy_made_by_other_tools_with_a_log_beside_it(backed_up):
    """`cp` of a database and its log, for example; neither is changed."""
    backed_up.start()
    backed_up.alice.send(backed_up.bob, "in the log alone")
    backed_up.kill()
    copy = backed_up.directory / "a % copy?#.db"
    shutil.copy(backed_up.database, copy)
    shutil.copy(backed_up.database.with_name("test.db-wal"), f"{copy}-wal")
    assert backed_up.run("restore", copy).returncode == 0
    assert contents(backed_up.database) == [*NEWER, "in the log alone"]


def test_a_backup_is_read_where_nothing_can_be_written(backed_up):
    folder = backed_up.directory / "archive"
    folder.mkdir()
    backup = folder / "backup.db"
    with sqlite3.connect(backed_up.backup) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    shutil.copy(backed_up.backup, backup)
    backup.chmod(0o400)
    folder.chmod(0o500)
    assert backed_up.run("restore", backup).returncode == 0
    assert [file.name for file in folder.iterdir()] == ["backup.db"], "nor is anything made beside it"
    folder.chmod(0o700)
    assert contents(backed_up.database) == ALL


# ---- failures amid


def check_whole(server, at):
    """The database is the old one or the new one, as a server finds it; then the old one is put back."""
    connection = sqlite3.connect(server.database)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], at
    found = [content for (content,) in connection.execute("SELECT content FROM directmessages_message ORDER BY id")]
    connection.close()
    assert found in (ALL, NEWER), at
    if found == ALL:
        (kept,) = kept_files(server)
        assert contents(kept) == NEWER
    return found == ALL


@preloaded
@pytest.mark.parametrize("error", [0, errno.EIO, errno.ENOSPC], ids=["killed", "EIO", "ENOSPC"])
def test_killed_or_failing_at_each_step(backed_up, error):
    """With a log that has what the file has not, as after a kill of the server."""
    backed_up.start()
    backed_up.kill()
    pristine = backed_up.directory / "pristine"
    pristine.mkdir()
    files = [backed_up.database, backed_up.database.with_name("test.db-wal")]
    backed_up.start()
    backed_up.alice.post(f"conversations/{backed_up.bob.id}/", {})
    backed_up.kill()
    for file in files:
        shutil.copy(file, pristine)
    outcomes = set()
    at, count = 0, 1
    while at <= count:
        for file in backed_up.directory.glob("test.db*"):
            file.unlink()
        for file in files:
            shutil.copy(pristine / file.name, file)
        done, made = steps.run("restore", backed_up.backup, database=backed_up.url, at=at, error=error)
        count = made if at == 0 else count
        is_new = check_whole(backed_up, at)
        outcomes.add(is_new)
        if error and done.returncode != 0:
            check_error(done, 1)
        if done.returncode == 0:
            assert is_new
        assert contents(backed_up.backup) == ALL
        at += 1
    assert count < steps.MOST and outcomes == {True, False}
    assert backed_up.run("restore", backed_up.backup).returncode == 0
    assert contents(backed_up.database) == ALL


def test_a_disk_that_is_full(disk, make_server, backed_up):  # noqa: F811
    server = make_server(database=disk / "test.db")
    alice, bob = server.users(2)
    alice.send(bob, "mine")
    server.stop()
    with sqlite3.connect(backed_up.backup) as connection:
        connection.execute("CREATE TABLE ballast (bytes blob)")
        connection.executemany("INSERT INTO ballast VALUES (randomblob(1048576))", [()] * 4)
    connection.close()
    before = sorted(disk.iterdir())
    done = server.run("restore", backed_up.backup)
    check_error(done, 1)
    assert "is full; make room" in done.stderr
    assert sorted(disk.iterdir()) == before
    assert contents(server.database) == ["mine"]


def test_ended_by_a_signal(backed_up):
    with sqlite3.connect(backed_up.backup) as connection:
        connection.execute("CREATE TABLE ballast (bytes blob)")
        connection.executemany("INSERT INTO ballast VALUES (randomblob(1048576))", [()] * 64)
    connection.close()
    command = [PROGRAM, "--database", backed_up.url, "restore", backed_up.backup]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        partial = backed_up.directory / "test.db.restoring"
        while process.poll() is None and not (partial.exists() and partial.stat().st_size > 1 << 20):
            pass
        process.terminate()
        _, said = process.communicate(timeout=60)
    if process.returncode == 0:
        pytest.skip("it was done before the signal")
    assert "was ended; begin anew" in said
    assert names(backed_up) == ["backup.db", "test.db"]
    assert contents(backed_up.database) == NEWER
