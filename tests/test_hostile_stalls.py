# SPDX-License-Identifier: MIT
"""Clients that stop in the middle: the server closes them after the idle timeout, and no other client notices."""

import contextlib
import socket

import pytest

from harness import wait_until
from hostile_client import (
    CHUNKED,
    FORM,
    JSON,
    LISTENING,
    chunk,
    contents,
    get,
    open_sockets,
    request,
    send_to,
)

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("unharmed_target")]
TARGET = {"IDLE_TIMEOUT": 1}  # settings of the server that the module's tests share


def halves(server):
    """Names and bytes of requests that never get whole, though all that is there is right."""
    multipart = b"Content-Type: multipart/form-data; boundary=XX"
    whole_head = send_to(server, JSON, b"Content-Length: 15")
    return {
        "nothing": b"",
        "half a request line": b"GET /api/dm/unr",
        "a request line": b"GET /api/dm/unread/ HTTP/1.1\r\n",
        "half a header": b"GET /api/dm/unread/ HTTP/1.1\r\nHost: local",
        "headers without their end": get(server.alice, "unread/")[:-2],
        "a head without its last byte": get(server.alice, "unread/")[:-1],
        "a head without its body": whole_head,
        "half a body": whole_head + b'{"conte',
        "a body without its last byte": whole_head + b'{"content":"x"',
        "half a form": send_to(server, FORM, b"Content-Length: 15") + b"content=x",
        "half a part": send_to(server, multipart, b"Content-Length: 100") + b"--XX\r\nContent-Dispo",
        "half a chunk size": send_to(server, JSON, CHUNKED) + b"f",
        "half a chunk": send_to(server, JSON, CHUNKED) + b'f\r\n{"con',
        "chunks without the last": send_to(server, JSON, CHUNKED) + chunk(b'{"content":"x"}'),
        "half a trailer": send_to(server, JSON, CHUNKED) + chunk(b'{"content":"x"}') + b"0\r\nX: ",
        "100-continue and no more": send_to(server, JSON, b"Content-Length: 15", b"Expect: 100-continue"),
        "a refused body that does not come": request(server.alice, "PUT", "unread/", b"Content-Length: 15"),
        "half a body that nobody asked for": request(server.alice, "GET", "unread/", b"Content-Length: 15") + b"x",
    }


def ends(connection):
    """Reads whatever comes until the server hangs up; what came."""
    try:
        return connection.reader.read()
    except ConnectionResetError:
        return b""


def test_halves_are_hung_up_on_and_others_served_meanwhile(target):
    with contextlib.ExitStack() as stack:
        stalled = {name: stack.enter_context(target.raw(data)) for name, data in halves(target).items()}
        for number in range(100):
            target.alice.send(target.bob, f"meanwhile {number}")
        came = {name: ends(connection) for name, connection in stalled.items()}
    done = {name: data for name, data in came.items() if b" 20" in data.split(b"\r\n")[0]}
    assert not done, "half a request was answered as a whole one"
    assert "x" not in contents(target)


@pytest.mark.concurrent
def test_many_stalled_clients_do_not_keep_others_waiting(target):
    data = list(halves(target).values())
    with contextlib.ExitStack() as stack:
        for number in range(500):
            stack.enter_context(target.raw(data[number % len(data)]))
        for _ in range(20):
            assert target.bob.get("conversations/").status == 200
        wait_until(lambda: open_sockets(target) == LISTENING, "the stalled connections are closed")


def test_kept_connection_that_falls_silent_is_closed(target):
    with target.raw(get(target.alice, "unread/")) as raw:
        assert raw.response().status == 200
        assert raw.hung_up()


def test_client_that_does_not_read_its_answer_is_hung_up_on(target):
    """What does not fit into the buffers between the two stays in the server, which must not keep it for ever."""
    target.insert_messages(
        [(target.bob, target.alice, "2025-01-01 00:00:00", "2025-01-01 00:00:01", "x" * 50_000) for _ in range(200)]
    )
    data = request(target.alice, "POST", f"conversations/{target.bob.id}/", JSON, body=b'{"content":"meanwhile"}')
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stack.callback(sock.close)
            sock.connect((target.host, target.port))
            sock.sendall(data)
        assert target.alice.unread() == 0
        wait_until(lambda: open_sockets(target) > LISTENING, "the server sees the clients")
        wait_until(lambda: open_sockets(target) == LISTENING, "the connections are closed")
