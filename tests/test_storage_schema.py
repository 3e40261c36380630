# SPDX-License-Identifier: MIT
"""The tables: Django's to the byte where we make them, untouched where Django has made them."""

import pathlib
import re
import sqlite3

import pytest

from clients import Client
from harness import run_program, sqlite_url
from commands import check_error

pytestmark = pytest.mark.sqlite

DJANGO = (pathlib.Path(__file__).parent / "data" / "django.sql").read_text(encoding="utf-8")
CHECK = ', CONSTRAINT "directmessages_not_to_self" CHECK ("sender_id" <> "recipient_id")'
OURS = [
    "directmessages_block",
    "directmessages_block_blocked",
    "directmessages_block_newest",
    "directmessages_delivery",
    "directmessages_delivery_due",
    "directmessages_event",
    "directmessages_event_log",
    "directmessages_idempotency_key",
    "directmessages_idempotency_key_at",
    "directmessages_inbox",
    "directmessages_inbox_fold",
    "directmessages_inbox_order",
    "directmessages_new_partner",
    "directmessages_new_partner_partner",
    "directmessages_new_partner_started",
    "directmessages_received",
    "directmessages_received_hidden",
    "directmessages_schema",
    "directmessages_sent",
    "directmessages_sent_hidden",
    "directmessages_ticket",
    "directmessages_ticket_expires",
    "directmessages_ticket_key",
    "directmessages_unread",
    "directmessages_webhook",
]
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?")


def open_file(path):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.text_factory = bytes  # as they are stored, whatever that is
    return connection


def query(path, statement, *parameters):
    connection = open_file(path)
    try:
        return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()


def make_django(path, more=""):
    connection = open_file(path)
    connection.executescript(DJANGO + more)
    connection.close()


def schema(path):
    """The text of each table and index that SQLite did not make by itself."""
    rows = query(path, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name.decode(): sql.decode() for name, sql in rows}


def rows_of_django(path):
    """Every row of every table that is not ours, with the types of its values."""
    tables = query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")
    found = {}
    for (name,) in sorted(tables):
        if name.decode() in OURS:
            continue
        rows = query(path, f'SELECT rowid, * FROM "{name.decode()}"')
        found[name.decode()] = sorted(rows, key=repr)
    return found


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.db"


def migrate(path):
    done = run_program("migrate", database=sqlite_url(path))
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


# ---- a database that we make


def test_tables_are_those_of_django_but_for_the_check(path, tmp_path):
    make_django(tmp_path / "django.db")
    migrate(path)
    ours, theirs = schema(path), schema(tmp_path / "django.db")
    assert sorted(set(ours) - set(theirs)) == OURS
    assert ours["directmessages_message"].count(CHECK) == 1
    ours["directmessages_message"] = ours["directmessages_message"].replace(CHECK, "")
    assert {name: text for name, text in ours.items() if name not in OURS} == theirs


def test_migrations_of_django_are_on_record(path, tmp_path):
    make_django(tmp_path / "django.db")
    migrate(path)
    names = "SELECT app, name FROM django_migrations ORDER BY id"
    assert query(path, names) == query(tmp_path / "django.db", names)
    for (applied,) in query(path, "SELECT applied FROM django_migrations"):
        assert STAMP.fullmatch(applied.decode()), "Django reads six digits of a second or none"


def test_sequences_go_on_where_django_expects(path, tmp_path):
    make_django(tmp_path / "django.db")
    migrate(path)
    known = "SELECT seq FROM sqlite_sequence WHERE name = 'django_migrations'"
    assert query(path, known) == query(tmp_path / "django.db", known)


def test_check_refuses_a_message_to_oneself(path):
    migrate(path)
    with pytest.raises(sqlite3.IntegrityError, match="directmessages_not_to_self"):
        query(
            path,
            "INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id) VALUES ('x', 'y', 1, 1)",
        )
    query(
        path, "INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id) VALUES ('x', 'y', 1, 2)"
    )


def test_ids_are_never_given_twice(make_server):
    """AUTOINCREMENT: a row that Django deletes does not lend its id to another."""
    server = make_server()
    one, two = server.users(2)
    last = [one.send(two) for _ in range(3)][-1]["id"]
    server.sql("DELETE FROM directmessages_message")
    assert one.send(two)["id"] == last + 1


def test_nothing_is_due_afterwards(path):
    migrate(path)
    before = schema(path), rows_of_django(path)
    assert "applied" not in migrate(path)
    assert (schema(path), rows_of_django(path)) == before
    assert run_program("migrate", "--check", database=sqlite_url(path)).returncode == 0


# ---- a database that Django has made


ROWS = """
INSERT INTO auth_user
 (id, password, is_superuser, username, last_name, email, is_staff, is_active, date_joined, first_name)
VALUES (1, 'pbkdf2_sha256$1$a$b', 1, 'john', '', '', 1, 1, '2025-01-01 00:00:00', ''),
       (2, '!', 0, 'jane', 'Doe', 'j@x', 0, 1, '2025-01-01 00:00:00.000001', 'Jane'),
       (7, '!', 0, 'j\u00f6rg', '', '', 0, 0, '2025-01-01 00:00:00', '');
INSERT INTO authtoken_token VALUES ('%s', '2025-01-01 00:00:00', 1), ('%s', '2025-01-01 00:00:00', 2),
                                   ('short', '2025-01-01 00:00:00', 7);
INSERT INTO directmessages_message
 (id, content, sent_at, read_at, sender_id, recipient_id, hidden_for_sender, hidden_for_recipient)
VALUES (10, 'no fraction', '2025-01-01 00:00:00', NULL, 1, 2, NULL, NULL),
       (11, 'a fraction', '2025-01-01 00:00:00.100000', '2025-01-02 00:00:00', 2, 1, NULL, NULL),
       (12, 'to myself', '2025-01-01 00:00:01', NULL, 1, 1, NULL, NULL),
       (13, 'hidden', '2025-01-01 00:00:02', NULL, 1, 2, '2025-01-03 00:00:00', NULL),
       (14, '', '2025-01-01 00:00:03', NULL, 7, 2, NULL, '2025-01-03 00:00:00'),
       (15, '\u00e9\U0001f600' || char(10), '2025-01-01 00:00:04', NULL, 2, 1, NULL, NULL);
""" % ("a" * 40, "b" * 40)


@pytest.fixture
def django(path):
    make_django(path, ROWS)
    return path


def test_migrate_leaves_the_data_of_django_as_it_is(django):
    before, tables = rows_of_django(django), schema(django)
    assert run_program("migrate", "--check", database=sqlite_url(django)).returncode == 1
    migrate(django)
    assert rows_of_django(django) == before
    after = schema(django)
    assert sorted(set(after) - set(tables)) == OURS
    assert {name: after[name] for name in tables} == tables
    assert query(django, "PRAGMA integrity_check") == [(b"ok",)]


def test_data_of_django_is_served(django, make_server):
    server = make_server(database=django)
    john, jane = Client(server, "a" * 40), Client(server, "b" * 40)
    assert jane.get("unread/").json() == {"id": 2, "count": 2}
    assert john.get("unread/").json()["count"] in (1, 2)
    page = john.get("conversations/2/").json()["results"]
    assert [(one["id"], one["sent_at"], one["content"]) for one in page] == [
        (15, "2025-01-01T00:00:04Z", "\u00e9\U0001f600\n"),
        (11, "2025-01-01T00:00:00.100000Z", "a fraction"),
        (10, "2025-01-01T00:00:00Z", "no fraction"),
    ]
    assert [one["id"] for one in john.get("conversations/").json()["results"]] in ([2], [2, 1])
    sent = jane.post("send/1/", {"content": "from here"})
    assert sent.status == 201 and sent.json()["id"] == 16
    assert Client(server, "short").get("unread/").status == 401


@pytest.mark.parametrize(
    "missing",
    [
        "DROP TABLE authtoken_token",
        "DROP TABLE directmessages_message",
        "DROP TABLE auth_user",
        "ALTER TABLE directmessages_message DROP COLUMN hidden_for_sender",
        "DROP TABLE auth_user; DROP TABLE authtoken_token",
        "DROP TABLE auth_user; DROP TABLE authtoken_token; DROP TABLE directmessages_message",
        "ALTER TABLE directmessages_message RENAME COLUMN content TO body",
        "ALTER TABLE auth_user DROP COLUMN first_name",
        "ALTER TABLE authtoken_token RENAME COLUMN key TO digest",
        "ALTER TABLE directmessages_message DROP COLUMN read_at",
    ],
    ids=lambda text: text[:60],
)
def test_half_a_database_of_django_is_refused(django, missing):
    """Before anything is done to it, and with a word on what to do."""
    connection = open_file(django)
    connection.executescript(missing)
    connection.close()
    before, tables = rows_of_django(django), schema(django)
    for command in (["migrate"], ["migrate", "--check"], ["user", "list"]):
        check_error(run_program(*command, database=sqlite_url(django)), 1)
    refusal = run_program("migrate", database=sqlite_url(django)).stderr
    assert "Django" in refusal or "migrate" in refusal
    assert (rows_of_django(django), schema(django)) == (before, tables)


@pytest.mark.parametrize(
    "other", ["CREATE TABLE notes (a)", "CREATE VIEW auth_user AS SELECT 1", "CREATE TABLE auth_permission (a)"]
)
def test_database_of_another_program(path, other):
    """Tables beside ours are no harm; names of ours that mean something else are refused with nothing done."""
    query(path, other)
    done = run_program("migrate", database=sqlite_url(path))
    if "notes" in other:
        assert done.returncode == 0
        assert schema(path)["notes"] == other
    else:
        check_error(done, 1)
        assert list(schema(path).values()) == [other]


def test_newer_schema_is_refused(path):
    migrate(path)
    query(
        path,
        "INSERT INTO directmessages_schema (number, name, applied) VALUES (9999, 'of tomorrow', '2030-01-01 00:00:00')",
    )
    before = schema(path)
    for command in (
        ["migrate"],
        ["migrate", "--check"],
        ["user", "list"],
        ["serve", "--listen", "127.0.0.1:0"],
        ["serve", "--listen", "127.0.0.1:0", "--migrate"],
    ):
        done = run_program(*command, database=sqlite_url(path))
        check_error(done, 1)
        assert "newer" in done.stderr
    assert schema(path) == before


# ---- a table that Django has made anew


REBUILD = """
CREATE TABLE "new__message" (
 "id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "content" text NOT NULL, "read_at" datetime NULL,
 "recipient_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED,
 "sender_id" integer NOT NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED,
 "sent_at" datetime NOT NULL, "hidden_for_recipient" datetime NULL, "hidden_for_sender" datetime NULL,
 "more" integer NULL);
INSERT INTO new__message
 SELECT id, content, read_at, recipient_id, sender_id, sent_at, hidden_for_recipient, hidden_for_sender, 1
 FROM directmessages_message;
DROP TABLE directmessages_message;
ALTER TABLE new__message RENAME TO directmessages_message;
"""


@pytest.mark.parametrize(
    "change",
    [
        "DROP INDEX directmessages_sent",
        "DROP INDEX directmessages_received",
        "DROP INDEX directmessages_unread",
        REBUILD,
    ],
    ids=["sent", "received", "unread", "rebuilt"],
)
def test_migrate_is_due_again_when_an_index_is_gone(django, change):
    """Django loses our indexes when it makes a table anew for a change of its own."""
    migrate(django)
    connection = open_file(django)
    connection.executescript(change)
    connection.close()
    for command in (["migrate", "--check"], ["serve", "--listen", "127.0.0.1:0"], ["message", "list"]):
        done = run_program(*command, database=sqlite_url(django))
        check_error(done, 1)
        assert "migrate" in done.stderr
    rows = rows_of_django(django)
    assert "applied" in migrate(django)
    assert rows_of_django(django) == rows
    assert run_program("message", "list", database=sqlite_url(django)).returncode == 0


@pytest.mark.parametrize("change", ["DROP INDEX directmessages_unread", REBUILD], ids=["index", "rebuilt"])
def test_running_server_recovers_after_migrate(make_server, change):
    server = make_server()
    one, two = server.users(2)
    one.send(two)
    change_schema(server, change)
    answers = [two.get("unread/"), one.post(f"send/{two.id}/", {"content": "x"}), two.get(f"conversations/{one.id}/")]
    assert {answer.status for answer in answers} <= {200, 201, 500, 503}, answers
    done = server.run("migrate")
    assert done.returncode == 0, done
    one.send(two, "again")
    assert two.unread() >= 1
    assert [message["content"] for message in two.conversation(one)["results"]][0] == "again"


def change_schema(server, script):
    connection = open_file(server.database)
    connection.executescript(script)
    connection.close()
