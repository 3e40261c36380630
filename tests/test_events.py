# SPDX-License-Identifier: MIT
"""GET events/: who gets which events, the headers, the limits, and how streams end."""

import contextlib
import time

import pytest

from routes import check_error, compact
from harness import wait_until
from metrics import scrape
from streams import Chunks, Stream, contents, settle


ALLOW = "GET, HEAD, OPTIONS"


def fast(make_server, **settings):
    """A server whose heartbeats come every second."""
    return make_server(env={f"DIRECTMESSAGES_EVENTS_{name}": value for name, value in {"HEARTBEAT": 1, **settings}.items()})


def test_a_message_is_heard_of_by_both_sides(alice, bob):
    with Stream(alice) as of_alice, Stream(bob) as of_bob:
        message = alice.send(bob, "Hello, Bob!\nNew line \u2028 \U0001f600")
        sent, received = of_alice.next(), of_bob.next()
        assert (sent.name, sent.data) == ("message_sent", message)
        assert (received.name, received.data) == ("message_sent", {**message, "direction": "in"})
        assert sent.id == received.id


def test_reading_is_heard_of_by_both_sides_message_by_message(alice, bob):
    with Stream(alice) as of_alice, Stream(bob) as of_bob:
        ids = [alice.send(bob, str(number))["id"] for number in range(3)]
        page = bob.conversation(alice)["results"]
        events = of_bob.take(6)
        assert [event.name for event in events] == ["message_sent"] * 3 + ["message_read"] * 3
        assert [event.data["id"] for event in events] == ids * 2
        assert [event.data["read_at"] for event in events[:3]] == [None] * 3
        assert [event.data for event in events[3:]] == page[::-1]
        assert [{**event.data, "direction": "in"} for event in of_alice.take(6)] == [event.data for event in events]
        assert len({event.id for event in events}) == 6


def test_others_hear_nothing(alice, bob, carol):
    with Stream(carol) as stream:
        message = alice.send(bob, "not for carol")
        assert bob.conversation(alice)["results"][0]["id"] == message["id"]
        bob.send(carol, "for carol")
        assert contents([stream.next()]) == ["for carol"]


def test_what_happened_before_is_not_sent(server, alice, bob):
    alice.send(bob, "before")
    settle(server)
    with Stream(bob) as stream:
        alice.send(bob, "after")
        assert contents([stream.next()]) == ["after"]


def test_a_user_has_several_streams(alice, bob):
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(bob)) for _ in range(5)]
        alice.send(bob, "for all of them")
        for stream in streams:
            assert contents([stream.next()]) == ["for all of them"]


def test_a_message_that_was_hidden_is_not_sent_to_who_has_hidden_it(alice, bob):
    with Stream(bob) as stream:
        start = stream.last_id
    hidden, kept = alice.send(bob, "hidden by bob"), alice.send(bob, "kept")
    assert bob.delete(f"messages/{hidden['id']}/").status == 204
    with Stream(bob, last_event_id=start) as of_bob, Stream(alice, last_event_id=start) as of_alice:
        assert of_bob.next().data["id"] == kept["id"]
        assert contents(of_alice.take(2)) == ["hidden by bob", "kept"]


def test_the_head_and_the_first_lines(alice):
    with Stream(alice) as stream:
        assert stream.status == 200
        assert stream.headers.pop("Date").endswith(" GMT")
        assert stream.headers == {
            "Connection": "close",
            "Transfer-Encoding": "chunked",
            "Content-Type": "text/event-stream",
            "Allow": ALLOW,
            "Cache-Control": "no-cache",
            "X-Accel-Buffering": "no",
            "X-Content-Type-Options": "nosniff",
        }
        assert list(stream.first) == [":", "retry", "id"]
        assert 1000 <= int(stream.first["retry"]) < 3000


def test_head_opens_no_stream(alice):
    answer = alice.head("events/")
    assert (answer.status, answer.body, answer.headers["Allow"]) == (200, b"", ALLOW)
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_nothing_follows_a_head(server, alice):
    """Found by schemathesis: a last chunk came behind it, and was taken for the next answer."""
    head = f"HEAD {server.prefix}events/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {alice.token}\r\n\r\n"
    with server.raw(head.encode()) as raw:
        answer = raw.response(head=True)
        assert answer.headers.get_all("Connection") == ["close"]
        assert "Transfer-Encoding" not in answer.headers
        assert raw.hung_up()


def test_options(alice):
    answer = alice.options("events/")
    parses = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
    told = {"name": "Event Stream", "description": "", "renders": ["text/event-stream"], "parses": parses}
    assert (answer.status, answer.body, answer.headers["Allow"]) == (200, compact(told), ALLOW)
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*", "text/*", "application/json, text/event-stream;q=0.1"])
def test_accept_that_covers_a_stream(alice, accept):
    assert alice.head("events/", {"Accept": accept}).status == 200


@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/plain, image/*"])
def test_accept_that_excludes_a_stream(alice, accept):
    check_error(alice.get("events/", {"Accept": accept}), 406, "Could not satisfy the request Accept header.")


def test_errors_are_those_of_all_routes(server, alice):
    check_error(server.anonymous().get("events/"), 401, "Authentication credentials were not provided.")
    check_error(alice.get("events/", {"Authorization": "Token nope"}), 401, "Invalid token.")
    check_error(alice.post("events/", {}), 405, 'Method "POST" not allowed.')
    check_error(alice.get("events/?format=xml"), 404, "Not found.")
    assert alice.get("events").headers["Location"] == server.prefix + "events/"


def test_an_answer_to_http_1_0(server, alice):
    head = f"GET {server.prefix}events/ HTTP/1.0\r\nAuthorization: Token {alice.token}\r\n\r\n"
    with server.raw(head.encode()) as raw:
        assert raw.reader.readline() == b"HTTP/1.1 200 OK\r\n"
        assert b"Transfer-Encoding" not in b"".join(iter(raw.reader.readline, b"\r\n"))
        assert raw.reader.readline() == b":\n"


def test_after_other_requests_on_the_same_connection(server, alice, bob):
    head = f"Host: x\r\nAuthorization: Token {bob.token}\r\n\r\n"
    with server.raw(f"GET {server.prefix}unread/ HTTP/1.1\r\n{head}".encode()) as raw:
        assert raw.response().json()["count"] == 0
        raw.send(f"GET {server.prefix}events/ HTTP/1.1\r\n{head}".encode())
        while raw.reader.readline() != b"\r\n":
            pass
        lines = Chunks(raw.reader)
        assert lines.readline() == b":\n"
        alice.send(bob, "through a connection that was used before")
        while not (line := lines.readline()).startswith(b"data: "):
            assert line
        assert b"used before" in line


def test_heartbeats_come_and_tell_how_far_the_log_was_looked_through(make_server):
    server = fast(make_server)
    alice, bob, carol = server.users(3)
    with Stream(carol) as stream:
        start = stream.last_id
        message = alice.send(bob)
        stream.wait_comment()  # it may have been on its way
        stream.wait_comment()
        position = stream.last_id
    server.sql("DELETE FROM directmessages_event WHERE message_id <> ?", [message["id"]])
    alice.send(carol, "missed")
    with Stream(carol, last_event_id=position) as stream:
        assert contents([stream.next()]) == ["missed"]
    with Stream(carol, last_event_id=start) as stream:
        assert stream.next().name == "reset"


@pytest.mark.parametrize("how", ["deactivate", "revoke", "reset"])
def test_a_stream_ends_when_its_user_may_not_listen_any_more(make_server, how):
    server = fast(make_server)
    alice, bob = server.users(2)
    command = {"deactivate": ["user", "deactivate"], "revoke": ["token", "revoke"], "reset": ["token", "create", "--reset"]}
    with Stream(alice) as of_alice, Stream(bob) as of_bob:
        assert server.run(*command[how], alice.username).returncode == 0
        assert of_alice.ends()
        of_bob.wait_comment()
        of_bob.wait_comment()


def test_a_client_that_leaves_is_noticed(make_server):
    server = fast(make_server, STREAMS=1)
    alice, bob = server.users(2)

    def join(user):
        return wait_until(lambda: (one := Stream(user)).status == 200 and one, "room for another")

    for _ in range(3):
        since = len(server.log)
        with join(alice):
            check_error(bob.get("events/"), 503, "Too many event streams are open.")
        server.wait_log(rf"access method=GET path=\S+/events/ status=200 .* user={alice.id}$", since)
        with join(bob):
            assert alice.head("events/").status == 200


def test_limits_of_streams(make_server):
    server = fast(make_server, STREAMS=3, STREAMS_PER_USER=2)
    alice, bob = server.users(2)
    with Stream(alice), Stream(alice):
        check_error(alice.get("events/"), 429, "Too many event streams of this user are open.")
        with Stream(bob) as stream:
            answer = bob.get("events/")
            check_error(answer, 503, "Too many event streams are open.")
            assert answer.headers["Retry-After"] == "1"
            bob.send(alice, "still served")
            assert contents([stream.next()]) == ["still served"]


def test_without_events_there_is_no_stream(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS": 0})
    alice, bob = server.users(2)
    alice.send(bob)
    check_error(alice.get("events/"), 404, "Not found.")
    check_error(alice.post("events/ticket/", {}), 404, "Not found.")
    assert server.sql("SELECT count(*) FROM directmessages_event WHERE kind > 0") == [(0,)]


@pytest.mark.concurrent
def test_stopping_ends_all_streams_at_once(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS_STREAMS_PER_USER": 1000})
    alice, bob = server.users(2)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(alice)) for _ in range(300)]
        stuck = stack.enter_context(Stream(bob))  # takes nothing any more, with something under way
        for _ in range(40):
            alice.send(bob, "x" * 50000)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 8, "it waited for the streams"
        for stream in streams:
            while stream.next() is not None:
                pass
            assert stream.lines.whole
        assert stuck is not None
    lines = [line for line in server.log if "/events/ status=200" in line]
    assert len(lines) == 301


def test_the_log_has_no_ticket_and_no_position(make_server):
    server = make_server(flags=["--log-level", "debug"])
    alice = server.user()
    ticket = alice.post("events/ticket/", {}).json()["ticket"]
    position = "4711" * 4  # no time, port or number of bytes has so many digits
    with Stream(server.anonymous(), f"?ticket={ticket}&last_event_id={position}") as stream:
        assert stream.status == 200
    server.wait_log(rf"access method=GET path=/api/dm/events/ status=200 bytes=\d+ us=\d+ user={alice.id}$")
    server.stop()
    assert not [line for line in server.log if ticket in line or position in line or alice.token in line]


def test_streams_are_counted(make_server):
    server = fast(make_server)
    alice, bob = server.users(2)
    with Stream(alice) as of_alice, Stream(bob) as of_bob:
        alice.send(bob)
        of_alice.next(), of_bob.next()
        names = ["event_streams", "event_streams_opened_total", "event_streams_dropped_total", "events_dispatched_total"]
        wait_until(lambda: [scrape(server)["directmessages_" + name] for name in names] == [2, 2, 0, 2], "all is counted")
    wait_until(lambda: scrape(server)["directmessages_event_streams"] == 0, "both are gone")
