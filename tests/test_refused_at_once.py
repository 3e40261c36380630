# SPDX-License-Identifier: MIT
"""What is refused for its head is refused before its body comes: who waits for an answer must not wait for a body."""

import pytest

from hostile_client import library_is_strict

LENGTH = b"Content-Length: 15"
HEADS = [
    ([LENGTH, b"Content-Length: 16"], 400),
    ([LENGTH, LENGTH], 400),
    ([LENGTH, b"Transfer-Encoding: chunked"], 400),
    ([b"Transfer-Encoding: gzip", LENGTH], 501),
    ([b"Content-Length: 99999999"], 413),
]


@pytest.mark.parametrize("lines, status", HEADS)
def test_a_head_that_is_refused_needs_no_body(server, alice, bob, lines, status):
    first = f"POST {server.prefix}send/{bob.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {alice.token}\r\n".encode()
    with server.raw(first + b"Content-Type: application/json\r\n" + b"\r\n".join(lines) + b"\r\n\r\n") as raw:
        found = raw.response().status
        assert found == status or (library_is_strict() and found == 400)
        assert raw.hung_up()
    assert bob.unread() == 0
