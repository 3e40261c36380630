# SPDX-License-Identifier: MIT
"""Heads that two readers may take for two requests (RFC 9112): refused, whatever they ask for, and nothing behind is read."""

import pytest

from routes import check_error
from hostile_client import CHUNKED, JSON, LAST_CHUNK, chunk, contents, get, library_is_strict, send_to

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("unharmed_target")]

BODY = b'{"content":"x"}'
LENGTH = b"Content-Length: 15"
MALFORMED = "The request line or a header is malformed."
AMBIGUOUS = "The length of the request body is ambiguous."
HOST = "A request needs a Host header, and no more than one."
CODING = "The transfer coding is unknown; send the body with a Content-Length or in chunks."


def check_refused(server, data, status, detail, may_hang_up=False):
    """One answer, that says so and that it closes; then the end, though a whole request stands behind."""
    strict = library_is_strict()
    before = contents(server)
    smuggled = send_to(server, JSON, body=b'{"content":"smuggled"}')
    with server.raw(data + smuggled) as raw:
        answer = raw.response()
        if answer is None:
            assert strict and may_hang_up, "hung up on without an answer"
        else:
            if not (strict and answer.status == 400 and answer.body.startswith(b"<html>")):
                check_error(answer, status, detail)
            assert answer.headers["Connection"] == "close"
            assert raw.hung_up()
    assert contents(server) == before


def head(server, *lines, method=b"POST", version=b"HTTP/1.1", end=b"\r\n"):
    """A request by which alice sends bob a message, but for its body and its framing."""
    first = b"%s %s %s" % (method, server.prefix.encode() + b"send/%d/" % server.bob.id, version)
    return end.join([first, b"Authorization: Token " + server.alice.token.encode(), JSON, *lines, b"", b""])


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Length : 15",
        b"Content-Length\t: 15",
        b"Content-Length \t : 15",
        b" Content-Length: 15",
        b"\tContent-Length: 15",
        b"Content Length: 15",
        b"Transfer-Encoding : chunked",
        b"X : y",
        b": y",
        b"X\x01: y",
        b"X\x0b: y",
        b"X\x7f: y",
        b"X\xa0: y",
        b"X\xc3\xa9: y",
        b"X(y): z",
        b"X/y: z",
        b'"X": y',
        b"X: y\x00z",
        b"X: \x00",
        b"X:\x00",
        b"X: y\x00",
        b"X: y\x00\x00\x00",
        b"X: y\rz",
        b"X: y\r",
        b"X: \ry",
        b"X: y\r\n z",
        b"X: y\r\n\tz",
        b"X: y\r\n ",
        b"X: y\r\n z\r\n z",
        b"X:\r\n y",
        b"Content-Length: 1\r\n 5",
        b"Content-Length:\r\n 15",
        b"Content-Length: 15\r\n ",
        b"X: y\r\n Content-Length: 15",
        b"Transfer-Encoding:\r\n chunked",
        b"X: y\nContent-Length: 15",
        b"X: y\n\r\nZ: z",
        b"X: y\r\r\nZ: z",
        b"\0",
        b"\0X: y",
        b"X: y\r\n\0junk",
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_a_header_that_is_none(target, line, last):
    lines = [b"Host: x", line] if last else [line, b"Host: x"]
    for more in ([], [LENGTH]):
        check_refused(target, head(target, *more, *lines) + BODY, 400, MALFORMED)


def test_a_header_that_begins_behind_the_first_line(target):
    for between in (b"\r\n ", b"\r\n\t", b"\n", b"\r\n\0\r\n"):
        data = head(target, b"Host: x", LENGTH).replace(b"\r\n", between, 1)
        check_refused(target, data + BODY, 400, MALFORMED)


def test_line_feeds_alone_end_no_lines(target):
    check_refused(target, head(target, b"Host: x", LENGTH, end=b"\n") + BODY, 400, MALFORMED)
    lines = head(target, b"Host: x", LENGTH).split(b"\r\n")[:-1]
    for number in range(len(lines)):
        ends = [b"\n" if each == number else b"\r\n" for each in range(len(lines))]
        data = b"".join(line + end for line, end in zip(lines, ends))
        check_refused(target, data + BODY, 400, MALFORMED)
        check_refused(target, data.replace(LENGTH + b"\r\n", b"") + BODY, 400, MALFORMED)


@pytest.mark.parametrize(
    "first",
    [
        b"GET  /api/dm/unread/ HTTP/1.1",
        b"GET /api/dm/unread/  HTTP/1.1",
        b"GET /api/dm/un read/ HTTP/1.1",
        b"GET /api/dm/unread/ /api/dm/unread/ HTTP/1.1",
        b"GET /api/dm/unread/?a b HTTP/1.1",
        b"GET /api/dm/unread/\tHTTP/1.1 HTTP/1.1",
        b"GET /api/dm/unread/\x01 HTTP/1.1",
        b"GET /api/dm/unread/?\x7f HTTP/1.1",
        b"GET /api/dm/unread/?a\rb HTTP/1.1",
    ],
)
def test_a_request_line_of_other_than_three_words(target, first):
    lines = [first, b"Host: x", b"Authorization: Token " + target.alice.token.encode(), b"", b""]
    check_refused(target, b"\r\n".join(lines), 400, MALFORMED)


@pytest.mark.parametrize("nul", [b"GET\0 /", b"GET\0X /", b"GET /\0", b"GET /\0x", b"GET /?a\0b"])
def test_nul_in_the_request_line(target, nul):
    check_refused(target, nul + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400, MALFORMED, may_hang_up=True)


# ---- Host


def test_a_request_has_one_host(target):
    check_refused(target, head(target, LENGTH) + BODY, 400, HOST)
    for version in (b"HTTP/1.1", b"HTTP/1.0"):
        for second in (b"Host: x", b"host: y", b"HOST:"):
            check_refused(target, head(target, b"Host: x", second, LENGTH, version=version) + BODY, 400, HOST)


def test_http_1_0_needs_no_host(target):
    with target.raw(head(target, LENGTH, version=b"HTTP/1.0") + BODY) as raw:
        assert raw.response().status == 201
        assert raw.hung_up()


# ---- Content-Length and Transfer-Encoding


@pytest.mark.parametrize("coding", [b"gzip", b"gzip, chunked", b"chunked, gzip", b"xchunked", b"chunkedx", b"identity"])
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize("with_length", [True, False])
def test_a_coding_that_is_unknown(target, coding, version, with_length):
    lines = [b"Host: x", b"Transfer-Encoding: " + coding] + [LENGTH] * with_length
    check_refused(target, head(target, *lines, version=version) + BODY, 501, CODING)


@pytest.mark.parametrize(
    "lines",
    [
        [b"Transfer-Encoding: chunked, chunked"],
        [b"Transfer-Encoding: chunked,"],
        [b"Transfer-Encoding: ,chunked"],
        [b"Transfer-Encoding:"],
        [CHUNKED, CHUNKED],
        [CHUNKED, LENGTH],
        [LENGTH, CHUNKED],
        [LENGTH, LENGTH],
        [LENGTH, b"content-length: 16"],
        [b"Content-Length: 0", LENGTH],
    ],
)
def test_a_length_that_is_told_twice(target, lines):
    check_refused(target, head(target, b"Host: x", *lines) + chunk(BODY) + LAST_CHUNK, 400, AMBIGUOUS)


def test_chunks_are_http_1_1(target):
    """RFC 9112, 6.1: who speaks HTTP/1.0 in between does not know them."""
    data = head(target, b"Host: x", CHUNKED, version=b"HTTP/1.0") + chunk(BODY) + LAST_CHUNK
    check_refused(target, data, 400, AMBIGUOUS)


def test_two_codings_where_one_is_unknown(target):
    for lines in ([CHUNKED, b"Transfer-Encoding: gzip"], [b"Transfer-Encoding: gzip", CHUNKED]):
        check_refused(target, head(target, b"Host: x", *lines) + BODY, 501, CODING)


# ---- before anything else


@pytest.mark.parametrize("path", ["/livez", "/metrics", "/nowhere", "/api/dm/unread", "/api/dm/unread/", "/api/docs/"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS", "FOO"])
def test_it_does_not_matter_what_was_asked_for(target, method, path):
    line = f"{method} {path} HTTP/1.1\r\nHost: x\r\n".encode()
    check_refused(target, line + b"X : y\r\nContent-Length: 99999999\r\n\r\n", 400, MALFORMED)
    check_refused(target, line + b"Transfer-Encoding: gzip\r\n\r\n", 501, CODING)


def test_a_head_is_refused_without_waiting_for_its_body(target):
    with target.raw(head(target, b"Host: x", b"X : y", b"Expect: 100-continue", LENGTH)) as raw:
        assert raw.response().status == 400
        assert raw.hung_up()


def test_an_answer_to_head_has_no_body(target):
    with target.raw(head(target, b"Host: x", b"X : y", method=b"HEAD")) as raw:
        assert raw.response(head=True).status == 400
        assert raw.hung_up()


# ---- what is right, if odd


@pytest.mark.parametrize(
    "line",
    [
        b"X:y",
        b"X:",
        b"X: ",
        b"X: \t y",
        b"X: y\t ",
        b"X: a\tb",
        b"X: caf\xc3\xa9 \xff",
        b"X: a\x01b\x0bc\x1b\x7f",
        b"!#$%&'*+-.^_`|~09azAZ: y",
        b"X: " + b"y" * 4000,
        b"\r\n".join([b"X: y"] * 200),
        b"\r\n".join([b"X:"] * 200),
        b"Cookie: a=b; c=d; e",
        b"Connection: keep-alive",
    ],
    ids=range(14),
)
@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_an_odd_header_is_taken(target, line, piece):
    """In pieces, so that libmicrohttpd's memory grows under it; and again on the same connection."""
    data = send_to(target, line, JSON, body=BODY) + get(target.alice, "unread/", line)
    with target.raw() as raw:
        for at in range(0, len(data), piece):
            raw.send(data[at : at + piece])
        assert [raw.response().status, raw.response().status] == [201, 200]


def test_an_empty_line_before_a_request_is_passed_over(target):
    with target.raw(b"\r\n" + get(target.alice, "unread/") + b"\r\n" + get(target.alice, "unread/")) as raw:
        assert [raw.response().status, raw.response().status] == [200, 200]
