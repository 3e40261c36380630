# SPDX-License-Identifier: MIT
"""A full disk, and files that may not grow: 503, nothing half written, and all is well when there is room again."""

import contextlib
import os
import re
import resource
import subprocess

import pytest

from routes import check_error
from harness import run_program, sqlite_url
from commands import check_error as check_command_error

pytestmark = pytest.mark.sqlite

BUSY = "Service temporarily unavailable."


def check_unavailable(answer):
    check_error(answer, 503, BUSY)
    assert int(answer.headers["Retry-After"]) >= 1


def contents(server):
    return [content for (content,) in server.sql("SELECT content FROM directmessages_message ORDER BY id")]


def fill_up(server, sender, recipient, size=20_000, most=400):
    """Sends until it is refused; what was stored."""
    stored = []
    for number in range(most):
        content = f"{number} ".ljust(size, "x")
        answer = sender.post(f"send/{recipient.id}/", {"content": content})
        if answer.status != 201:
            check_unavailable(answer)
            return stored
        stored.append(content)
    raise AssertionError(f"{most} messages of {size} bytes were stored in no room at all")


def check_reads(reader, partner, stored):
    assert reader.unread() == len(stored)
    assert len(reader.partners()["results"]) == 1
    assert reader.get("conversations/unread/").json()[0]["unread_count"] == len(stored)
    assert reader.head(f"conversations/{partner.id}/").status == 200


# ---- files that may not grow: for every file of the process, as by `ulimit -f`


@contextlib.contextmanager
def file_limit(server, size):
    pid = server.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def size_of_log(server):
    log = f"{server.database}-wal"
    return os.stat(log).st_size if os.path.exists(log) else 0


@pytest.mark.parametrize("room", [0, 1, 5000, 300_000])
def test_log_that_can_not_grow(make_server, room):
    """Whichever write it is that fails, in the middle of a page too."""
    server = make_server()
    alice, bob = server.users(2)
    first = alice.send(bob, "first")
    stored = ["first"]
    for _ in range(2):
        with file_limit(server, size_of_log(server) + room):
            stored += fill_up(server, alice, bob)
            check_unavailable(alice.post(f"conversations/{bob.id}/", {"content": "y" * 20_000}))
            check_reads(bob, alice, stored)
            assert contents(server) == stored
        alice.send(bob, "room again")
        stored.append("room again")
        assert contents(server) == stored
    assert bob.conversation(alice)["results"][0]["content"] == "room again" and bob.unread() == 0
    assert alice.delete(f"messages/{first['id']}/").status == 204
    assert server.sql("PRAGMA integrity_check") == [("ok",)]
    server.stop()
    server.start()
    assert contents(server) == stored


def test_killed_while_the_disk_is_full(make_server):
    server = make_server()
    alice, bob = server.users(2)
    with contextlib.suppress(ProcessLookupError), file_limit(server, size_of_log(server) + 100_000):
        stored = fill_up(server, alice, bob)
        server.kill()
    server.start()
    assert contents(server) == stored
    assert server.sql("PRAGMA integrity_check") == [("ok",)]


def test_cause_is_in_the_log(make_server):
    server = make_server()
    alice, bob = server.users(2)
    since = len(server.log)
    with file_limit(server, size_of_log(server)):
        fill_up(server, alice, bob)
    assert server.wait_log(r"Z (warning|error) .*(disk|full|written)", since)


# ---- a disk that is full


@pytest.fixture
def disk(tmp_path):
    """A file system of 3 MiB of one's own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"mounting is not permitted: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(place):
    """Takes all the room that is left."""
    ballast = place / "ballast"
    with open(ballast, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return ballast


def test_full_disk(disk, make_server):
    server = make_server(database=disk / "test.db")
    alice, bob = server.users(2)
    alice.send(bob, "first")
    stored = ["first"]
    for _ in range(3):
        ballast = fill(disk)
        stored += fill_up(server, alice, bob)
        check_reads(bob, alice, stored)
        ballast.unlink()
        alice.send(bob, "room again")
        stored.append("room again")
        assert contents(server) == stored
    assert server.sql("PRAGMA integrity_check") == [("ok",)]


def test_disk_filled_by_the_messages_themselves(disk, make_server):
    server = make_server(database=disk / "test.db")
    alice, bob = server.users(2)
    stored = fill_up(server, alice, bob)
    assert len(stored) >= 20
    check_reads(bob, alice, stored)
    assert subprocess.run(["mount", "-o", "remount,size=20m", disk]).returncode == 0
    alice.send(bob, "room again")
    assert contents(server) == [*stored, "room again"]


def test_start_on_a_full_disk_after_a_kill_serves_reads(disk, make_server):
    """The log is there, and so is the file beside it: nothing has to be made."""
    server = make_server(database=disk / "test.db")
    alice, bob = server.users(2)
    alice.send(bob, "first")
    server.kill()
    ballast = fill(disk)
    server.start()
    check_unavailable(alice.post(f"send/{bob.id}/", {"content": "y" * 20_000}))
    check_reads(bob, alice, ["first"])
    ballast.unlink()
    alice.send(bob, "room again")
    assert contents(server) == ["first", "room again"]


def check_refused(server):
    """It says why, and ends, at once."""
    with pytest.raises(AssertionError, match="ended before a line matched"):
        server.start()
    assert re.fullmatch("directmessages: the (database|disk) .*; .+", server.log[-1]), server.log


@pytest.mark.parametrize("room", [0, 40_000])
def test_start_on_a_full_disk_that_needs_to_write_is_refused(disk, make_server, room):
    """For the file beside the log, or, if that has room, for an index; a server is to come later, a disk is not."""
    server = make_server(database=disk / "test.db")
    alice, bob = server.users(2)
    alice.send(bob, "first")
    server.sql("DROP INDEX directmessages_unread")
    server.stop()
    place = disk / "room"
    place.write_bytes(b"x" * room)
    ballast = fill(disk)
    place.unlink()
    check_refused(server)
    ballast.unlink()
    server.start()
    check_reads(bob, alice, ["first"])


def test_migrate_on_a_full_disk_does_nothing_by_halves(disk):
    ballast = fill(disk)
    url = sqlite_url(disk / "a.db")
    check_command_error(run_program("migrate", database=url), 1)
    ballast.unlink()
    done = run_program("migrate", database=url)
    assert done.returncode == 0, done
    assert run_program("migrate", "--check", database=url).returncode == 0


def test_an_erasure_goes_on_when_there_is_room(make_server):
    server = make_server(administered=True)
    one, two = server.users(2)
    server.insert_messages([(one, two, "2026-01-01 12:00:00", None, "x" * 2000)] * 1500)
    log = server.store.path.with_name(server.store.path.name + "-wal")
    with file_limit(server, max(log.stat().st_size, server.store.path.stat().st_size) + 300_000):
        check_unavailable(server.admin("POST", f"users/{one.id}/erase/"))
        check_unavailable(server.admin("POST", f"users/{one.id}/erase/"))
    assert server.admin("POST", f"users/{one.id}/erase/").json()["complete"]
    assert set(contents(server)) == {""}
