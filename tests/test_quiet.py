# SPDX-License-Identifier: MIT
"""Connections whose clients are quiet between two requests: the server sets them aside, and nobody notices."""

import contextlib
import socket

import pytest

from harness import wait_until
from hostile_client import CHUNKED, JSON, chunk, get, send_to
from metrics import scrape

pytestmark = [pytest.mark.sqlite, pytest.mark.concurrent]


@pytest.fixture
def target(make_server):
    """With one loop, so that connections become quiet in the order in which they were opened."""
    server = make_server(flags=["--threads", 1])
    server.alice, server.bob = server.users(2)
    return server


def quiet(server):
    return scrape(server)["directmessages_http_connections_quiet"]


def wait_for_quiet(server, count):
    """Until so many are quiet, and a connection that was opened after all others is one of them."""
    with server.raw():
        wait_until(lambda: quiet(server) == count + 1, f"{count} and the last one are quiet")


def test_quiet_connections_go_on(target):
    with contextlib.ExitStack() as stack:
        new, used, leaving = (stack.enter_context(target.raw()) for _ in range(3))
        for _ in range(2):
            used.send(get(target.alice, "unread/"))
            assert used.response().status == 200
            wait_for_quiet(target, 3)
        used.send(send_to(target, JSON, body=b'{"content":"after a pause"}'))
        assert used.response().status == 201
        new.send(get(target.alice, "unread/"))
        assert new.response().status == 200
        leaving.send(get(target.alice, "unread/"))
        leaving.finish_sending()
        assert leaving.response().status == 200
        assert leaving.response() is None


def test_what_a_client_has_sent_before_it_was_quiet_counts(target):
    """A head, or the next one behind a request, may come in two halves."""
    data = get(target.alice, "unread/")
    with target.raw() as first, target.raw() as second, target.raw() as chunked:
        first.send(data[:3])
        second.send(data + data[:3])
        assert second.response().status == 200
        chunked.send(send_to(target, JSON, CHUNKED) + chunk(b'{"content":"x"}') + chunk(b""))
        assert chunked.response().status == 201
        wait_for_quiet(target, 0)
        for one in (first, second):
            one.send(data[3:4])
            one.send(data[4:])
            assert one.response().status == 200
        chunked.send(data)
        assert chunked.response().status == 200


def test_who_leaves_while_quiet_is_forgotten(target):
    def open_now():
        return scrape(target)["directmessages_http_connections"]

    wait_until(lambda: open_now() == 1, "this one alone")
    with target.raw(), target.raw() as reset:
        wait_for_quiet(target, 2)
        reset.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wait_until(lambda: open_now() == 1, "this one alone again")
    assert quiet(target) == 0


def test_a_server_that_stops_closes_those_that_are_quiet(target):
    with target.raw() as raw:
        wait_for_quiet(target, 1)
        target.stop()
        assert raw.response() is None
