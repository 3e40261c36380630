# SPDX-License-Identifier: MIT
"""Event streams of several servers on one PostgreSQL database: notifications, and the order of commits."""

import pytest

from harness import wait_until
from streams import Stream, contents

pytestmark = pytest.mark.postgresql

LISTENERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^(LISTEN|NOTIFY) '"
RECORD = """
    INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)
    SELECT 1, id, sender_id, recipient_id, (extract(epoch FROM sent_at) * 1000000)::bigint
    FROM directmessages_message WHERE id = ?"""


@pytest.fixture
def pair(make_server):
    one = make_server()
    two = make_server(database=one.database)
    wait_until(lambda: len(one.sql(LISTENERS)) == 2, "both listen")
    return one, two


def test_servers_tell_each_other(pair):
    one, two = pair
    alice, bob = one.users(2)
    with Stream(alice, server=two) as of_alice, Stream(bob, server=two) as of_bob:
        for number in range(20):
            alice.send(bob, str(number))
        bob.conversation(alice)
        assert contents(of_bob.take(40)) == [str(number) for number in range(20)] * 2
        assert [event.name for event in of_alice.take(40)] == ["message_sent"] * 20 + ["message_read"] * 20


def test_a_listener_that_was_cut_off_comes_back_and_nothing_is_missed(pair):
    one, two = pair
    alice, bob = one.users(2)
    with Stream(bob, server=two) as stream:
        old = one.sql(LISTENERS)
        for (pid,) in old:
            one.sql("SELECT pg_terminate_backend(?)", [pid])
        alice.send(bob, "while nobody listens")
        assert contents([stream.next()]) == ["while nobody listens"]
        wait_until(lambda: len(set(one.sql(LISTENERS)) - set(old)) == 2, "both listen again")
        alice.send(bob, "afterwards")
        assert contents([stream.next()]) == ["afterwards"]


def test_a_transaction_that_commits_late_is_not_skipped(pair):
    """Its event comes in its place: what is behind it waits, also for who comes meanwhile."""
    one, two = pair
    alice, bob = one.users(2)
    with Stream(bob) as stream, Stream(bob, server=two) as other:
        start = stream.last_id
        (late,) = one.insert_messages([(alice, bob, "2025-06-06 12:00:00", None, "begun first")])
        with one.transaction() as connection:
            connection.execute(RECORD, (late,))
            alice.send(bob, "committed first")
            with Stream(bob, last_event_id=start) as third:
                assert third.status == 200
                alice.send(bob, "committed second")
        with Stream(bob, last_event_id=start) as fourth:
            for one_of_them in (stream, other, fourth):
                assert contents(one_of_them.take(3)) == ["begun first", "committed first", "committed second"]


def test_without_events_nobody_listens(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS": 0})
    alice, bob = server.users(2)
    alice.send(bob)
    assert server.sql(LISTENERS) == []
