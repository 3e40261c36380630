# SPDX-License-Identifier: MIT
"""The loops: however many connections are ready at once, and however their clients leave, none is forgotten."""

import contextlib
import signal

import pytest

import harness
from clients import RawConnection
from harness import wait_until
from hostile_client import (
    CHUNKED,
    FORM,
    JSON,
    LISTENING,
    chunk,
    finish,
    get,
    library_is_strict,
    open_sockets,
    request,
    send_to,
)
from test_hostile_crowd import Crowd

pytestmark = [pytest.mark.sqlite, pytest.mark.concurrent]

# So that no timeout helps anybody out.
PATIENT = {"DIRECTMESSAGES_IDLE_TIMEOUT": 3600, "DIRECTMESSAGES_SLOW_TIMEOUT": 3600}


@contextlib.contextmanager
def one_loop(**options):
    """A server of one loop, so that all that is ready is ready for it, with two users."""
    server = harness.Server(flags=["--threads", 1], env=PATIENT, **options).start()
    try:
        server.alice, server.bob = server.users(2)
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def target():
    with one_loop() as server:
        yield server


@pytest.fixture(scope="module", params=["tcp", "unix"])
def either_target(request, target, tmp_path_factory):
    """The same, and one at a Unix socket."""
    if request.param == "tcp":
        yield target
        return
    with one_loop(listen=f"unix:{tmp_path_factory.mktemp('listen')}/socket") as server:
        yield server


def state(server):
    with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


@contextlib.contextmanager
def paused(server):
    """The process does not run within the block."""
    server.process.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: state(server) == "T", "it has stopped")
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def crowd_of(server, count):
    """So many connections that the server has taken; it has no others."""
    wait_until(lambda: open_sockets(server) == LISTENING, "the connections before are closed")
    with Crowd(server, count) as crowd:
        wait_until(lambda: open_sockets(server) == LISTENING + count, "all are connected")
        yield crowd


# ---- ready at once: libmicrohttpd asks for 128 events at a time

COUNTS = [1, 127, 128, 129, 256, 384]


@pytest.mark.parametrize("count", COUNTS)
def test_all_that_are_ready_at_once_are_answered(target, count):
    with crowd_of(target, count) as crowd:
        for _ in range(2):  # the second time on connections that were kept
            with paused(target):
                crowd.send(lambda _: get(target.alice, "unread/"))
            assert crowd.statuses() == [200] * count


@pytest.mark.parametrize("count", COUNTS)
def test_all_that_become_ready_while_the_loop_is_busy_are_answered(target, count):
    if not target.alice.conversation(target.bob)["results"]:
        row = (target.bob, target.alice, "2025-01-01 00:00:00", "2025-01-01 00:00:01", "\x01" * 10_000)
        target.insert_messages([row] * 50)
    with crowd_of(target, count + 4) as crowd:
        crowd.send(lambda number: get(target.alice, f"conversations/{target.bob.id}/" if number < 4 else "unread/"))
        assert crowd.statuses() == [200] * (count + 4)


@pytest.mark.parametrize("count", [128, 129])
def test_writes_that_are_ready_at_once_are_answered(target, count):
    with crowd_of(target, count) as crowd:
        with paused(target):
            crowd.send(lambda _: send_to(target, JSON, body=b'{"content":"x"}'))
        assert crowd.statuses() == [201] * count


def test_connections_that_come_at_once_are_all_taken(target):
    with contextlib.ExitStack() as stack:
        with paused(target):
            crowd = stack.enter_context(Crowd(target, 300))
            crowd.send(lambda _: get(target.alice, "unread/"))
        assert crowd.statuses() == [200] * 300


# ---- clients that leave together with their last bytes


def last_words(server):
    """Names, and how many whole requests there are in which bytes."""
    half = send_to(server, JSON, b"Content-Length: 15") + b'{"conte'
    whole = get(server.alice, "unread/")
    return {
        "nothing": (0, b""),
        "half a head": (0, whole[:-2]),
        "a head": (0, send_to(server, JSON, b"Content-Length: 15")),
        "half a body": (0, half),
        "half a form": (0, send_to(server, FORM, b"Content-Length: 15") + b"content=x"),
        "half a chunked body": (0, send_to(server, JSON, CHUNKED) + chunk(b'{"conte')),
        "half a body that nobody asked for": (0, request(server.alice, "PUT", "unread/", b"Content-Length: 15") + b"x"),
        "a request": (1, whole),
        "two requests": (2, whole * 2),
        "a request that writes": (1, send_to(server, JSON, body=b'{"content":"x"}')),
        "a request and half of one": (1, whole + half),
    }


def all_closed(server):
    wait_until(lambda: open_sockets(server) == LISTENING, "the server lets go of them")


def test_who_closes_with_the_last_bytes_is_noticed(either_target):
    since = len(either_target.log)
    with paused(either_target):
        for _, data in last_words(either_target).values():
            either_target.raw(data).close()
    assert either_target.bob.unread() >= 0  # all of them have been taken
    all_closed(either_target)
    if either_target.socket_path is None:  # the end of a Unix socket overtakes what was sent
        either_target.wait_log(r"access method=POST path=\S+ status=0 bytes=0 us=\d+ user=\d+ why=left$", since)


def test_who_sends_no_more_is_answered_and_closed(either_target):
    words = last_words(either_target)
    if library_is_strict():  # libmicrohttpd 1.0 finds the end first where a request has waited (decision 131)
        del words["a request that writes"]
    with contextlib.ExitStack() as stack:
        clients = []
        with paused(either_target):
            for requests, data in words.values():
                raw = stack.enter_context(either_target.raw(data))
                raw.finish_sending()
                clients.append((requests, raw))
        for requests, raw in clients:
            assert [raw.response().status // 100 for _ in range(requests)] == [2] * requests
            assert raw.hung_up()
    all_closed(either_target)


@pytest.mark.skipif(library_is_strict(), reason="libmicrohttpd 1.0 finds the end first (decision 131)")
def test_who_sends_no_more_while_the_store_is_busy_is_answered_when_it_is_done(either_target):
    with contextlib.ExitStack() as stack:
        for _ in range(8):  # so that each loop has others
            other = stack.enter_context(either_target.raw(get(either_target.alice, "unread/")))
            assert other.response().status == 200
        with either_target.transaction() as transaction:
            transaction.execute("UPDATE auth_user SET first_name = 'x' WHERE id = ?", (either_target.alice.id,))
            raw = stack.enter_context(either_target.raw(send_to(either_target, JSON, body=b'{"content":"last"}')))
            raw.finish_sending()
            assert either_target.bob.unread() >= 0  # the request has begun
        assert raw.response().status == 201
        assert raw.hung_up()


def test_who_leaves_while_the_store_is_busy_is_closed_when_it_is_done(target):
    with contextlib.ExitStack() as stack:
        with target.transaction() as transaction:
            transaction.execute("UPDATE auth_user SET first_name = 'x' WHERE id = ?", (target.alice.id,))
            for leave in (finish, RawConnection.close):
                raw = stack.enter_context(target.raw(send_to(target, JSON, body=b'{"content":"late"}')))
                wait_until(lambda: open_sockets(target) > LISTENING, "it is connected")
                leave(raw)
        all_closed(target)
    assert target.alice.unread() == 0


def test_a_stop_does_not_wait_for_who_has_left():
    """Its grace is ten seconds; who has left is gone before."""
    with one_loop() as server:
        with paused(server):
            server.raw(last_words(server)["half a body"][1]).close()
            server.tell_to_stop()
        server.stop()
    told = [line for line in server.log if "why=" in line]
    assert len(told) == 1 and told[0].endswith("why=left"), told
