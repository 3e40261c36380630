# SPDX-License-Identifier: MIT
"""`backup`: under load nothing acknowledged before it is missing; whatever happens, there is a whole file or none."""

import contextlib
import errno
import os
import pty
import re
import resource
import shlex
import signal
import sqlite3
import stat
import subprocess
import threading

import pytest

import steps
from commands import check_error
from harness import PROGRAM, environment, run_program, sqlite_url, wait_until
from test_storage_full import disk, fill  # noqa: F401 (a fixture)

sqlite = pytest.mark.sqlite
preloaded = pytest.mark.skipif(steps.why_not() is not None, reason=str(steps.why_not()))


def contents(path):
    connection = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    with contextlib.closing(connection):
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [content for (content,) in connection.execute("SELECT content FROM directmessages_message ORDER BY id")]


def beside(path):
    """The names in its folder that begin with its name, without it."""
    return sorted(file.name.removeprefix(path.name) for file in path.parent.iterdir() if file.name.startswith(path.name + ".") or file.name.startswith(path.name + "-"))


def grow(server, mebibytes):
    """Fills the database, so that copying it takes a while."""
    with server.transaction() as connection:
        connection.execute("CREATE TABLE ballast (bytes blob)")
        connection.executemany("INSERT INTO ballast VALUES (randomblob(1048576))", [()] * mebibytes)


@contextlib.contextmanager
def backing_up(server, **streams):
    """`backup`, which has copied a part; it stands still meanwhile, however busy the machine is."""
    command = [PROGRAM, "--database", server.url, "backup", server.backup]
    with subprocess.Popen(command, env=environment(), text=True, **streams) as process:
        partial = server.directory / "backup.db.partial"
        wait_until(lambda: partial.exists() and partial.stat().st_size > 1 << 20 or process.poll() is not None, "it is at work")
        process.send_signal(signal.SIGSTOP)
        try:
            assert process.poll() is None and partial.exists(), "the file is too small for this test"
            yield process
        finally:
            process.send_signal(signal.SIGCONT)


@pytest.fixture
def filled(make_server):
    server = make_server()
    server.alice, server.bob = server.users(2)
    for number in range(3):
        server.alice.send(server.bob, f"message {number}")
    server.backup = server.directory / "backup.db"
    return server


ALL = ["message 0", "message 1", "message 2"]


@sqlite
def test_one_file_with_all_that_was_acknowledged(filled):
    done = filled.run("backup", filled.backup)
    size = filled.backup.stat().st_size
    assert (done.returncode, done.stdout, done.stderr) == (0, f"backed up {size} bytes to {filled.backup}\n", "")
    assert stat.S_IMODE(filled.backup.stat().st_mode) == 0o600
    assert contents(filled.backup) == ALL
    assert beside(filled.backup) == []
    with sqlite3.connect(filled.backup) as connection:  # needs no log beside it
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()
    assert run_program("migrate", "--check", database=sqlite_url(filled.backup)).returncode == 0


@sqlite
def test_check_looks_at_the_copy(filled):
    done = filled.run("backup", "--check", filled.backup)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.endswith(", checked\n")
    filled.stop()
    with sqlite3.connect(filled.database) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'directmessages_message_sender_id_5eeeffb9'").fetchone()
    connection.close()
    with open(filled.database, "r+b") as file:
        file.seek((page - 1) * 4096 + 8)
        file.write(b"\xff" * 16)
    filled.backup.unlink()
    done = filled.run("backup", "--check", filled.backup)
    check_error(done, 1)
    assert "damaged" in done.stderr
    assert not filled.backup.exists() and beside(filled.backup) == []


@sqlite
@pytest.mark.concurrent
@pytest.mark.parametrize("flags", [[], ["--full-speed"]], ids=["at rest", "full speed"])
def test_nothing_acknowledged_before_is_missing_under_load(make_server, flags):
    """And it ends, although others write without a pause: SQLite's backup would begin anew with each write."""
    server = make_server()
    users = server.users(4)
    grow(server, 24)
    acknowledged, ended = [], threading.Event()

    def send(sender, recipient):
        number = 0
        while not ended.is_set():
            content = f"{sender.id}-{number}"
            assert sender.send(recipient, content)["content"] == content
            acknowledged.append(content)
            number += 1

    threads = [threading.Thread(target=send, args=(users[n], users[n - 1]), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            wait_until(lambda: len(acknowledged) > 20 * (number + 1), "messages are sent")
            before = list(acknowledged)
            backup = server.directory / f"backup-{number}.db"
            done = server.run("backup", backup, "--check", *flags)
            after = len(acknowledged)
            assert done.returncode == 0, done.stderr
            stored = contents(backup)
            assert not set(before) - set(stored)
            assert len(stored) == len(set(stored))
            assert after > len(before), "others went on"
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert server.sql("PRAGMA integrity_check") == [("ok",)]


@sqlite
def test_a_file_that_is_there_is_kept(filled):
    filled.backup.write_text("mine")
    done = filled.run("backup", filled.backup)
    check_error(done, 2)
    assert filled.backup.read_text() == "mine" and beside(filled.backup) == []
    assert filled.run("backup", filled.backup, "--force").returncode == 0
    assert contents(filled.backup) == ALL


@sqlite
@pytest.mark.parametrize("log", ["-wal", "-journal"])
def test_a_log_that_would_be_taken_for_the_copys_own(filled, log):
    filled.backup.with_name("backup.db" + log).write_text("of another database")
    for flags in ([], ["--force"]):
        done = filled.run("backup", filled.backup, *flags)
        check_error(done, 2)
        assert log in done.stderr and not filled.backup.exists()


@sqlite
def test_names_that_are_no_file(filled):
    for name in (filled.database, filled.directory, "-", ""):
        done = filled.run("backup", "--force", *(["--"] if name == "-" else []), name)
        check_error(done, 2)
    link = filled.directory / "link.db"
    link.symlink_to(filled.database)
    check_error(filled.run("backup", "--force", link), 2)
    check_error(filled.run("backup", filled.directory / "nowhere" / "backup.db"), 1)
    assert [content for (content,) in filled.sql("SELECT content FROM directmessages_message ORDER BY id")] == ALL


@sqlite
def test_a_database_whose_name_is_that_of_an_unfinished_copy(filled):
    """Somebody serves the copy that a killed backup has left."""
    os.link(filled.database, filled.directory / "live.db.partial")
    done = filled.run("backup", filled.directory / "live.db")
    check_error(done, 2)
    assert "rename it first" in done.stderr
    assert [content for (content,) in filled.sql("SELECT content FROM directmessages_message ORDER BY id")] == ALL


@sqlite
def test_two_at_once(filled):
    """The second one is refused and does not touch what the first one writes."""
    grow(filled, 32)
    with backing_up(filled, stdout=subprocess.DEVNULL) as first:
        check_error(filled.run("backup", filled.backup), 1)
    assert first.returncode == 0
    assert contents(filled.backup) == ALL


@sqlite
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_ended_amid(filled, number):
    grow(filled, 32)
    with backing_up(filled, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        process.send_signal(number)
    assert process.returncode != 0
    assert not filled.backup.exists()
    assert beside(filled.backup) == ([".partial"] if number == signal.SIGKILL else [])
    filled.alice.send(filled.bob, "after it")
    assert filled.run("backup", filled.backup).returncode == 0
    assert contents(filled.backup) == [*ALL, "after it"]
    assert beside(filled.backup) == []


@sqlite
@preloaded
@pytest.mark.parametrize("error", [0, errno.EIO, errno.ENOSPC], ids=["killed", "EIO", "ENOSPC"])
def test_killed_or_failing_at_each_step(filled, error):
    done, count = steps.run("backup", filled.backup, database=filled.url)
    assert done.returncode == 0 and 5 < count < steps.MOST
    filled.backup.unlink()
    for at in range(1, count + 1):
        done, _ = steps.run("backup", filled.backup, database=filled.url, at=at, error=error)
        if filled.backup.exists():
            assert contents(filled.backup) == ALL
            filled.backup.unlink()
        elif error:
            check_error(done, 1)
        if error:
            assert beside(filled.backup) in ([], [".partial"]), at
    assert filled.run("backup", filled.backup).returncode == 0
    assert contents(filled.backup) == ALL and beside(filled.backup) == []


@sqlite
def test_a_disk_that_is_full(filled, disk):  # noqa: F811
    grow(filled, 4)
    done = filled.run("backup", disk / "backup.db")
    check_error(done, 1)
    assert "is full; make room" in done.stderr
    assert list(disk.iterdir()) == []


@sqlite
def test_files_that_may_not_grow(filled):
    grow(filled, 4)
    done = subprocess.run(
        [PROGRAM, "--database", filled.url, "backup", filled.backup],
        env=environment(),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY)),
    )
    check_error(done, 1)
    assert not filled.backup.exists() and beside(filled.backup) == []


@sqlite
@pytest.mark.parametrize("happens", ["moved", "replaced"])
def test_a_database_that_is_moved_away_meanwhile(filled, happens):
    grow(filled, 32)
    with backing_up(filled, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        filled.database.rename(filled.directory / "elsewhere.db")
        if happens == "replaced":
            sqlite3.connect(filled.database).execute("CREATE TABLE a (b)").connection.close()
        process.send_signal(signal.SIGCONT)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "was moved, removed or replaced" in said
    assert not filled.backup.exists() and beside(filled.backup) == []


@sqlite
def test_progress_on_a_terminal_alone(filled):
    grow(filled, 3)
    leader, terminal = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as reader:
        done = subprocess.run([PROGRAM, "--database", filled.url, "backup", filled.backup], env=environment(), stdout=subprocess.DEVNULL, stderr=terminal)
        os.close(terminal)
        said = b""
        with contextlib.suppress(OSError):
            while piece := reader.read(4096):
                said += piece
    assert done.returncode == 0
    assert re.fullmatch(rb"(\r\d+ of \d+ MiB)+\r?\n", said), said
    assert filled.run("backup", filled.backup, "--force").stderr == ""


@sqlite
def test_a_database_that_is_not_there(tmp_path):
    done = run_program("backup", tmp_path / "backup.db", database=sqlite_url(tmp_path / "none.db"))
    check_error(done, 1)
    assert list(tmp_path.iterdir()) == []


# ---- PostgreSQL


def command_lines(done):
    """What it says that is to be run."""
    check_error(done, 2)
    return [shlex.split(line) for line in done.stderr.partition("; run: ")[2].strip().split(" && ")]


@pytest.mark.postgresql
def test_on_postgresql_by_its_own_tools(make_server):
    """The command lines that it names, as they are."""
    server = make_server()
    alice, bob = server.users(2)
    alice.send(bob, "in both")
    (epoch,) = server.sql("SELECT epoch FROM directmessages_event_log")[0]
    dump = server.directory / "it's a dump"
    (dump_command,) = command_lines(server.run("backup", dump))
    assert dump_command[0] == "pg_dump"
    subprocess.run(dump_command, check=True, capture_output=True)
    alice.send(bob, "lost")
    server.stop()
    restore_command, migrate_command = command_lines(server.run("restore", dump))
    assert restore_command[0] == "pg_restore" and migrate_command[0] == "directmessages"
    subprocess.run(restore_command, check=True, capture_output=True)
    done = server.run(*migrate_command[1:])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the schema is up to date, and the event log has a new epoch\n"
    server.start()
    assert [content for (content,) in server.sql("SELECT content FROM directmessages_message")] == ["in both"]
    assert server.sql("SELECT epoch FROM directmessages_event_log")[0][0] != epoch
    assert alice.send(bob, "works at once")["id"]


def test_no_password_is_named():
    for command in ("backup", "restore"):
        done = run_program(command, "file", database="postgresql://somebody:secret-word@127.0.0.1:1/x")
        assert "secret-word" not in done.stderr and "somebody@127.0.0.1:1/x" in done.stderr
        check_error(done, 2)
