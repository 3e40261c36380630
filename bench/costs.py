# SPDX-License-Identifier: MIT
"""What requests cost on PostgreSQL: processor time of the server and of the database, and write-ahead log. For bench/sizing,
bench/partitions, bench/migrate and bench/hub."""

import contextlib
import os
import pathlib
import re
import tempfile
from typing import Iterable, NamedTuple

import postgres
import programs
from programs import Failure, Server

PATH = "/api/dm/"
TEXT = "A message of some length, as people write them: about one hundred characters, which is a long line."
SETTINGS = ["shared_buffers=512MB", "max_wal_size=4GB", "fsync=on"]  # the rest is PostgreSQL's default
TICK = os.sysconf("SC_CLK_TCK")
USERS = """
    INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
    SELECT i, '!', false, 'user' || i, 'First', 'Last', '', false, true, '2025-01-01' FROM generate_series(1, {users}) i"""
TOKENS = """
    INSERT INTO authtoken_token (key, created, user_id) SELECT 'token' || id, '2025-01-01', id FROM auth_user"""


class Cluster:
    def __init__(self, folder: pathlib.Path, settings: Iterable[str] = ()):
        self.cluster = postgres.Cluster(parent=folder, settings=[*SETTINGS, *settings])
        self.cluster.start()

    def database(self) -> "Database":
        return Database(self.cluster)

    def processor_time(self) -> float:
        """Seconds, of all its processes and of those that have ended."""
        ticks = 0
        for pid in self.cluster.processes():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, fields[11:15] if pid == self.cluster.pid() else fields[11:13]))
        return ticks / TICK

    def close(self) -> None:
        self.cluster.close()


class Database:
    def __init__(self, cluster: postgres.Cluster):
        self.cluster, self.name = cluster, cluster.database()
        self.url = cluster.url(self.name)

    def execute(self, *statements: str) -> None:
        with self.cluster.connect(self.name) as connection:
            for statement in statements:
                connection.execute(statement)

    def number(self, question: str) -> int:
        with self.cluster.connect(self.name) as connection:
            return int(connection.execute(question).fetchone()[0])

    def fill_users(self, users: int) -> None:
        programs.migrate(self.url)
        self.execute(USERS.format(users=users), TOKENS)


class Cost(NamedTuple):
    """Of one request."""

    requests: int
    server: float  # microseconds
    database: float
    log: float  # bytes of write-ahead log


def request(method: str, path: str, user: int, body: str = "") -> str:
    """A line for load.lua."""
    return f"{method} {PATH}{path} token{user} - {body}".rstrip()


def write_requests(folder: pathlib.Path, lines: Iterable[str]) -> pathlib.Path:
    with tempfile.NamedTemporaryFile("w", suffix=".requests", dir=folder, delete=False) as file:
        file.write("\n".join(lines) + "\n")
    return pathlib.Path(file.name)


def measure(cluster: Cluster, database: Database, server: Server, requests: pathlib.Path, seconds: int, once: bool) -> Cost:
    """Sends them for so long, or each once, which may end earlier, and divides."""
    lsn = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
    before = server.processor_time(), cluster.processor_time(), database.number(lsn)
    threads, more = (1, ["once"]) if once else (programs.LOAD_THREADS, [])
    command = programs.wrk(server.port, requests, seconds, programs.CONNECTIONS, threads, *more)
    output = programs.finish(command, "wrk", seconds)
    after = server.processor_time(), cluster.processor_time(), database.number(lsn)
    found = re.search(r"^result requests=(\d+) .* statuses=0 sockets=0$", output, re.MULTILINE)
    if not found:
        raise Failure(f"wrk: something went wrong:\n{output}")
    count = int(found[1])
    return Cost(count, (after[0] - before[0]) / count, (after[1] - before[1]) * 1e6 / count, (after[2] - before[2]) / count)
