# SPDX-License-Identifier: MIT
"""Fills a migrated database with users, tokens and messages: the same each time, of the same shape at each size.

Each user has 100 messages sent and 100 received, four fifths of them read, among random partners. One user in ten
shares about 60 messages with one partner, spread over the whole time and all read, for pages of 50.
"""

import hashlib
import io
import itertools
import random
import sqlite3
from datetime import datetime, timezone
from typing import Any, Callable, Iterator, NamedTuple

MESSAGES_PER_USER = 100
USERS_PER_HEAVY_PAIR = 20
MESSAGES_PER_HEAVY_PAIR = 60
START = datetime(2025, 1, 1, tzinfo=timezone.utc).timestamp()
SECONDS_IN_ALL = 300 * 86400
READ_AT = "2025-11-30 08:15:00.250000"
SEED = 20250606

WORDS = "lunch at noon or shall we meet later today then bring the notes from last week and thanks for all".split()
INSERT_USER = """
    INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
                           date_joined)
    VALUES (?, '!', 0, ?, 'First', 'Last', ?, 0, 1, '2024-12-31 12:00:00')"""
INSERT_TOKEN = "INSERT INTO authtoken_token (key, created, user_id) VALUES (?, '2024-12-31 12:00:00', ?)"
INSERT_MESSAGE = """
    INSERT INTO directmessages_message (content, sender_id, recipient_id, sent_at, read_at) VALUES (?, ?, ?, ?, ?)"""


class Data(NamedTuple):
    """How many users a database holds; everything else follows from that."""

    users: int

    @property
    def messages(self) -> int:
        return self.users * MESSAGES_PER_USER

    @property
    def heavy_pairs(self) -> int:
        return self.users // USERS_PER_HEAVY_PAIR

    def heavy_pair(self, number: int) -> tuple[int, int]:
        return 2 * number + 1, 2 * number + 2

    def is_heavy(self, one: int, other: int) -> bool:
        return (one - 1) // 2 == (other - 1) // 2 < self.heavy_pairs

    def token(self, user: int) -> str:
        return hashlib.sha1(f"token of user {user}".encode()).hexdigest()


def contents(rng: random.Random) -> list[str]:
    """256 sentences of 10 to 130 characters."""
    return [" ".join(rng.choices(WORDS, k=rng.randint(3, 24))) for _ in range(256)]


def messages(data: Data) -> Iterator[tuple]:
    """The rows in the order of their ids, their times strictly increasing."""
    rng = random.Random(SEED)
    texts = contents(rng)
    bits = rng.getrandbits
    users = data.users
    step = SECONDS_IN_ALL / data.messages
    heavy_every = data.messages // (data.heavy_pairs * MESSAGES_PER_HEAVY_PAIR)
    for number in range(data.messages):
        dice = bits(64)
        if number % heavy_every == 0:
            turn, pair = divmod(number // heavy_every, data.heavy_pairs)
            sender, recipient = data.heavy_pair(pair)[:: 1 if turn % 2 else -1]
        else:
            sender = (dice >> 24) % users + 1
            recipient = (sender + (dice >> 9) % (users - 1)) % users + 1
        read = dice % 5 != 0 or data.is_heavy(sender, recipient)
        sent_at = datetime.fromtimestamp(START + number * step + 0.000321, timezone.utc)
        yield (texts[dice & 255], sender, recipient, sent_at.isoformat(" ")[:26], READ_AT if read else None)


def showing(rows: Iterator[tuple], show: Callable[[int], None]) -> Iterator[tuple]:
    for number, row in enumerate(rows):
        if number % 10_000 == 0:
            show(number)
        yield row


FILL_INBOXES = "UPDATE directmessages_inbox_fold SET is_filled = false"  # by the next migrate


def fill(path: str, data: Data, show: Callable[[int], None]) -> None:
    """Stores all rows and shows how many messages are stored. Quick and not durable: nobody else uses the file yet."""
    connection = sqlite3.connect(path, isolation_level=None)
    run = connection.execute
    run("PRAGMA journal_mode = OFF")
    run("PRAGMA synchronous = OFF")
    run("PRAGMA locking_mode = EXCLUSIVE")
    run("PRAGMA cache_size = -1000000")
    run("BEGIN")
    ids = range(1, data.users + 1)
    connection.executemany(INSERT_USER, ((user, f"user{user}", f"user{user}@example.com") for user in ids))
    connection.executemany(INSERT_TOKEN, ((data.token(user), user) for user in ids))
    connection.executemany(INSERT_MESSAGE, showing(messages(data), show))
    run("COMMIT")
    run("PRAGMA journal_mode = WAL")
    connection.close()


class Lines(io.TextIOBase):
    """Rows in the format of COPY. No text here needs escapes."""

    def __init__(self, rows: Iterator[tuple]):
        self.rows = rows

    def read(self, size: int = -1) -> str:
        lines = ["\t".join("\\N" if value is None else str(value) for value in row) + "\n"
                 for row in itertools.islice(self.rows, max(size, 8192) // 128)]
        return "".join(lines)


def copy(cursor: Any, path: str, show: Callable[[int], None]) -> None:
    """Copies the rows of a filled SQLite file to PostgreSQL. The new ids of messages equal the old ones."""
    source = sqlite3.connect(path)
    for table, columns in (
        ("auth_user", "id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined"),
        ("authtoken_token", "key, created, user_id"),
        ("directmessages_message", "content, sender_id, recipient_id, sent_at, read_at"),
    ):
        rows = source.execute(f"SELECT {columns} FROM {table} ORDER BY rowid")
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", Lines(showing(rows, show)))
    source.close()
