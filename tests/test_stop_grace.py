# SPDX-License-Identifier: MIT
"""A server that stops waits for slow clients whose requests are under way, and serves whoever waits to be taken; and a
loop that has work does not sleep."""

import contextlib
import signal
import time

import pytest

from harness import wait_until
from hostile_client import JSON, LISTENING, get, open_sockets, send_to

pytestmark = pytest.mark.sqlite

# Of ten seconds of grace; less than half of it, and several times what is quick.
SLOW = 4.0


def test_a_request_that_takes_some_seconds_more_is_answered(make_server):
    server = make_server()
    server.alice, server.bob = server.users(2)
    body = b'{"content":"to the end"}'
    with server.raw(send_to(server, JSON, b"Content-Length: %d" % len(body)) + body[:3]) as slow:
        wait_until(lambda: open_sockets(server) == LISTENING + 1, "it is under way")
        server.tell_to_stop()
        server.wait_log("info stopping on SIGTERM")
        began = time.monotonic()
        for at in range(3, len(body)):
            wait_until(lambda at=at: time.monotonic() - began >= SLOW * at / len(body), "the next byte's time comes")
            slow.send(body[at : at + 1])
        answer = slow.response()
        assert answer.status == 201
        assert answer.headers["Connection"] == "close"
    server.stop()
    server.start()
    assert server.bob.unread() == 1


def test_a_crowd_that_waits_to_be_taken_is_served(make_server):
    """Far more than one loop accepts before it learns of the end."""
    server = make_server(flags=["--threads", 1])
    alice = server.user()
    data = get(alice, "unread/")
    with contextlib.ExitStack() as stack:
        server.process.send_signal(signal.SIGSTOP)
        crowd = [stack.enter_context(server.raw(data)) for _ in range(600)]
        server.tell_to_stop()
        server.process.send_signal(signal.SIGCONT)
        assert [raw.response() is not None for raw in crowd] == [True] * 600
    server.stop()


def test_requests_that_were_read_already_are_run_at_once(make_server):
    """Two requests in one piece: no event announces the second. In the calmest of some rounds."""
    server = make_server(flags=["--threads", 1])
    alice = server.user()
    data = get(alice, "unread/")
    with server.raw() as raw:

        def is_quick():
            began = time.monotonic()
            for _ in range(60):
                raw.send(data)
                assert raw.response().status == 200
            one_by_one = time.monotonic() - began
            began = time.monotonic()
            raw.send(data * 60)
            assert [raw.response().status for _ in range(60)] == [200] * 60
            return time.monotonic() - began < 10 * one_by_one + 1

        assert any(is_quick() for _ in range(3))
