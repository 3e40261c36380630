# SPDX-License-Identifier: MIT
"""Event streams of clients that pause, or take nothing; what is counted, trimmed, and taken for what."""

import socket
import time

import pytest

from clients import RawConnection
from harness import wait_until
from metrics import scrape
from streams import Stream, contents

LOG = "SELECT count(*) FROM directmessages_event"
DISPATCHED = "directmessages_events_dispatched_total"
MANY = """
    WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 12000)
    INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)
    SELECT 1, 1000000 + number, 1, 2, ? FROM numbers"""


class Narrow:
    """A way to a server through which little fits: who does not read soon holds the other side up."""

    def __init__(self, server):
        self.server = server

    def raw(self, data):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect((self.server.host, self.server.port))
        connection = RawConnection(sock)
        connection.send(data)
        return connection


def let_go_by(seconds):
    began = time.monotonic()
    wait_until(lambda: time.monotonic() - began > seconds, f"{seconds} s go by")


def position_of(user):
    with Stream(user) as stream:
        return stream.last_id


# ---- clients that pause


@pytest.mark.sqlite
def test_a_client_that_pauses_for_a_moment_is_kept(make_server):
    server = make_server()
    alice, bob = server.users(2)
    with Stream(bob, server=Narrow(server)) as stream:
        sent = [alice.send(bob, f"{number} ".ljust(2000, "x"))["content"] for number in range(25)]
        let_go_by(1)
        assert contents(stream.take(25)) == sent
    assert scrape(server)["directmessages_event_streams_dropped_total"] == 0


def fill(server, sender, reader, most):
    """Sends more than the system takes for a client that does not read; how many messages."""
    content = "y" * 60_000
    for _ in range(most):
        sender.send(reader, content)
    return most


@pytest.mark.sqlite
def test_a_client_that_takes_nothing_is_dropped_at_the_second_heartbeat(make_server):
    env = {"DIRECTMESSAGES_EVENTS_HEARTBEAT": 1, "DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 1 << 24}
    server = make_server(env=env)
    alice, bob = server.users(2)
    with Stream(bob, server=Narrow(server)) as stream:
        fill(server, alice, bob, 90)
        server.wait_log(rf"access method=GET path=/api/dm/events/ status=200 .* user={bob.id}$")
        assert scrape(server)["directmessages_event_streams_dropped_total"] == 1
        assert stream.status == 200


@pytest.mark.sqlite
def test_a_client_that_takes_something_is_kept(make_server):
    """Though there is always something left for it."""
    env = {"DIRECTMESSAGES_EVENTS_HEARTBEAT": 2, "DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 1 << 24}
    server = make_server(env=env)
    alice, bob = server.users(2)
    with Stream(bob, server=Narrow(server)) as stream:
        began, left = time.monotonic(), 0
        while left < 90:
            left += fill(server, alice, bob, 10)
            left -= len(stream.take(1))  # so that no two heartbeats come before it takes something
        while time.monotonic() - began < 6.5:  # three heartbeats
            stream.take(20)
            fill(server, alice, bob, 20)
            let_go_by(0.1)
        stream.take(left)
    assert scrape(server)["directmessages_event_streams_dropped_total"] == 0


# ---- what is counted, trimmed, and taken for what


def test_replayed_events_are_counted(make_server):
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(bob)
    wait_until(lambda: scrape(server)["directmessages_event_streams"] == 0, "the server has noticed that it is gone")
    for number in range(5):
        alice.send(bob, str(number))
    assert scrape(server)[DISPATCHED] == 0
    with Stream(bob, last_event_id=start) as stream:
        stream.take(5)
        wait_until(lambda: scrape(server)[DISPATCHED] == 5, "they are counted")


def test_trimming_goes_on_until_all_is_done(make_server):
    """In pieces, but without a pause between them."""
    server = make_server(env={"DIRECTMESSAGES_EVENTS_KEEP": 3})
    server.stop()
    server.sql(MANY, (int(time.time() * 1e6),))
    assert server.sql(LOG)[0][0] > 12000
    server.start()
    wait_until(lambda: server.sql(LOG)[0][0] == 3, "the log is trimmed", deadline=30)


def test_events_of_a_message_whose_id_was_used_again_are_not_of_the_new_one(make_server):
    """Between the same two, and read as the old one was: each event has a time of its own."""
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(alice)
    old = alice.send(bob, "old")
    bob.conversation(alice)
    server.store.flush_messages()
    new = alice.send(bob, "new")
    assert new["id"] == old["id"]
    bob.conversation(alice)
    alice.send(bob, "last")
    with Stream(alice, last_event_id=start) as stream:
        events = [(event.name, event.data["content"]) for event in stream.take(3)]
    assert events == [("message_sent", "new"), ("message_read", "new"), ("message_sent", "last")]
