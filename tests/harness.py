# SPDX-License-Identifier: MIT
"""Starts the real program on a database of its own and talks to it over real sockets."""

import atexit
import collections
import functools
import itertools
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

from clients import Client, RawConnection, User
from metrics import Admin
from databases import PostgresDatabase, SqliteFile, sqlite_url  # noqa: F401 (sqlite_url is for the tests)

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / os.environ.get("DIRECTMESSAGES_BUILD", "build")
PROGRAM = BUILD / "directmessages"

# Generous, for a sanitizer build on a busy machine; nothing ever waits for the whole of it unless it fails.
DEADLINE = float(os.environ.get("DIRECTMESSAGES_TEST_DEADLINE", 60))

# `make test LONG=1`: what is done at random, or again and again, is done as often as one wants it before a release.
LONG = os.environ.get("DIRECTMESSAGES_TEST_LONG") == "1"

# Of servers whose databases are well: by default a write that has waited for a quarter of five seconds on PostgreSQL is refused,
# which it may have to where others use the processor.
PATIENCE = {"DIRECTMESSAGES_BUSY_TIMEOUT": 20_000}

# Of servers that are administered over HTTP.
ADMIN_KEY = "the-admin-key-of-the-tests-0123456789"

SANITIZER_REPORT = re.compile(r"(Address|Leak|Thread|Memory)Sanitizer|runtime error:")
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "exitcode=99:halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "exitcode=99:halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "exitcode=99:halt_on_error=1:second_deadlock_stack=1",
}

INSERT_USER = """
    INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
                           date_joined)
    VALUES ('!', ?, ?, ?, ?, ?, ?, ?, '2025-01-01 00:00:00') RETURNING id"""
INSERT_TOKEN = "INSERT INTO authtoken_token (key, created, user_id) VALUES (?, '2025-01-01 00:00:00', ?)"
INSERT_MESSAGES = """
    INSERT INTO directmessages_message (sender_id, recipient_id, sent_at, read_at, content) VALUES {} RETURNING id"""
INSERT_MESSAGE = INSERT_MESSAGES.format("(?, ?, ?, ?, ?)")


def stored(sender, recipient, sent_at, read_at=None, content="Hello"):
    """The row of one message; times are as Django stores them, like `2025-06-06 12:00:00.123456`."""
    return (sender.id, recipient.id, sent_at, read_at, content)


def environment(**extra):
    """This process's environment without what configures the program, with the sanitizers' options and `extra`."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name != "DATABASE_URL" and not name.startswith(("DIRECTMESSAGES_", "PG"))
    }
    for name, value in SANITIZER_OPTIONS.items():
        env.setdefault(name, value)
    if os.geteuid() != 0:
        env["DIRECTMESSAGES_CORE_DUMPS"] = "1"  # the tests look into /proc, and a sanitizer into the process
    env["DIRECTMESSAGES_EVENTS_STREAMS"] = "1000"  # so that no machine has too few files for the default, and says so
    env["DIRECTMESSAGES_MAX_CONTENT_LENGTH"] = "0"  # as the reference; test_limits.py has the tests of the limit
    env.update({name: str(value) for name, value in extra.items()})
    return env


def run_program(*arguments, database=None, env=None, stdin=None, cwd=None):
    """Runs one command of the program to its end; `stdin` is text for its standard input."""
    command = [str(PROGRAM)]
    if database is not None:
        command += ["--database", database]
    return subprocess.run(
        command + [str(argument) for argument in arguments],
        env=environment(**(env or {})),
        input=stdin if stdin is not None else "",
        cwd=cwd,
        text=True,
        capture_output=True,
        timeout=DEADLINE,
    )


def wait_until(condition, what, deadline=DEADLINE):
    """Polls `condition` until it gives something true, and returns that; the longer it takes, the more seldom."""
    began = time.monotonic()
    while True:
        result = condition()
        if result:
            return result
        waited = time.monotonic() - began
        assert waited < deadline, f"not within {deadline} s: {what}"
        time.sleep(min(0.005 + waited / 20, 0.1))


@functools.cache
def postgres_template():
    """A migrated database, of which others are copies."""
    database = PostgresDatabase()
    done = run_program("migrate", database=database.url)
    assert done.returncode == 0, done.stderr
    return database.name


@functools.cache
def sqlite_template():
    """A migrated file, of which others are copies."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="directmessages-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    done = run_program("migrate", database=sqlite_url(folder / "template.db"))
    assert done.returncode == 0, done.stderr
    return folder / "template.db"


class Server:
    """The program serving one database, which stays where it is over stop, kill and start.

    `database` is one of databases.py, or the path of a SQLite file; without it one of `backend` is made. One that is
    `administered` has --admin-listen and an admin key, for `admin`.
    """

    _names = itertools.count(1)

    def __init__(
        self,
        database=None,
        listen="127.0.0.1:0",
        prefix=None,
        env=None,
        flags=(),
        migrate=True,
        backend="sqlite",
        administered=False,
    ):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="directmessages-test-"))
        self.is_database_own = database is None
        if database is None:
            database = self.directory / "test.db"
            if backend == "postgresql":
                database = PostgresDatabase(template=postgres_template() if migrate else None)
            elif migrate:
                shutil.copy(sqlite_template(), database)
        self.store = SqliteFile(database) if isinstance(database, (str, pathlib.Path)) else database
        self.database = getattr(self.store, "path", self.store)
        self.url = self.store.url
        self.listen = listen
        self.env = dict(env or {})
        self.flags = [str(flag) for flag in flags]
        if administered:
            self.env.setdefault("DIRECTMESSAGES_ADMIN_KEY", ADMIN_KEY)
            self.flags += ["--admin-listen", "127.0.0.1:0"]
        if prefix is not None:
            self.flags += ["--prefix", prefix]
        if migrate:
            self.flags.append("--migrate")
        trimmed = "api/dm" if prefix is None else prefix.strip("/")
        self.prefix = f"/{trimmed}/" if trimmed else "/"
        self.program = None  # the build's
        self.descriptors = ()  # that the program gets besides the standard ones
        self.process = None
        self.log = []
        self._stock = []
        self._grown = threading.Condition()

    # --- its life

    def let_others_run_it(self):
        """Puts the program where users who own nothing get at it: the build may lie in somebody's home. A SQLite file is made
        by who runs it."""
        if self.is_database_own and isinstance(self.store, SqliteFile):
            self.database.unlink(missing_ok=True)
        self.program = self.directory / PROGRAM.name
        shutil.copy2(PROGRAM, self.program)
        self.directory.chmod(0o755)

    def command(self):
        return [str(self.program or PROGRAM), "--database", self.url, "serve", "--listen", self.listen, *self.flags]

    def start(self):
        """Starts the program and returns once it listens."""
        assert self.process is None, "the server runs already"
        since = len(self.log)
        self.is_stopping = False
        self.process = subprocess.Popen(
            self.command(),
            env=environment(**self.env),
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=self.descriptors,
        )
        self._reader = threading.Thread(target=self._collect, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        try:
            line = self.wait_log(r"listening on (http://\S+|unix:.+)$", since)
        except AssertionError:
            self.kill()
            raise
        self._listens(re.search(r"listening on (.+)$", line).group(1))
        return self

    def _listens(self, where):
        if where.startswith("unix:"):
            self.host, self.port, self.base = "localhost", 80, None
            self.socket_path = where.removeprefix("unix:")
            return
        parts = urllib.parse.urlsplit(where)
        self.host, self.port, self.socket_path = parts.hostname, parts.port, None
        self.netloc = parts.netloc
        self.base = f"http://{parts.netloc}{self.prefix}"

    def _collect(self, stream):
        for line in stream:
            with self._grown:
                self.log.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                self._grown.notify_all()
        stream.close()

    def tell_to_stop(self, number=signal.SIGTERM):
        """Sends the signal by which it leaves. A second one would end it at once."""
        self.is_stopping = True
        if self.process.poll() is None:
            self.process.send_signal(number)

    def stop(self):
        """Asks the program to leave, unless it was, and demands that it does so cleanly."""
        assert self.process is not None, "the server does not run"
        if not self.is_stopping:
            self.tell_to_stop()
        process, self.process = self.process, None
        try:
            status = process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"did not leave on SIGTERM:\n{self.tail()}") from None
        finally:
            self._reader.join(DEADLINE)
        assert status == 0, f"left with status {status}:\n{self.tail()}"
        reports = [line for line in self.log if SANITIZER_REPORT.search(line)]
        assert not reports, f"a sanitizer reported:\n{self.tail()}"
        assert not [line for line in self.log if "not given back" in line], self.tail()

    def kill(self):
        """Ends the program with SIGKILL, as a power cut of the process."""
        process, self.process = self.process, None
        process.kill()
        process.wait()
        self._reader.join(DEADLINE)

    def close(self):
        """Stops the program if it runs, and removes what it left behind in any case."""
        try:
            if self.process is not None:
                self.stop()
        finally:
            if self.is_database_own:
                self.store.close()
            shutil.rmtree(self.directory, ignore_errors=True)

    # --- its log

    def wait_log(self, pattern, since=0):
        """The first line from number `since` on that matches; fails when the deadline passes or the program ends."""
        end = time.monotonic() + DEADLINE
        with self._grown:
            while True:
                for line in self.log[since:]:
                    if re.search(pattern, line):
                        return line
                since = len(self.log)
                assert time.monotonic() < end, f"no line matches {pattern!r}:\n{self.tail()}"
                alive = self._reader.is_alive()
                assert alive or since < len(self.log), f"ended before a line matched {pattern!r}:\n{self.tail()}"
                self._grown.wait(0.05)

    def tail(self, lines=60):
        return "\n".join(self.log[-lines:])

    # --- ways to it

    def path(self, path):
        return path if path.startswith("/") else self.prefix + path

    def connect(self):
        if self.socket_path is not None:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(DEADLINE)
            sock.connect(self.socket_path)
            return sock
        return socket.create_connection((self.host, self.port), timeout=DEADLINE)

    def raw(self, data=b""):
        """A raw connection, with `data` already sent."""
        connection = RawConnection(self.connect())
        connection.send(data)
        return connection

    def exchange(self, data, head=False):
        """Sends `data` on a connection of its own and returns the one response to it."""
        with self.raw(data) as connection:
            return connection.response(head)

    def anonymous(self):
        return Client(self)

    def admin(self, method, path, body=None, headers=(), key=ADMIN_KEY):
        """Asks the admin address of an administered server; `path` is below /admin/ unless it begins with `/`. `body` is
        bytes as they are, or is sent as JSON; `key` None shows none."""
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        if key is not None:
            pairs.append(("Authorization", f"Bearer {key}"))
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None and "content-type" not in {name.lower() for name, _ in pairs}:
            pairs.append(("Content-Type", "application/json"))
        path = path if path.startswith("/") else f"/admin/{path}"
        return Admin(self).anonymous().request(method, path, body, pairs)

    def run(self, *arguments, env=None, stdin=None):
        """Runs another command of the program on the same database."""
        return run_program(*arguments, database=self.url, env=env, stdin=stdin, cwd=self.directory)

    # --- its database, behind its back

    def transaction(self):
        """A connection to the database, in a write transaction that is committed unless the block fails."""
        return self.store.transaction()

    def sql(self, statement, parameters=()):
        """Runs one statement in a transaction of its own and returns its rows."""
        with self.transaction() as connection:
            return connection.execute(statement, parameters).fetchall()

    def user(self, username=None, first_name="", last_name="", email="", active=True):
        """A new user with a token, made as Django would make them."""
        return self.users(1, username, first_name, last_name, email, active)[0]

    def users(self, count, username=None, first_name="", last_name="", email="", active=True):
        """Several new users; a given username is good for one only."""
        return self._make_users([(username, first_name, last_name, email, active)] * count)

    def _make_users(self, wanted):
        made = []
        with self.transaction() as connection:
            for username, first_name, last_name, email, active in wanted:
                name = username or f"user{os.getpid()}-{next(self._names)}"
                row = (False, name, first_name, last_name, email, False, active)
                identity = connection.execute(INSERT_USER, row).fetchone()[0]
                token = secrets.token_hex(20)
                connection.execute(INSERT_TOKEN, (token, identity))
                made.append(User(self, token, identity, name, first_name, last_name, email))
        return made

    def trio(self):
        """Alice, Bob and Carol, whom nobody else has; they are made in stock."""
        if not self._stock:
            names = [("Alice", "Archer"), ("Bob", "Baker"), ("Carol", "Cooper")] * 20
            self._stock = self._make_users([(None, *name, "", True) for name in names])
        found, self._stock = self._stock[:3], self._stock[3:]
        return found

    def insert_messages(self, messages):
        """Inserts rows as Django would and returns their ids; a message is the arguments of `stored`."""
        ids, waiting, size = [], [], 0
        with self.transaction() as connection:

            def insert():
                statement = INSERT_MESSAGES.format(", ".join(["(?, ?, ?, ?, ?)"] * len(waiting)))
                rows = connection.execute(statement, sum(waiting, ())).fetchall()
                return sorted(identity for (identity,) in rows)

            for message in messages:
                waiting.append(stored(*message))
                size += len(waiting[-1][-1])
                if len(waiting) == 100 or size > 1_000_000:
                    ids, waiting, size = ids + insert(), [], 0
            return ids + insert() if waiting else ids

    def message(self, identity):
        """A stored message as it is in the table."""
        columns = "id content sent_at read_at sender_id recipient_id hidden_for_sender hidden_for_recipient"
        Row = collections.namedtuple("Row", columns)
        rows = self.sql(f"SELECT {columns.replace(' ', ', ')} FROM directmessages_message WHERE id = ?", (identity,))
        return Row(*rows[0]) if rows else None


class TwoServers(Server):
    """Two processes on one PostgreSQL database; each connection goes to the other one than the connection before."""

    def __init__(self, database=None, **options):
        super().__init__(database, backend="postgresql", **options)
        self.second = Server(self.store, **options)
        self._turn = itertools.cycle([super().connect, self.second.connect])

    def start(self):
        super().start()
        self.second.start()
        return self

    def stop(self):
        self.second.stop()
        super().stop()

    def connect(self):
        return next(self._turn)()
