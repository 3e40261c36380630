# SPDX-License-Identifier: MIT
"""Files that can't be used: read-only, no database, cut off, damaged. A clear error, and never a crash."""

import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess

import pytest

from routes import check_error
from harness import Server, environment, run_program, sqlite_url
from hostile_client import JSON, request
from commands import check_error as check_command_error

pytestmark = pytest.mark.sqlite

BUSY = "Service temporarily unavailable."
SERVE = ["serve", "--listen", "127.0.0.1:0"]
COMMANDS = [
    ["migrate"],
    ["migrate", "--check"],
    ["user", "list"],
    ["user", "create", "john"],
    ["message", "list"],
    SERVE,
    [*SERVE, "--migrate"],
]

on_each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@pytest.fixture
def filled(make_server):
    """A stopped server whose file holds a conversation that fills many pages."""
    server = make_server()
    server.alice, server.bob = server.users(2)
    server.insert_messages(
        [
            (server.alice, server.bob, f"2025-01-01 00:00:{n % 60:02}.{n:06}", None, f"m{n} " + "x" * 900)
            for n in range(3000)
        ]
    )
    server.stop()
    sqlite3.connect(server.database).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    return server


# ---- files that are no database


@on_each_command
@pytest.mark.parametrize(
    "content",
    [
        b"This is a letter to my aunt.\n" * 500,
        b"\0" * 8192,
        b"\xff" * 5000,
        b"SQLite format 3\0" + b"\0" * 84,
        b"SQLite format 3\0" + b"\xff" * 10_000,
    ],
    ids=["text", "zeros", "ones", "header", "nonsense"],
)
def test_file_that_is_no_database(tmp_path, command, content):
    path = tmp_path / "a.db"
    path.write_bytes(content)
    check_command_error(run_program(*command, database=sqlite_url(path)), 1)
    assert path.read_bytes() == content


@on_each_command
@pytest.mark.parametrize(
    "make", [pathlib.Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)], ids=["folder", "pipe", "loop"]
)
def test_thing_that_is_no_file(tmp_path, command, make):
    path = tmp_path / "a.db"
    make(path)
    check_command_error(run_program(*command, database=sqlite_url(path)), 1)


# ---- files that may not be written: root may write all, so that the program is run as somebody else


class OtherUser(Server):
    """A server whose program runs as a user who owns nothing, if we are root."""

    def words(self):
        """What stands before the command."""
        if os.geteuid() != 0:
            return []
        return [shutil.which("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups"]

    def command(self):
        return [*self.words(), *super().command()[:-1]]  # without --migrate

    def run_as(self, *arguments):
        command = [*self.words(), self.program, "--database", self.url, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment(), cwd="/", timeout=60)


@pytest.fixture
def other():
    """A server not started, with two users in its file, which is to be made read-only."""
    server = OtherUser()
    if os.geteuid() == 0 and not server.words()[0]:
        pytest.skip("as root, this needs setpriv")
    server.let_others_run_it()
    assert run_program("migrate", database=server.url).returncode == 0
    server.alice, server.bob = server.users(2)
    server.insert_messages([(server.alice, server.bob, "2025-01-01 00:00:00")])
    yield server
    server.directory.chmod(0o755)
    server.close()


@pytest.mark.parametrize(
    "of_file, of_folder",
    [(0o444, 0o555), (0o444, 0o777), (0o666, 0o555), (0o000, 0o777)],
    ids=["both", "file", "folder", "secret"],
)
@pytest.mark.parametrize(
    "command", [["user", "create", "jane"], ["token", "create", "--reset", "NAME"], ["migrate"]], ids=" ".join
)
def test_commands_on_a_file_that_may_not_be_written(other, command, of_file, of_folder):
    command = [other.bob.username if word == "NAME" else word for word in command]
    if command == ["migrate"]:
        other.sql("DROP INDEX directmessages_unread")
    other.database.chmod(of_file)
    other.directory.chmod(of_folder)
    before = other.database.read_bytes()
    done = other.run_as(*command)
    check_command_error(done, 1)
    assert re.search("permission|read|written|open", done.stderr)
    assert other.database.read_bytes() == before


@pytest.mark.parametrize(
    "of_file, of_folder",
    [(0o444, 0o555), (0o444, 0o777), (0o666, 0o555), (0o000, 0o777)],
    ids=["both", "file", "folder", "secret"],
)
def test_serving_a_file_that_may_not_be_written(other, of_file, of_folder):
    """It says so at the start, and ends: what it would answer to writes would be a surprise later."""
    other.database.chmod(of_file)
    other.directory.chmod(of_folder)
    with pytest.raises(AssertionError, match="ended before a line matched"):
        other.start()
    assert re.fullmatch("directmessages: .*(permission|read|written|open).*; .+", other.log[-1])
    assert "not an error" not in other.log[-1]


def test_file_that_gets_read_only_while_serving(make_server):
    """By the immutable attribute, which binds root and open files too."""
    server = make_server()
    alice, bob = server.users(2)
    alice.send(bob, "before")
    log = f"{server.database}-wal"
    if subprocess.run(["chattr", "+i", log], capture_output=True).returncode != 0:
        pytest.skip("chattr is not permitted here")
    try:
        if writes_still(log):
            pytest.skip("this file system lets open files be written all the same")
        check_error(alice.post(f"send/{bob.id}/", {"content": "during"}), 503, BUSY)
        assert bob.unread() == 1
    finally:
        subprocess.run(["chattr", "-i", log], check=True)
    alice.send(bob, "after")
    assert [one["content"] for one in bob.conversation(alice)["results"]] == ["after", "before"]


def writes_still(path):
    try:
        with open(path, "ab"):
            return True
    except OSError:
        return False


# ---- files that are damaged


@pytest.mark.parametrize("keep", [1, 50, 99, 100, 512, 4095, 4096, 4097, 8192, 100_000, 1_000_000])
def test_file_that_is_cut_off(filled, keep):
    """The schema may still be there: then it serves what it can, and says 503 for the rest."""
    os.truncate(filled.database, keep)
    check_survives(filled)


@pytest.mark.parametrize("seed", range(6))
def test_file_with_holes(filled, seed):
    """Pages of zeros or of nonsense here and there behind the first ones."""
    rng = random.Random(seed)
    pages = filled.database.stat().st_size // 4096
    with open(filled.database, "r+b") as file:
        for _ in range(40):
            file.seek(4096 * rng.randrange(40, pages))
            file.write(rng.choice([b"\0" * 4096, rng.randbytes(4096), b"\xff" * 4096]))
    check_survives(filled)


def check_survives(server):
    """It refuses to start, or serves: each request is answered, by 503 where the damage is met."""
    for command in (["message", "list", "--limit", "0"], ["user", "list"], ["migrate", "--check"]):
        done = server.run(*command)
        assert done.returncode in (0, 1), done
        assert done.returncode == 0 or re.fullmatch(r"directmessages: [^\n]+; [^\n]+\n", done.stderr), done.stderr
    server.flags.remove("--migrate")
    try:
        server.start()
    except AssertionError:
        assert re.fullmatch(r"directmessages: [^\n]+; [^\n]+", server.log[-1]), server.tail(5)
        return
    alice, bob = server.alice, server.bob
    allowed = {200, 201, 204, 401, 404, 503}
    for _ in range(2):
        answers = [
            bob.get("unread/"),
            alice.get("conversations/"),
            bob.get("conversations/unread/"),
            bob.get(f"conversations/{alice.id}/"),
            alice.post(f"send/{bob.id}/", {"content": "x"}),
            alice.delete("messages/1500/"),
            alice.request("HEAD", f"conversations/{bob.id}/"),
        ]
        statuses = [answer.status for answer in answers]
        assert set(statuses) <= allowed, statuses
        for answer in answers:
            assert answer.status != 503 or answer.headers["Retry-After"]
    assert server.process.poll() is None
    server.stop()


def test_damage_while_serving_is_no_crash(filled):
    """Pages of the conversation are destroyed behind the server's back; what does not need them is served on."""
    filled.start()
    carol = filled.user()
    filled.alice.send(carol, "healthy")
    pages = filled.database.stat().st_size // 4096
    with open(filled.database, "r+b") as file:
        file.seek(4096 * 60)
        file.write(b"\xff" * 4096 * (pages - 120))
    data = request(filled.alice, "POST", f"conversations/{filled.bob.id}/", JSON, body=b'{"content":"x"}')
    with filled.raw(data) as raw:
        begin = raw.reader.read(12)
        assert begin in (b"HTTP/1.1 503", b"HTTP/1.1 201", b""), begin
    for _ in range(3):
        assert filled.alice.get(f"conversations/{filled.bob.id}/").status in (200, 503)
    assert carol.unread() == 1
    filled.stop()


# ---- files that come and go


def test_file_that_is_deleted_while_serving_is_no_crash(make_server):
    server = make_server()
    alice, bob = server.users(2)
    alice.send(bob)
    server.database.unlink()
    for answer in (alice.post(f"send/{bob.id}/", {"content": "x"}), bob.get("unread/")):
        assert answer.status in (200, 201, 503), answer
    server.stop()
