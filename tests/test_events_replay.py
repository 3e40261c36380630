# SPDX-License-Identifier: MIT
"""GET events/ from a position on: what was missed comes in order, nothing twice, nothing left out."""

import itertools
import re
import threading

import pytest

from harness import wait_until
from streams import Stream, contents, settle


EVENTS = "SELECT count(*), min(message_id), max(message_id) FROM directmessages_event"


def position_of(user):
    with Stream(user) as stream:
        return stream.last_id


@pytest.mark.parametrize("by_query", [False, True])
def test_what_was_missed_is_sent_first(alice, bob, by_query):
    start = position_of(bob)
    for number in range(3):
        alice.send(bob, str(number))
    bob.conversation(alice)
    with Stream(bob, f"?last_event_id={start}" if by_query else "", None if by_query else start) as stream:
        assert "id" not in stream.first
        events = stream.take(6)
        assert contents(events) == ["0", "1", "2"] * 2
        alice.send(bob, "live")
        assert contents([stream.next()]) == ["live"]
        middle = events[3].id
    with Stream(bob, last_event_id=middle) as stream:
        assert [(event.name, event.data["content"]) for event in stream.take(3)] == [
            ("message_read", "1"),
            ("message_read", "2"),
            ("message_sent", "live"),
        ]


def test_the_header_counts_where_the_query_says_otherwise(server, alice, bob):
    start = position_of(bob)
    alice.send(bob, "first")
    settle(server)
    later = position_of(bob)
    alice.send(bob, "second")
    with Stream(bob, f"?last_event_id={start}", later) as stream:
        assert contents([stream.next()]) == ["second"]


def test_only_what_is_the_users_is_replayed(alice, bob, carol):
    start = position_of(carol)
    for number in range(20):
        alice.send(bob, "theirs")
        if number % 5 == 0:
            bob.send(carol, f"hers {number}")
    with Stream(carol, last_event_id=start) as stream:
        assert contents(stream.take(4)) == [f"hers {number}" for number in (0, 5, 10, 15)]


def test_across_a_restart_and_a_kill(make_server):
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(bob)
    alice.send(bob, "before the restart")
    server.stop()
    server.start()
    alice.send(bob, "before the kill")
    server.kill()
    server.start()
    alice.send(bob, "after it")
    with Stream(bob, last_event_id=start) as stream:
        assert contents(stream.take(3)) == ["before the restart", "before the kill", "after it"]


def test_on_another_server_of_the_same_database(make_server):
    one = make_server()
    two = make_server(database=one.database)
    alice, bob = one.users(2)
    start = position_of(bob)
    alice.send(bob, "sent on one")
    with Stream(bob, last_event_id=start, server=two) as stream:
        assert contents([stream.next()]) == ["sent on one"]
        alice.send(bob, "sent on one while listening on two")
        assert contents([stream.next()]) == ["sent on one while listening on two"]


@pytest.mark.parametrize("nonsense", ["999999999999", "7-7", "x", "-1", "1-1", "9" * 40, "1-", "-", "1%20OR%201", "%00", "\u00e9"])
def test_a_position_that_is_none_is_told(make_server, shared_server, nonsense):
    server = shared_server
    alice, bob = server.users(2)
    with Stream(bob, f"?last_event_id={nonsense}" if nonsense.isascii() else "?last_event_id=%C3%A9") as stream:
        event = stream.next()
        assert event.name == "reset"
        assert event.data == {"detail": "The events after this position are not known any more.", "position": event.id}
        alice.send(bob, "live")
        assert contents([stream.next()]) == ["live"]
    with Stream(bob, last_event_id=event.id) as stream:
        assert stream.next().name == "message_sent"


def test_a_position_that_was_trimmed_is_told(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS_KEEP": 3})
    alice, bob = server.users(2)
    start = position_of(bob)
    events = []
    with Stream(bob) as stream:
        for number in range(6):
            alice.send(bob, str(number))
            events.append(stream.next())
    server.stop()
    server.start()  # the log is trimmed at the start, and every minute
    wait_until(lambda: server.sql(EVENTS)[0][0] == 3, "the log is trimmed")
    for old in (start, events[2].id):
        with Stream(bob, last_event_id=old) as stream:
            assert stream.next().name == "reset"
    with Stream(bob, last_event_id=events[3].id) as stream:
        assert contents(stream.take(2)) == ["4", "5"]


def test_old_events_are_trimmed_by_age(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS_KEEP_DAYS": 2})
    alice, bob = server.users(2)
    for number in range(4):
        alice.send(bob, str(number))
    day = 86_400_000_000
    server.stop()
    server.sql("UPDATE directmessages_event SET at = at - ? WHERE message_id <= 2", [3 * day])
    server.sql("UPDATE directmessages_event SET at = at - ? WHERE message_id > 2", [1 * day])
    server.start()
    wait_until(lambda: server.sql(EVENTS)[0] == (2, 3, 4), "the log is trimmed")


def test_a_stream_whose_place_is_trimmed_away_is_told(make_server):
    """The end that the server knew goes while it does not look: somebody replaced the log."""
    server = make_server()
    alice, bob = server.users(2)
    with Stream(bob) as stream:
        alice.send(bob, "a")
        assert contents([stream.next()]) == ["a"]
        with server.transaction() as connection:
            connection.execute(
                "INSERT INTO directmessages_event (id, kind, message_id, sender_id, recipient_id, at)"
                " VALUES (1000, 0, 0, 0, 0, 0)"
            )
            connection.execute("DELETE FROM directmessages_event WHERE id < 1000")
        event = stream.next()
        assert event.name == "reset"
        alice.send(bob, "b")
        assert contents([stream.next()]) == ["b"]
    with Stream(bob, last_event_id=event.id) as stream:
        assert contents([stream.next()]) == ["b"]


def test_a_long_way_back_in_pieces(make_server):
    """Far more than is read of the log at once, and than one stream's queue holds."""
    server = make_server(env={"DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 2048})
    alice, bob, carol = server.users(3)
    start = position_of(bob)
    server.insert_messages([(alice, bob, "2025-06-06 12:00:00", None, f"to bob {n}") for n in range(400)])
    server.insert_messages([(alice, carol, "2025-06-06 12:00:00", None, "to carol")] * 1300)
    server.insert_messages([(alice, bob, "2025-06-06 12:00:00", None, f"and to bob {n}") for n in range(400)])
    server.sql(
        "INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)"
        " SELECT 1, id, sender_id, recipient_id, ? FROM directmessages_message ORDER BY id",
        [1_749_211_200_000_000],  # 2025-06-06 12:00:00
    )
    with Stream(bob, last_event_id=start) as stream:
        alice.send(bob, "live")
        told = contents(stream.take(801))
    assert told == [f"to bob {n}" for n in range(400)] + [f"and to bob {n}" for n in range(400)] + ["live"]


@pytest.mark.concurrent
def test_nothing_is_lost_or_doubled_while_streams_come_and_go(make_server):
    """Clients connect again and again from where they were, while others send as fast as they can."""
    server = make_server(env={"DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 1 << 20})
    reader, *senders = server.users(4)
    start = position_of(reader)
    total = 150
    failures = []

    def send(sender):
        try:
            for number in range(total):
                sender.send(reader, f"{sender.id}/{number}")
        except AssertionError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    told, position, sizes = [], start, itertools.cycle([1, 7, 30, 2])
    while len(told) < total * len(senders):
        with Stream(reader, last_event_id=position) as stream:
            events = stream.take(min(next(sizes), total * len(senders) - len(told)))
            told += events
            position = events[-1].id
    for thread in threads:
        thread.join()
    assert not failures
    assert len({event.id for event in told}) == len(told)
    for sender in senders:
        own = [event.data["content"] for event in told if event.data["sender"] == sender.id]
        assert own == [f"{sender.id}/{number}" for number in range(total)]
    with Stream(reader, last_event_id=start) as stream:
        assert stream.take(len(told)) == told


@pytest.mark.concurrent
def test_a_reader_that_is_too_slow_is_dropped_and_can_go_on(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 65536})
    alice, bob, carol = server.users(3)
    with Stream(bob) as slow, Stream(carol) as other:
        content = "x" * 60000
        sent = 0
        line = rf"access method=GET path=/api/dm/events/ status=200 .* user={bob.id}$"
        while not [text for text in server.log if re.search(line, text)]:
            alice.send(bob, f"{sent} {content}")
            sent += 1
            assert sent < 2000, "it takes everything"
        alice.send(carol, "unharmed")
        assert contents([other.next()]) == ["unharmed"]
        told = []
        while (event := slow.next()) is not None:
            told.append(event)
    position = told[-1].id if told else slow.last_id
    with Stream(bob, last_event_id=position) as stream:
        told += stream.take(sent - len(told))
    assert [event.data["content"].split()[0] for event in told] == [str(number) for number in range(sent)]


def test_one_event_may_be_larger_than_the_queue(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 1024})
    alice, bob = server.users(2)
    start = position_of(bob)
    with Stream(bob) as stream:
        message = alice.send(bob, "y" * 1_000_000)
        assert stream.next().data["content"] == message["content"]
    with Stream(bob, last_event_id=start) as stream:
        assert stream.next().data["content"] == message["content"]


def test_events_of_messages_that_were_deleted_are_passed_over(make_server):
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(bob)
    gone, kept = alice.send(bob, "gone"), alice.send(bob, "kept")
    server.sql("DELETE FROM directmessages_message WHERE id = ?", [gone["id"]])
    with Stream(bob, last_event_id=start) as stream:
        assert stream.next().data["id"] == kept["id"]


@pytest.mark.parametrize("same_pair", [False, True])
def test_a_message_that_got_an_old_id_is_not_taken_for_the_old_one(make_server, same_pair):
    """Ids restart when Django empties its tables (manage.py flush), which leaves the log."""
    server = make_server()
    alice, bob, carol, dave = server.users(4)
    start = position_of(alice)
    old = alice.send(bob, "old")
    bob.conversation(alice)
    server.store.flush_messages()
    new = alice.send(bob, "new") if same_pair else carol.send(dave, "not for alice")
    assert new["id"] == old["id"]
    last = alice.send(bob, "last")
    with Stream(alice, last_event_id=start) as stream:
        assert contents(stream.take(1 + same_pair)) == ["new"] * same_pair + [last["content"]]


def test_a_log_that_can_not_be_read_is_waited_for(make_server):
    server = make_server()
    alice, bob = server.users(2)
    with Stream(bob) as stream:
        server.sql("ALTER TABLE directmessages_event RENAME TO elsewhere")
        server.wait_log("cannot read the event log")
        server.sql("ALTER TABLE elsewhere RENAME TO directmessages_event")
        server.wait_log("reading the event log works again")
        alice.send(bob, "after all")
        assert contents([stream.next()]) == ["after all"]


@pytest.mark.sqlite
def test_streams_begin_while_the_log_can_not_be_trimmed(make_server):
    """Trimming waits for the file as all writes do; nothing waits for trimming."""
    server = make_server(env={"DIRECTMESSAGES_EVENTS_KEEP": 1, "DIRECTMESSAGES_BUSY_TIMEOUT": 600_000})
    alice, bob = server.users(2)
    for number in range(5):
        alice.send(bob, str(number))
    server.stop()
    with server.transaction():
        server.start()  # which begins to trim
        with Stream(bob) as stream:
            assert stream.status == 200
    wait_until(lambda: server.sql(EVENTS)[0][0] == 1, "the log is trimmed after all")
