# SPDX-License-Identifier: MIT
"""The two sides, ours and theirs (the reference), each a server on a database of its own with the same content."""

import bisect
import contextlib
import dataclasses
import datetime
import http.client
import re
import time

import harness
import parted
import postgres
import reference_project
from conformance import content
from databases import PostgresDatabase, SqliteFile

HOST = "dm.test"
PREFIX = "/api/dm/"
ROWS = """
    SELECT id, sender_id, recipient_id, content, read_at IS NOT NULL, hidden_for_sender IS NOT NULL,
           hidden_for_recipient IS NOT NULL
    FROM directmessages_message ORDER BY id"""


@dataclasses.dataclass
class Request:
    """What is asked of both. `theirs` is their path where it differs: links of pages hold each side's own times."""

    method: str
    path: str
    user: int | None = None
    headers: list = dataclasses.field(default_factory=list)
    body: bytes | None = None
    theirs: str | None = None
    tag: str = ""

    def target(self, side):
        path = self.theirs if side == "theirs" and self.theirs is not None else self.path
        return path if path.startswith("/") else PREFIX + path

    def pairs(self):
        """All headers."""
        pairs = [("Host", HOST), *self.headers]
        names = {name.lower() for name, _ in pairs}
        if self.user is not None and "authorization" not in names:
            pairs.append(("Authorization", "Token " + content.User(self.user).token))
        if self.body is not None:
            pairs.append(("Content-Length", str(len(self.body))))
        return pairs

    def __str__(self):
        told = f"{self.method} {self.path}" + (f" (theirs: {self.theirs})" if self.theirs is not None else "")
        return f"user {self.user}: {told} {self.headers or ''} {self.body if self.body is not None else ''}".rstrip()


@dataclasses.dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def __str__(self):
        return f"{self.status} {dict(self.headers)}\n    {self.body[:1500]!r}"


class Clock:
    """Tells by which operation a time was made; operations follow one another, so that is the rank of the time."""

    def __init__(self):
        self.began, self.ended, self.numbers = [], [], []

    def span(self, number, began, ended):
        self.began.append(began)
        self.ended.append(ended)
        self.numbers.append(number)

    def label(self, text):
        """`text` as it is written in an answer: the content's own time as it is, a later one by its operation."""
        if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", text) or text.endswith(".000000Z"):
            return f"no time: {text}"
        if text < "2025-03":
            return text
        at = datetime.datetime.fromisoformat(text).timestamp()
        place = bisect.bisect_right(self.began, at + 1e-6) - 1
        if place < 0 or at > self.ended[place] + 1e-6:
            return f"of no operation: {text}"
        return f"of operation {self.numbers[place]}"


class Side:
    """A server that is asked one request after the other, on a connection that is kept where the server keeps it."""

    def __init__(self, name, port, database):
        self.name, self.database = name, database
        self.clock = Clock()
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.DEADLINE)

    def ask(self, request, number):
        began = time.time()
        answer = self._exchange(request)
        self.clock.span(number, began, time.time())
        return answer

    def _exchange(self, request):
        self.connection.putrequest(request.method, request.target(self.name), skip_host=True, skip_accept_encoding=True)
        for name, value in request.pairs():
            self.connection.putheader(name, value)
        self.connection.endheaders(request.body)
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def rows(self):
        """The stored messages."""
        with self.database.transaction() as connection:
            return [tuple(map(_plain, row)) for row in connection.execute(ROWS).fetchall()]


def _plain(value):
    return int(value) if isinstance(value, bool) else value


# A crash of the machine is of no interest here, and the reference commits each message that it marks as read.
QUICK = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF"
BACKENDS = ("sqlite", "postgresql")
APART = ("partitions", "shards")  # how our table of messages is kept; the reference's is a plain one in PostgreSQL


def why_not(backend):
    """Why a backend can't be used here, or None."""
    return postgres.why_not() if backend != "sqlite" else None


def _ours(backend, path, stack):
    if backend == "sqlite":
        return SqliteFile(path)
    if backend == "postgresql":
        return PostgresDatabase()
    return parted.PartitionedDatabase() if backend == "partitions" else parted.sharded(stack)


def _theirs(backend, path):
    """A database that is empty yet, and how Django's settings describe it."""
    if backend == "sqlite":
        return SqliteFile(path), reference_project.sqlite(path, init_command=QUICK)
    made = PostgresDatabase()
    return made, reference_project.postgresql(made.cluster.port, made.name)


def _fill(database, ties):
    for statement in content.statements(ties):
        with database.transaction() as connection:
            connection.execute(statement)


@contextlib.contextmanager
def pair(backend, folder, ties=0):
    """Both sides on databases of the backend, files of theirs in `folder`, with so many messages of one time."""
    with contextlib.ExitStack() as stack:
        ours, (theirs, django) = _ours(backend, folder / "ours.db", stack), _theirs(backend, folder / "theirs.db")
        for database in (ours, theirs):
            stack.callback(database.close)
        project = reference_project.Project(folder / "project", django, content.ALLOWED_RECIPIENTS)
        project.manage("migrate")
        assert harness.run_program("migrate", database=ours.url).returncode == 0
        for database in (ours, theirs):
            _fill(database, ties)
        listed = ",".join(map(str, content.ALLOWED_RECIPIENTS))
        server = harness.Server(database=ours, env={"DIRECTMESSAGES_ALLOWED_RECIPIENTS": listed})
        stack.callback(server.close)
        port = stack.enter_context(project.serving())
        server.start()
        yield Side("ours", server.port, ours), Side("theirs", port, theirs)
