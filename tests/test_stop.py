# SPDX-License-Identifier: MIT
"""A server stops under load: requests that were sent get responses, and no new connection is accepted."""

import select
import signal
import socket
import threading
import time

import pytest

from hostile_client import JSON, LISTENING, get, open_sockets, send_to
from harness import wait_until

pytestmark = pytest.mark.concurrent


@pytest.fixture
def target(make_server):
    server = make_server(flags=["--threads", 2])
    server.alice, server.bob = server.users(2)
    return server


QUIET_SECONDS = 0.25  # a server that stops hangs up on a client that says nothing for so long (server/http/reaper.c)


class Worker(threading.Thread):
    """Sends one request after the other on a kept connection, until the server says that it is the last."""

    def __init__(self, server, data):
        super().__init__()
        self.raw = server.raw()
        self.data = data
        self.answered = 0
        self.end = None

    def run(self):
        sent_at = time.monotonic()
        while self.end is None:
            since = sent_at
            if select.select([self.raw.sock], [], [], 0)[0]:
                self.end = "closed while idle"
                return
            self.raw.send(self.data)
            sent_at = time.monotonic()
            was_quiet = sent_at - since >= QUIET_SECONDS  # this machine may have been too busy to send in time
            response = self.raw.response()
            if response is None:
                self.end = "closed while idle" if was_quiet else "lost"
                return
            assert response.status in (200, 201), response
            self.answered += 1
            if response.headers.get("Connection") == "close":
                self.end = "told"
        assert self.raw.hung_up()


def test_requests_on_kept_connections_are_answered_while_it_stops(target):
    write = send_to(target, JSON, body=b'{"content":"x"}')
    kinds = [get(target.alice, "unread/"), write, get(target.alice, "conversations/")]
    workers = [Worker(target, kinds[number % len(kinds)]) for number in range(24)]
    for worker in workers:
        worker.start()
    wait_until(lambda: min(worker.answered for worker in workers) >= 5, "everybody is at work")
    target.stop()
    for worker in workers:
        worker.join(60)
    ends = [worker.end for worker in workers]
    assert "lost" not in ends and "told" in ends, ends
    target.start()
    assert target.bob.unread() == sum(worker.answered for worker in workers[1::3])


@pytest.mark.sqlite
def test_requests_that_wait_in_line_are_answered(target):
    """Connections that the server has not even taken, and requests that it has not read, when the signal comes."""
    data = get(target.alice, "unread/")
    with target.raw(data) as kept:
        assert kept.response().status == 200
        target.process.send_signal(signal.SIGSTOP)
        late = [target.raw(data) for _ in range(50)]
        kept.send(data)
        target.tell_to_stop()
        target.process.send_signal(signal.SIGCONT)
        for raw in [kept, *late]:
            with raw:
                assert raw.response().status == 200
                assert raw.hung_up()
    target.stop()


@pytest.mark.sqlite
def test_nobody_new_comes_while_requests_end(target):
    with target.raw(send_to(target, JSON, b"Content-Length: 15") + b'{"con') as slow:
        wait_until(lambda: open_sockets(target) == LISTENING + 1, "it is under way")
        target.tell_to_stop()
        wait_until(lambda: open_sockets(target) == 1, "nobody listens any more")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((target.host, target.port), timeout=60)
        slow.send(b'tent":"x"}')
        assert slow.response().status == 201
    target.stop()
    assert target.log[-1].endswith("info stopped")


@pytest.mark.sqlite
@pytest.mark.parametrize("inherited", [signal.SIG_DFL, signal.SIG_IGN])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(target, number, inherited):
    """Slow clients are not waited for, whatever the parent process does about the signal."""
    target.stop()
    own = signal.signal(number, inherited)
    try:
        target.start()
    finally:
        signal.signal(number, own)
    with target.raw(send_to(target, JSON, b"Content-Length: 15") + b'{"con') as slow:
        wait_until(lambda: open_sockets(target) == LISTENING + 1, "it is under way")
        target.alice.send(target.bob, "kept")
        target.tell_to_stop()
        target.wait_log("info stopping on SIGTERM")
        wait_until(lambda: open_sockets(target) == 1, "it waits for it alone")
        target.process.send_signal(number)
        assert target.process.wait(60) == -number
        assert slow.hung_up()
    target.kill()
    target.start()
    assert target.bob.unread() == 1
