# SPDX-License-Identifier: MIT
"""The content that both databases begin with: the same users, tokens and messages, as SQL for any database."""

import dataclasses
import datetime
import hashlib

# The first few talk a lot; user 1 has more than two pages of partners; the last few have a part of their own.
TALKERS = range(1, 9)
MANY_PARTNERS = 1
QUIET = range(9, 130)
TIED = (130, 131)  # for messages of one time
ALONE = 132  # has no message
INACTIVE = 133
OUTSIDERS = (134, 135)  # not among the allowed recipients
ALL = range(1, 136)
ALLOWED_RECIPIENTS = [identity for identity in ALL if identity not in OUTSIDERS]
TIES = 1_060  # DRF's offsets end at 1,000
START = datetime.datetime(2025, 1, 1)
NAMES = [("", ""), ("Jane", "Doe"), ("J\u00fcrgen", "Gro\u00df"), ('"Q"', "O'Hara \\"), ("\u5c71\u7530", "\U0001f600")]


@dataclasses.dataclass(frozen=True)
class User:
    """A user; the token is made of the id."""

    id: int

    @property
    def token(self):
        return hashlib.sha1(b"conformance %d" % self.id).hexdigest()

    @property
    def username(self):
        return f"user{self.id:03}"

    @property
    def row(self):
        """As in the list of partners."""
        first, last = NAMES[self.id % len(NAMES)]
        return {"id": self.id, "username": self.username, "first_name": first, "last_name": last}


@dataclasses.dataclass
class Message:
    """What matters of a message in both databases."""

    id: int
    sender: int
    recipient: int
    content: str
    sent_at: str = ""
    read: bool = False
    hidden_for: set = dataclasses.field(default_factory=set)

    def visible_to(self, user):
        return user in (self.sender, self.recipient) and user not in self.hidden_for

    def unread_by(self, user):
        return self.recipient == user and not self.read and self.visible_to(user)


def _pairs():
    """(sender, recipient) of each message; conversations of more than a page among them."""
    for other in QUIET:
        yield (MANY_PARTNERS, other) if other % 2 else (other, MANY_PARTNERS)
    for number in range(70):
        yield (1, 2) if number % 3 else (2, 1)
    for number in range(110):
        yield (2, 3) if number % 2 else (3, 2)
    for one in TALKERS:
        for other in TALKERS:
            if one != other:
                yield one, other


def messages(ties=0):
    """All messages, with ids in the order of their times; some times have no fraction, the last `ties` are equal."""
    made = []
    pairs = [*_pairs(), *(TIED if number % 2 else TIED[::-1] for number in range(ties))]
    for number, (sender, recipient) in enumerate(pairs, 1):
        at = START + datetime.timedelta(seconds=number, microseconds=number * 37 % 5 * 1010)
        if sender in TIED:
            at = START + datetime.timedelta(days=1)
        read = number % 3 == 0 or sender in TIED
        made.append(Message(number, sender, recipient, f"message {number}", str(at), read))
    return made


def _text(value):
    return "'" + value.replace("'", "''") + "'"


def _insert(table, columns, rows):
    return f"INSERT INTO {table} ({columns}) VALUES\n" + ",\n".join(f"({', '.join(row)})" for row in rows)


def statements(ties):
    """Statements for SQLite and PostgreSQL (with its time zone set to UTC) alike."""
    began, users = _text(str(START)), [User(identity) for identity in ALL]
    columns = "password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined"
    rows = [
        ("'!'", "FALSE", *(_text(user.row[name]) for name in ("username", "first_name", "last_name")), "''", "FALSE")
        + (str(user.id != INACTIVE).upper(), began)
        for user in users
    ]
    tokens = [(_text(user.token), began, str(user.id)) for user in users]
    letters = [
        (str(one.sender), str(one.recipient), _text(one.sent_at), "'2025-02-01 12:00:00'" if one.read else "NULL")
        + (_text(one.content),)
        for one in messages(ties)
    ]
    return [
        _insert("auth_user", columns, rows),
        _insert("authtoken_token", "key, created, user_id", tokens),
        _insert("directmessages_message", "sender_id, recipient_id, sent_at, read_at, content", letters),
    ]
