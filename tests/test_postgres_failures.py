# SPDX-License-Identifier: MIT
"""PostgreSQL fails in the middle of a write, or is slow to start: what is rerun, what the client gets, what is stored."""

import contextlib
import os
import socket
import struct
import threading
import time

import pytest

import postgres
from databases import PostgresDatabase
from routes import check_error
from harness import run_program, wait_until
from postgres_proxy import Proxy

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
]

UNAVAILABLE = "Service temporarily unavailable."
COMMITTED = b"C\0\0\0\x0bCOMMIT\0"
COUNT = "SELECT count(*) FROM directmessages_message"
# A message whose content is an SQLSTATE and how often fails with it; `tries` counts over what is rolled back.
FAULT = """
    CREATE SEQUENCE tries;
    CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE
        state text := substring(NEW.content FROM '^([0-9A-Z]{5}) [0-9]+$');
        times bigint := substring(NEW.content FROM ' ([0-9]+)$')::bigint;
    BEGIN
        IF state IS NOT NULL AND nextval('tries') <= times THEN
            RAISE EXCEPTION 'a fault' USING ERRCODE = state;
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER fault BEFORE INSERT ON directmessages_message FOR EACH ROW EXECUTE FUNCTION fault()"""


def answer_of(server, sender, recipient, content):
    return sender.post(f"send/{recipient.id}/", {"content": content})


def error_message(sqlstate):
    """What a server says before it ends a connection."""
    fields = b"SFATAL\0VFATAL\0C" + sqlstate.encode() + b"\0Mthe server ends\0\0"
    return b"E" + struct.pack("!I", len(fields) + 4) + fields


@pytest.fixture
def behind(make_server):
    """A server whose connections go through a proxy."""
    proxy = Proxy(postgres.shared().port)
    database = PostgresDatabase()
    database.url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
    server = make_server(database=database, env={"DIRECTMESSAGES_BUSY_TIMEOUT": 8000})
    server.proxy = proxy
    yield server
    server.stop()
    proxy.close()
    database.close()


@pytest.fixture
def faulty(make_server):
    """A server on a database with the trigger, and two users."""
    server = make_server()
    server.alice, server.bob = server.users(2)
    server.sql(FAULT)
    return server


def tries(server):
    return server.sql("SELECT last_value FROM tries")[0][0]


# ---- a commit of which nobody knows


@pytest.mark.parametrize("sqlstate", ["57P01", "57P02"])
def test_a_commit_whose_answer_says_that_the_server_ends_is_not_repeated(behind, sqlstate):
    """It was stored. A client that gets 503 may check, or knowingly send again; we don't."""
    alice, bob = behind.users(2)
    alice.send(bob, "before")
    asked, told = threading.Event(), threading.Event()

    def disturb(data):
        at = data.find(COMMITTED)
        if at < 0 or not asked.is_set() or told.is_set():
            return data
        told.set()
        return data[:at] + error_message(sqlstate)

    behind.proxy.hear = lambda data: b"once" in data and asked.set()  # who folds the inbox commits each second, too
    behind.proxy.change = disturb
    check_error(answer_of(behind, alice, bob, "once"), 503, UNAVAILABLE)
    assert told.is_set()
    assert answer_of(behind, alice, bob, "after").status == 201
    rows = behind.sql("SELECT content FROM directmessages_message ORDER BY id")
    assert [content for (content,) in rows] == ["before", "once", "after"]


# ---- a statement that fails


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_a_clash_with_another_transaction_is_repeated(faulty, sqlstate):
    assert answer_of(faulty, faulty.alice, faulty.bob, f"{sqlstate} 3").status == 201
    assert (tries(faulty), faulty.sql(COUNT)) == (4, [(1,)])


def test_a_clash_is_not_repeated_for_ever(faulty):
    check_error(answer_of(faulty, faulty.alice, faulty.bob, "40001 999"), 503, UNAVAILABLE)
    assert (tries(faulty), faulty.sql(COUNT)) == (6, [(0,)])
    assert answer_of(faulty, faulty.alice, faulty.bob, "after").status == 201


@pytest.mark.parametrize("sqlstate", ["57P01", "0A000", "26000"])
def test_what_only_this_connection_can_not_do_is_done_on_another(faulty, sqlstate):
    assert answer_of(faulty, faulty.alice, faulty.bob, f"{sqlstate} 1").status == 201
    assert (tries(faulty), faulty.sql(COUNT)) == (2, [(1,)])


@pytest.mark.parametrize("sqlstate", ["0A000", "25006"])
def test_what_no_connection_can_do_is_tried_on_one_other(faulty, sqlstate):
    check_error(answer_of(faulty, faulty.alice, faulty.bob, f"{sqlstate} 999"), 503, UNAVAILABLE)
    assert (tries(faulty), faulty.sql(COUNT)) == (2, [(0,)])


def test_what_waits_for_a_lock_is_tried_again(faulty):
    assert answer_of(faulty, faulty.alice, faulty.bob, "55P03 3").status == 201
    assert (tries(faulty), faulty.sql(COUNT)) == (4, [(1,)])


def test_what_waits_for_a_lock_is_given_up_in_time(faulty):
    check_error(answer_of(faulty, faulty.alice, faulty.bob, "55P03 99999"), 503, UNAVAILABLE)
    assert (tries(faulty) > 2, faulty.sql(COUNT)) == (True, [(0,)])
    assert answer_of(faulty, faulty.alice, faulty.bob, "after").status == 201


MEANINGS = [
    ("57014", 503), ("57P03", 503), ("08006", 503), ("22003", 503), ("53300", 503), ("53100", 503),
    ("58030", 503), ("42501", 503), ("42P01", 503), ("42703", 503), ("3F000", 503), ("23503", 404), ("22001", 400),
    ("54000", 400), ("XX000", 500), ("P0001", 500), ("40003", 503),
]  # fmt: skip


@pytest.mark.parametrize("sqlstate, status", MEANINGS)
def test_what_a_failure_means(faulty, sqlstate, status):
    """Once, since it would fail again."""
    answer = answer_of(faulty, faulty.alice, faulty.bob, f"{sqlstate} 999")
    assert (answer.status, tries(faulty), faulty.sql(COUNT)) == (status, 1, [(0,)])
    assert (answer.headers["Retry-After"] is not None) == (status == 503)
    assert answer_of(faulty, faulty.alice, faulty.bob, "after").status == 201


def test_ids_of_an_old_integer_column_that_are_used_up(make_server):
    """It is not the client's fault, and the log has to say so."""
    server = make_server()
    alice, bob = server.users(2)
    server.sql("ALTER TABLE directmessages_message ALTER id TYPE integer")
    server.sql("SELECT setval(pg_get_serial_sequence('directmessages_message', 'id'), ?)", (2**31 - 1,))
    since = len(server.log)
    check_error(answer_of(server, alice, bob, "x"), 503, UNAVAILABLE)
    assert "the ids of a table are used up" in server.wait_log(" warning ", since)
    server.sql("ALTER TABLE directmessages_message ALTER id TYPE bigint")
    assert alice.send(bob, "x")["id"] >= 2**31


# ---- a connection that breaks while it is read from


def break_answers(server, user, most):
    """Ends the connection instead of the answer that names the user, so many times; gives the list of times. The others stay:
    who finds one of them broken would count that as one more."""
    broken = []

    def disturb(data):
        if user.username.encode() not in data or len(broken) >= most:
            return data
        broken.append(time.monotonic())
        return None

    server.proxy.change = disturb
    return broken


@pytest.mark.parametrize("times", [1, 3])
def test_a_read_whose_connection_breaks_is_run_again(behind, times):
    alice, bob = behind.users(2)
    alice.send(bob)
    assert bob.unread() == 1
    broken = break_answers(behind, bob, times)
    assert bob.unread() == 1
    assert len(broken) == times


def test_a_read_whose_connections_break_is_given_up(behind):
    alice, bob = behind.users(2)
    alice.send(bob)
    assert bob.unread() == 1
    broken = break_answers(behind, bob, 1000)
    check_error(bob.get("unread/"), 503, UNAVAILABLE)
    assert len(broken) == 4
    behind.proxy.change = lambda data: data
    assert bob.unread() == 1


# ---- what others' transactions do to reads


# Reads of users fail so often.
READ_FAULT = """
    CREATE SEQUENCE tries;
    CREATE FUNCTION fault() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('tries') <= {} THEN
            RAISE EXCEPTION 'a fault' USING ERRCODE = '{}';
        END IF;
        RETURN true;
    END $$;
    ALTER TABLE auth_user RENAME TO all_users;
    CREATE VIEW auth_user AS SELECT * FROM all_users WHERE fault()"""


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize("times", [3, 999])
def test_a_read_that_other_transactions_are_in_the_way_of_is_repeated(make_server, sqlstate, times):
    server = make_server()
    alice = server.user()
    server.sql(READ_FAULT.format(times, sqlstate))
    answer = alice.get("unread/")
    if times == 3:
        assert (answer.status, tries(server)) == (200, 4)
    else:
        check_error(answer, 503, UNAVAILABLE)
        assert tries(server) == 6, "but not for ever"


def test_reads_are_not_serializable_whatever_the_default(make_server):
    """They would be in the way of others' writes."""
    server = make_server()
    server.sql(f"ALTER DATABASE {server.store.name} SET default_transaction_isolation = 'serializable'")
    server.stop()
    server.start()
    alice, bob = server.users(2)
    alice.send(bob)
    with server.store.cluster.connect(server.store.name) as other:
        other.execute("BEGIN")
        other.execute("SELECT id FROM directmessages_message")
        assert bob.unread() == 1
        locks = "SELECT count(*) FROM pg_locks l WHERE mode = 'SIReadLock' AND pid IS DISTINCT FROM pg_backend_pid()"
        assert other.execute(locks).fetchone()[0] == 0
        other.execute("ROLLBACK")


# ---- what others of the database hear


def notices(connection, count):
    """All notices so far, once there are so many."""
    wire = connection.connection
    wait_until(lambda: wire.poll() == 0 and len(wire.notifies) >= count, f"{count} notices")
    return wire.notifies


def test_each_write_of_the_event_log_is_told(faulty):
    """Other servers wait for it, and need not poll."""
    alice, bob = faulty.alice, faulty.bob
    with faulty.store.cluster.connect(faulty.store.name) as connection:
        connection.execute("LISTEN directmessages_event")
        message = alice.send(bob, "hello")
        assert len(notices(connection, 1)) == 1
        bob.conversation(alice)
        assert len(notices(connection, 2)) == 2
        assert alice.delete(f"messages/{message['id']}/").status == 204
        assert len(notices(connection, 3)) == 3
        alice.send(bob, "again")
        assert len(notices(connection, 4)) == 4


def test_others_are_told_a_few_times_a_second(faulty):
    """However many commits there are: a notification locks the whole cluster."""
    with faulty.store.cluster.connect(faulty.store.name) as connection:
        connection.execute("LISTEN directmessages_event")
        began = time.monotonic()
        for number in range(40):
            faulty.alice.send(faulty.bob, str(number))
        assert len(notices(connection, 1)) <= 2 + 20 * (time.monotonic() - began)


# ---- the schema


def test_an_index_that_was_left_invalid_is_made_anew(faulty):
    index = "indexrelid = 'directmessages_unread'::regclass"
    before = faulty.sql(f"SELECT indexrelid FROM pg_index WHERE {index}")
    faulty.sql(f"UPDATE pg_index SET indisvalid = false WHERE {index}")
    assert faulty.run("migrate", "--check").returncode != 0
    assert faulty.run("migrate").returncode == 0
    assert faulty.sql(f"SELECT indisvalid, indexrelid FROM pg_index WHERE {index}")[0][0] is True
    assert faulty.sql(f"SELECT indexrelid FROM pg_index WHERE {index}") != before
    assert faulty.run("migrate", "--check").returncode == 0


@pytest.mark.parametrize("command", [["migrate"], ["migrate", "--check"], ["serve", "--listen", "127.0.0.1:0"]])
def test_a_database_that_takes_any_bytes_is_refused(command):
    """Answers are UTF-8, and what another program stores there need not be."""
    cluster = postgres.shared()
    name = f"ascii{os.getpid()}"
    with cluster.connect("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        done = run_program(*command, database=cluster.url(name))
        assert done.returncode != 0
        assert "SQL_ASCII" in done.stderr
    finally:
        cluster.drop(name)


# ---- a database that is not there


class Listener:
    """Stands where a database should be: takes connections, and says nothing, or hangs up at once."""

    def __init__(self, hangs_up):
        self.hangs_up = hangs_up
        self.taken = []
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                self.taken.append(client)
                if self.hangs_up:
                    client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        for client in self.taken:
            client.close()


@pytest.mark.parametrize("path", ["unread/", "conversations/{}/", "send/{}/"])
def test_a_connection_that_is_being_made_is_not_waited_for_beyond_the_limit(behind, path):
    """libpq would wait for ten minutes here; the client gets 503, and so does the next."""
    behind.stop()
    behind.env.update(PGCONNECT_TIMEOUT=600, DIRECTMESSAGES_BUSY_TIMEOUT=400)
    behind.start()
    alice, bob = behind.users(2)
    wait_until(lambda: answer_of(behind, alice, bob, "before").status == 201, "it is connected")
    with Listener(hangs_up=False) as silent:
        behind.proxy.target = silent.port
        behind.proxy.hang_up()
        for _ in range(2):
            where = path.format(alice.id)
            answer = bob.post(where, {"content": "x"}) if path.startswith("send") else bob.get(where)
            check_error(answer, 503, UNAVAILABLE)
        behind.proxy.target = postgres.shared().port
    wait_until(lambda: bob.get("unread/").status == 200, "it is there again")


def test_the_database_is_not_flooded_with_attempts_to_connect(behind):
    """And the log says why there is no connection."""
    alice, bob = behind.users(2)
    alice.send(bob, "before")
    with Listener(hangs_up=True) as absent:
        behind.proxy.target = absent.port
        behind.proxy.hang_up()
        since = len(behind.log)
        check_error(bob.get("unread/"), 503, UNAVAILABLE)
        behind.wait_log("(warning|error) .*can't connect to the database", since)
        before, began = len(absent.taken), time.monotonic()
        wait_until(lambda: time.monotonic() - began > 2, "two seconds go by")
        # The lanes' keeper tries five times a second, the listener once.
        assert 2 <= len(absent.taken) - before <= 12 * (time.monotonic() - began)
        behind.proxy.target = postgres.shared().port
    wait_until(lambda: bob.get("unread/").status == 200, "it is there again")


def test_a_database_that_is_not_there_yet_is_told_once(behind):
    """However often it is asked."""
    behind.stop()
    since = len(behind.log)
    with Listener(hangs_up=True) as absent:
        behind.proxy.target = absent.port
        behind.start()
        wait_until(lambda: len(absent.taken) >= 16, "it is asked again and again")
        behind.proxy.target = postgres.shared().port
    behind.wait_log("info the database is available, and its schema is up to date", since)
    assert len([line for line in behind.log[since:] if " warning can't connect" in line]) == 1
