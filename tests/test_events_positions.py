# SPDX-License-Identifier: MIT
"""Positions tell a user nothing: not how much others send, not even whether they send."""

import base64
import itertools
import re

import pytest

from streams import Stream, contents, numbers_of

FORM = re.compile(r"[A-Za-z0-9_-]{64}")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def fast(make_server):
    return make_server(env={"DIRECTMESSAGES_EVENTS_HEARTBEAT": 1})


def hear(user, position, count, server=None):
    with Stream(user, last_event_id=position, server=server) as stream:
        return stream.take(count)


def position_of(user, server=None):
    with Stream(user, server=server) as stream:
        return stream.last_id


def have_nothing_in_common(positions):
    """Whether neighbours differ in (nearly) all their bytes, wherever these stand: 5 of 48 are the same by chance once in
    600,000 times."""
    decoded = [base64.urlsafe_b64decode(position) for position in positions]
    same = [sum(x == y for x, y in zip(a, b)) for a, b in itertools.combinations(decoded, 2)]
    return max(same) < 6


def heartbeats(stream, count):
    """The positions of this many heartbeats in a row."""
    found = []
    for _ in range(count):
        stream.wait_comment()
        found.append(stream.last_id)
    return found


def test_positions_of_events_in_a_row_have_nothing_in_common(server, alice, bob):
    with Stream(bob) as stream:
        for number in range(8):
            alice.send(bob, str(number))
        bob.conversation(alice)
        positions = [stream.first["id"]] + [event.id for event in stream.take(16)]
    assert all(FORM.fullmatch(position) for position in positions)
    assert have_nothing_in_common(positions)


def test_an_event_has_the_same_position_wherever_it_is_told(make_server):
    one = make_server()
    two = make_server(database=one.database)
    alice, bob = one.users(2)
    start = position_of(bob)
    with Stream(bob) as live, Stream(alice) as sender, Stream(bob, server=two) as other:
        for number in range(3):
            alice.send(bob, str(number))
        told = [[event.id for event in stream.take(3)] for stream in (live, sender, other)]
    told += [[event.id for event in hear(bob, start, 3, server)] for server in (one, two)]
    one.stop()
    one.start()
    told.append([event.id for event in hear(bob, start, 3)])
    assert told == [told[0]] * 6
    for server in (one, two):
        assert contents(hear(bob, told[0][1], 1, server)) == ["2"]


def test_whether_others_send_is_not_seen(make_server):
    """Beginnings, heartbeats and resets are new each time, whether the log has grown or not; all are the same place."""
    server = fast(make_server)
    alice, bob, carol = server.users(3)
    positions = []
    for grows in (False, True):
        with Stream(carol) as stream:
            positions += [stream.first["id"], *heartbeats(stream, 1)]
            if grows:
                alice.send(bob, "not for carol")
            positions += heartbeats(stream, 2)
        (reset,) = hear(carol, "nonsense", 1)
        assert reset.data["position"] == reset.id
        positions.append(reset.id)
    assert all(FORM.fullmatch(position) for position in positions)
    assert have_nothing_in_common(positions)
    alice.send(carol, "for carol")
    for position in positions:
        assert contents(hear(carol, position, 1)) == ["for carol"]


def test_when_to_reconnect_does_not_count_streams(server, alice):
    """A counter in it would tell how many streams the site opens."""
    times = []
    for _ in range(12):
        with Stream(alice) as stream:
            times.append(int(stream.first["retry"]))
    assert all(1000 <= time < 3000 for time in times)
    steps = {(later - earlier) % 2000 for earlier, later in zip(times, times[1:])}
    assert len(steps) > 6, times


def test_positions_from_before_they_were_opaque_are_heard(make_server):
    """A client that reconnects after an update goes on where it was, and has an opaque position then."""
    server = make_server()
    alice, bob = server.users(2)
    first = alice.send(bob, "before")["id"]
    alice.send(bob, "missed")
    (event,) = hear(bob, numbers_of(server, first), 1)
    assert event.data["content"] == "missed"
    assert FORM.fullmatch(event.id)
    place, mark = numbers_of(server, first).rsplit("-", 1)
    assert hear(bob, f"{place}-{int(mark) ^ 1}", 1)[0].name == "reset"


@pytest.mark.parametrize("place", [0, 15, 30, 45, 63])
def test_a_position_of_which_a_digit_was_changed_is_none(server, alice, bob, place):
    start = position_of(bob)
    alice.send(bob, "x")
    (event,) = hear(bob, start, 1)
    for position in (start, event.id):
        digit = ALPHABET[(ALPHABET.index(position[place]) + 1) % 64]
        assert hear(bob, position[:place] + digit + position[place + 1 :], 1)[0].name == "reset"


def test_the_position_of_another_log_is_none(make_server):
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(bob)
    server.stop()
    server.sql("UPDATE directmessages_event_log SET position_key = ?", [b"\1" * 32])
    server.start()
    alice.send(bob, "x")
    assert hear(bob, start, 1)[0].name == "reset"


def test_each_log_has_a_key_of_its_own(make_server):
    server = make_server()
    keys = set()
    for _ in range(3):
        server.sql("DROP TABLE directmessages_event_log")
        assert server.run("migrate").returncode == 0
        keys |= {bytes(key) for (key,) in server.sql("SELECT position_key FROM directmessages_event_log")}
    assert [len(key) for key in keys] == [32, 32, 32]


def test_a_server_learns_the_key_with_the_log(make_server):
    """Somebody makes the log's table again, as the message of a lost key says, while a stream is open."""
    server = make_server()
    alice, bob = server.users(2)
    with Stream(bob) as stream:
        server.sql("DROP TABLE directmessages_event_log")
        done = server.run("migrate")
        assert (done.returncode, done.stderr) == (0, "")
        event = stream.next()
        assert event.name == "reset"
        alice.send(bob, "after")
        assert contents([stream.next()]) == ["after"]
    assert contents(hear(bob, event.id, 1)) == ["after"]
    server.stop()
    server.start()
    assert contents(hear(bob, event.id, 1)) == ["after"]


def test_a_reset_that_can_not_be_told_yet_is_told_later(make_server):
    """The log is another one, and its key can't be read yet, as between two migrations."""
    server = make_server()
    alice, bob = server.users(2)
    with Stream(bob) as stream:
        with server.transaction() as connection:
            connection.execute("UPDATE directmessages_event_log SET epoch = epoch + 1")
            connection.execute("ALTER TABLE directmessages_event_log RENAME COLUMN position_key TO elsewhere")
        # a session that was not prepared before finds that the schema does not fit
        server.wait_log("cannot read the event log: .*(position_key|the key of positions)")
        server.sql("ALTER TABLE directmessages_event_log RENAME COLUMN elsewhere TO position_key")
        assert stream.next().name == "reset"
        alice.send(bob, "after")
        assert contents([stream.next()]) == ["after"]


def test_without_a_key_no_position_is_given(make_server):
    server = make_server()
    alice, bob = server.users(2)
    position = position_of(bob)
    server.stop()
    server.sql("DELETE FROM directmessages_event_log")
    server.start()
    with Stream(bob, last_event_id=position) as stream:
        assert stream.status == 503
    server.wait_log("the event log has no key for positions; drop the table directmessages_event_log, then run: directmessages migrate")
    assert alice.send(bob, "sent all the same")["id"]
