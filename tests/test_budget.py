# SPDX-License-Identifier: MIT
"""All bodies, answers and queues together hold no more than the server may, whoever asks for how many."""

import contextlib
import socket

import pytest

from clients import RawConnection
from harness import wait_until
from hostile_client import is_sanitized
from metrics import scrape
from streams import Stream, contents
from webhook_receiver import LOCAL, create, deliveries, wait_state
from webhook_receiver import make_receiver  # noqa: F401 (fixture)

MIB = 1 << 20
HELD, REFUSED = "directmessages_buffer_bytes", "directmessages_buffer_refused_total"
BODY = b'{"content":"x","y":"' + b"y" * 2_500_000 + b'"}'


def small(make_server, **env):
    return make_server(env={"DIRECTMESSAGES_MAX_BUFFER_BYTES": 16 * MIB, **env})


def post(user, to, framing):
    path = f"/api/dm/send/{to.id}/"
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {user.token}\r\n"
        f"Content-Type: application/json\r\n{framing}\r\n\r\n"
    ).encode()


def ask(server, users, to, *headers):
    """Each asks whether it may send a large body: the connections and the responses."""
    head = "\r\n".join([f"Content-Length: {len(BODY)}", "Expect: 100-continue", *headers])
    raws = [server.raw(post(user, to, head)) for user in users]
    return raws, [raw.response() for raw in raws]


class Narrow:
    """The way to a server of a client that takes little at once: the kernel keeps little for it."""

    def __init__(self, server):
        self.server = server

    def raw(self, data):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)  # else it is megabytes all the same
        sock.connect((self.server.host, self.server.port))
        sock.sendall(data)
        return RawConnection(sock)


def resident(server):
    return scrape(server)["process_resident_memory_bytes"]


def nothing_is_held(server):
    wait_until(lambda: scrape(server)[HELD] == 0, "all is given back")


@pytest.mark.sqlite
def test_bodies_beyond_the_budget_are_refused_before_they_are_read(make_server):
    server = small(make_server)
    alice, bob, *many = server.users(42)
    raws, answers = ask(server, many, bob)
    with contextlib.ExitStack() as stack:
        for raw in raws:
            stack.enter_context(raw)
        assert {answer.status for answer in answers} == {100, 503}
        refused = [answer for answer in answers if answer.status == 503]
        taken = [raw for raw, answer in zip(raws, answers) if answer.status == 100]
        assert len(taken) + len(refused) == 40
        assert 2 <= len(taken) <= 3, "each is read into as much again"
        assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
        assert refused[0].json() == {"detail": "Service temporarily unavailable."}
        assert scrape(server)[HELD] >= len(taken) * len(BODY)
        assert scrape(server)[REFUSED] == len(refused)
        alice.send(bob, "small ones go on")
        assert bob.conversation(alice)["results"][0]["content"] == "small ones go on"
        for raw in taken:
            raw.send(BODY)
            assert raw.response().status == 201
    nothing_is_held(server)
    assert alice.post(f"send/{bob.id}/", BODY).status == 201


@pytest.mark.sqlite
def test_one_user_gets_an_eighth_of_it(make_server):
    server = make_server()
    alice, bob, carol = server.users(3)
    raws, answers = ask(server, [alice] * 30 + [carol], bob)
    with contextlib.ExitStack() as stack:
        for raw in raws:
            stack.enter_context(raw)
        assert [answer.status for answer in answers].count(100) == 32 * MIB // (2 * len(BODY)) + 1
        assert answers[-1].status == 100, "another user's"
    nothing_is_held(server)


@pytest.mark.sqlite
def test_chunks_are_counted_as_they_come(make_server):
    """Their length is unknown beforehand: bytes for which there is no room are discarded, and the response is 503."""
    server = small(make_server)
    alice, bob, *many = server.users(32)
    before = resident(server)
    with contextlib.ExitStack() as stack:
        raws = [stack.enter_context(server.raw(post(user, bob, "Transfer-Encoding: chunked"))) for user in many]
        for raw in raws:
            raw.send(b"%x\r\n%s\r\n" % (len(BODY), BODY))
        wait_until(lambda: scrape(server)[REFUSED] >= 20, "most are refused")
        assert scrape(server)[HELD] <= 16 * MIB
        assert is_sanitized() or resident(server) - before < 40 * MIB, "75 MB were sent"
        alice.send(bob)
        for raw in raws:
            raw.send(b"0\r\n\r\n")
        statuses = [raw.response().status for raw in raws]
    assert set(statuses) == {201, 503}
    assert statuses.count(201) == bob.unread() - 1 >= 1
    nothing_is_held(server)


def test_answers_that_nobody_reads(make_server):
    server = small(make_server)
    alice, bob, carol = server.users(3)
    server.insert_messages([(alice, bob, f"2025-01-01 00:00:{n:02}", None, "x" * 40_000) for n in range(50)])
    request = f"GET /api/dm/conversations/{alice.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {bob.token}\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            stack.enter_context(Narrow(server).raw(request.encode()))
        wait_until(lambda: scrape(server)[REFUSED] > 0, "some are refused")
        assert 0 < scrape(server)[HELD] <= 16 * MIB
        carol.send(alice)
        assert len(alice.conversation(carol)["results"]) == 1
    nothing_is_held(server)
    assert len(bob.conversation(alice)["results"]) == 50


def test_answers_that_take_no_token_and_nobody_reads(make_server):
    server = small(make_server)
    alice, bob = server.users(2)
    anybody = server.anonymous()
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(Narrow(server).raw(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20))
        wait_until(lambda: anybody.get("/metrics").status == 503, "some are refused")
        assert anybody.get("/livez").status == 200
        alice.send(bob)
    wait_until(lambda: anybody.get("/metrics").status == 200, "all is given back")
    assert bob.unread() == 1


LONG = {"DIRECTMESSAGES_MAX_CONTENT_LENGTH": 0, "DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 1 << 30}


def test_an_event_waits_once_for_all_streams(make_server):
    server = small(make_server, DIRECTMESSAGES_EVENTS_STREAMS_PER_USER=40, **LONG)
    alice, bob = server.users(2)
    before = resident(server)
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(Stream(bob, server=Narrow(server))) for _ in range(40)]
        long, short = alice.send(bob, "x" * 2_000_000), alice.send(bob, "short")
        wait_until(lambda: scrape(server)["directmessages_events_dispatched_total"] == 80, "all have been told")
        wait_until(lambda: 2_000_000 < scrape(server)[HELD] < 2_600_000, "it is held once, and nothing of the requests")
        assert is_sanitized() or resident(server) - before < 30 * MIB, "copies of it would be 80 MB"
        for stream in streams[::13]:
            assert contents(stream.take(2)) == [long["content"], short["content"]]
        assert scrape(server)["directmessages_event_streams_dropped_total"] == 0
    nothing_is_held(server)


def test_queues_of_streams_beyond_the_budget(make_server):
    """A stream is closed if there is no room for its events, and continues where it was; others get everything."""
    server = make_server(env={"DIRECTMESSAGES_MAX_BUFFER_BYTES": 32 * MIB, **LONG})
    alice, bob, carol = server.users(3)
    with Stream(bob, server=Narrow(server)) as slow, Stream(carol) as other:
        for number in range(10):
            alice.send(bob, f"{number} " + "x" * 2_000_000)
        wait_until(lambda: scrape(server)["directmessages_event_streams_dropped_total"] == 1, "it is cut off")
        alice.send(carol, "unharmed")
        assert contents([other.next()]) == ["unharmed"]
        position = slow.last_id
    nothing_is_held(server)
    with Stream(bob, last_event_id=position) as stream:
        assert [text[:2] for text in contents(stream.take(10))] == [f"{number} " for number in range(10)]


def test_small_events_that_wait_are_counted_too(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 1 << 20})
    alice, bob = server.users(2)
    with Stream(bob, server=Narrow(server)):
        for _ in range(100):
            alice.send(bob, "x" * 5000)
        wait_until(lambda: scrape(server)[HELD] > 300_000, "they wait")
        assert scrape(server)[HELD] < 600_000
    nothing_is_held(server)


@pytest.mark.concurrent
def test_deliveries_beyond_the_budget_wait_in_the_outbox(make_server, make_receiver):
    """Each endpoint has room for some at once; what is larger than there ever is room for is given up."""
    server = small(make_server, **LONG, **LOCAL)
    alice, bob = server.users(2)
    large = ["x" * 1_900_000] * 20
    server.insert_messages([(alice, bob, "2025-06-06 12:00:00", None, content) for content in [*large, "y" * 17_000_000]])
    receiver = make_receiver()
    identity, _ = create(server, receiver.url)
    server.sql(
        "INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)"
        " SELECT 1, id, sender_id, recipient_id, ? FROM directmessages_message ORDER BY id",
        [1_749_211_200_000_000],  # 2025-06-06 12:00:00
    )
    wait_state(server, "delivered", 20)
    (row,) = wait_state(server, "failed")
    assert row["error"] == "the message is too large"
    assert len(receiver.requests) == 20
    assert {row["attempts"] for row in deliveries(server)} == {"1"}
    assert scrape(server)[REFUSED] > 0
    nothing_is_held(server)
