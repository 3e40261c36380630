# SPDX-License-Identifier: MIT
"""PostgreSQL: what is compared with a snapshot. The server's own statements are run with another session between."""

import concurrent.futures
import re
import threading
import time

import pytest

import postgres
from databases import PostgresDatabase
from harness import INSERT_MESSAGE, stored, wait_until
from streams import Stream, contents
from webhook_receiver import LOCAL, create, endpoints
from webhook_receiver import make_receiver, receiver  # noqa: F401 (fixtures)

pytestmark = pytest.mark.postgresql

FAR = 2**60  # no time that anything here is due by
EVENT = """
    INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)
    SELECT 1, id, sender_id, recipient_id, (extract(epoch FROM sent_at) * 1000000)::bigint
    FROM directmessages_message WHERE id = ?"""
PENDING = """
    INSERT INTO directmessages_delivery (webhook_id, name, kind, message_id, at, state, attempts, next_at, finished_at,
    http_status, error) SELECT ?, 'msg', 1, n, 0, 0, 1, n, 0, 0, '' FROM generate_series(1, ?) n"""
NAMES = "SELECT name FROM directmessages_delivery ORDER BY id"


@pytest.fixture(scope="module")
def telling():
    """A cluster whose log has the text of every statement that is prepared."""
    cluster = postgres.Cluster(settings=[*postgres.SETTINGS, "log_min_messages=log", "log_min_duration_statement=0"])
    yield cluster.start()
    cluster.close()


@pytest.fixture
def server(telling, make_server):
    database = PostgresDatabase(telling)
    yield make_server(database=database)


def statement(server, mark):
    """The statement that holds the mark, as the server has it."""
    log = server.store.cluster.directory / "log"

    def found():
        return [text for text in re.findall(r"parse dm\d+: (.*)", log.read_text()) if mark in text]

    return wait_until(found, f"a statement with {mark!r}")[-1]


def prepare(connection, name, text, parameters):
    connection.connection.cursor().execute(f"PREPARE {name} ({', '.join(['bigint'] * parameters)}) AS {text}")


def execute(connection, name, *values):
    cursor = connection.connection.cursor()
    cursor.execute(f"EXECUTE {name} ({', '.join(map(str, values))})")
    return cursor.fetchall()


def record(connection, sender, recipient, count=1):
    """Messages and their events, of the connection's transaction."""
    for _ in range(count):
        row = connection.execute(INSERT_MESSAGE, stored(sender, recipient, "2026-01-01 12:00:00")).fetchone()
        connection.execute(EVENT, row)


def test_a_claim_whose_snapshot_is_older_than_the_position(server):
    """Another server moves the endpoint on between the snapshot and the lock: there is nothing left to claim."""
    alice, bob = server.users(2)
    claim = statement(server, "is_active FOR UPDATE SKIP LOCKED")
    server.stop()
    webhook, _ = create(server, "http://127.0.0.1:1/")
    slow = claim.replace("AND is_active FOR UPDATE", "AND is_active AND pg_advisory_xact_lock(7) IS NOT NULL FOR UPDATE")
    assert slow != claim
    cluster, name = server.store.cluster, server.store.name
    with cluster.connect(name) as gate, cluster.connect(name) as one, cluster.connect(name) as two:
        prepare(one, "claim", claim, 5)
        prepare(two, "claim", slow, 5)
        record(gate, alice, bob, 5)
        assert len(execute(one, "claim", webhook, FAR, 0, 100, FAR)) == 5
        gate.execute("SELECT pg_advisory_lock(7)")
        late = []
        thread = threading.Thread(target=lambda: late.extend(execute(two, "claim", webhook, FAR, 0, 100, FAR)))
        thread.start()
        waits = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 7"
        wait_until(lambda: gate.execute(waits).fetchall(), "the other claim waits, with its snapshot")
        record(gate, alice, bob, 5)
        assert len(execute(one, "claim", webhook, FAR, 0, 100, FAR)) == 5
        gate.execute("SELECT pg_advisory_unlock(7)")
        thread.join()
        assert late == []
    assert server.sql("SELECT count(*), count(DISTINCT message_id) FROM directmessages_delivery") == [(10, 10)]


def test_trimming_in_the_transaction_that_writes_events(server):
    alice, bob = server.users(2)
    trim = statement(server, "AS (DELETE FROM directmessages_event ")
    server.stop()
    with server.transaction() as connection:
        record(connection, alice, bob)
    with server.transaction() as connection:
        prepare(connection, "trim", trim, 2)
        record(connection, alice, bob)
        execute(connection, "trim", 1, FAR)
    assert server.sql("SELECT count(*) FROM directmessages_event WHERE kind = 1") == [(2,)]


def test_an_endpoint_hears_of_no_message_from_before_it(make_server, receiver):
    """An older transaction is open when the endpoint is created; what it commits later is delivered."""
    server = make_server(env=LOCAL)
    alice, bob = server.users(2)
    with server.transaction() as late:
        record(late, alice, bob)
        alice.send(bob, "before")
        create(server, receiver.url)
        alice.send(bob, "after")
    receiver.wait(2)
    alice.send(bob, "the last")
    receiver.wait(3)
    contents = receiver.contents()  # the first two are due at once, and are delivered side by side
    assert sorted(contents[:2]) == ["Hello", "after"] and contents[2:] == ["the last"]


def test_an_endpoint_that_is_deleted_while_it_is_claimed_for(server):
    """The delivery that the claim makes goes with it."""
    alice, bob = server.users(2)
    claim = statement(server, "is_active FOR UPDATE SKIP LOCKED")
    trim = statement(server, "AS (SELECT id FROM directmessages_delivery WHERE id >")
    webhook, _ = create(server, "http://127.0.0.1:1/", "--events", "message_read")
    server.stop()
    server.sql("UPDATE directmessages_webhook SET events = 3")
    with server.transaction() as connection:
        record(connection, alice, bob)
    with server.transaction() as connection:
        prepare(connection, "claim", claim, 5)
        assert len(execute(connection, "claim", webhook, FAR, 0, 100, FAR)) == 1
        deleting = threading.Thread(target=lambda: server.run("webhook", "delete", webhook))
        deleting.start()
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%DELETE FROM %'"
        with server.store.cluster.connect(server.store.name) as other:
            wait_until(lambda: other.execute(waits).fetchall(), "the deletion waits for the claim")
    deleting.join()
    assert endpoints(server) == {}
    with server.transaction() as connection:
        prepare(connection, "trim", trim, 4)
        execute(connection, "trim", 0, 0, FAR, 7)
    assert server.sql("SELECT count(*) FROM directmessages_delivery") == [(0,)]


def test_a_result_that_comes_while_an_endpoint_is_enabled(server):
    """A full piece was chosen, so there is more, although some of them are no longer pending."""
    piece = 5
    enable = statement(server, "updated AS (UPDATE")
    webhook, _ = create(server, "http://127.0.0.1:1/", "--events", "message_read")
    server.stop()
    with server.transaction() as connection:
        connection.execute(PENDING, (webhook, 2 * piece))
        connection.execute("UPDATE directmessages_webhook SET is_active = false")
    found = []

    def run():
        with server.transaction() as connection:
            connection.connection.cursor().execute(f"PREPARE enable AS {enable}")
            row = execute(connection, "enable", webhook, *["NULL"] * 4, 0, "true", 7, piece)[0]
            found.append((row[0], row[-1]))

    with server.transaction() as connection:
        connection.execute("UPDATE directmessages_delivery SET state = 1")
        connection.execute("UPDATE directmessages_delivery SET state = 0 WHERE id % 2 = 0")
        enabling = threading.Thread(target=run)
        enabling.start()
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'EXECUTE enable%'"
        with server.store.cluster.connect(server.store.name) as other:
            wait_until(lambda: other.execute(waits).fetchall(), "enabling waits for the results")
    enabling.join()
    assert found == [(int(webhook), True)]
    assert server.sql("SELECT is_active FROM directmessages_webhook") == [(False,)]


def test_however_many_commits_there_are_the_log_is_read_at_most_so_often(server):
    """One read gives the events of many commits, so N servers don't read N times as often."""
    alice, bob = server.users(2)
    log = server.store.cluster.directory / "log"
    with Stream(bob) as stream, concurrent.futures.ThreadPoolExecutor(4) as pool:
        begin, began = log.stat().st_size, time.monotonic()
        sent = {answer["content"] for answer in pool.map(lambda number: alice.send(bob, f"{number}"), range(300))}
        assert set(contents(stream.take(300))) == sent
        passed = time.monotonic() - began
        text = log.read_bytes()[begin:].decode("utf-8", "replace")
    reads = len(re.findall(r"execute dm\d+: SELECT e\.transaction", text))
    assert 0 < reads <= passed * 50 + 3


def into_another_cluster(server):
    """What a dump of this database contains, for a cluster whose transaction ids are far lower."""
    with server.transaction() as connection:
        connection.execute("UPDATE directmessages_event SET transaction = transaction + 1000000000 WHERE kind > 0")
        connection.execute("UPDATE directmessages_webhook SET position_transaction = position_transaction + 1000000000")


def test_a_copy_from_another_cluster_goes_on(make_server, receiver):
    """Old events are not delivered again and are trimmed like all others; new ones come behind them."""
    server = make_server(env=LOCAL)
    alice, bob = server.users(2)
    create(server, receiver.url)
    with Stream(bob) as stream:
        for number in range(3):
            alice.send(bob, f"from elsewhere {number}")
        stream.take(3)
    receiver.wait(3)
    server.stop()
    into_another_cluster(server)
    server.start()
    with Stream(bob) as stream:
        alice.send(bob, "from here")
        assert contents([stream.next()]) == ["from here"]
    receiver.wait(4)
    alice.send(bob, "the last")
    receiver.wait(5)
    assert receiver.contents()[3:] == ["from here", "the last"]
    numbers = [row[0] for row in server.sql("SELECT transaction FROM directmessages_event WHERE kind > 0 ORDER BY id")]
    assert numbers == sorted(numbers) and numbers[0] > 1000000000
