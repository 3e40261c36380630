# SPDX-License-Identifier: MIT
"""A server that stops waits for slow clients whose requests are under way: for some seconds, not for ever."""

import time

import pytest

from harness import wait_until
from hostile_client import JSON, LISTENING, open_sockets, send_to

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
