# SPDX-License-Identifier: MIT
"""Bytes where they do not belong: NUL, broken UTF-8, control characters, JSON meant to break a parser."""

import re

import pytest

from routes import check_error
from hostile_client import FORM, JSON, contents, get, request, send_to

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("unharmed_target")]
TARGET = {"IDLE_TIMEOUT": 1}  # settings of the server that the module's tests share

PARSE_ERROR = re.compile(r"JSON parse error - .*\S: line \d+ column \d+ \(char \d+\)")
MULTIPART = b"Content-Type: multipart/form-data; boundary=XX"

NOT_UTF8 = [
    b"\xff",
    b"\xfe\xff",
    b"\x80",
    b"\xc3",
    b"\xc3(",
    b"\xc0\xaf",
    b"\xe0\x80\x80",
    b"\xed\xa0\x80",
    b"\xf0\x80\x80\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
]


def status(server, data):
    """The status of the first answer to the bytes, None where the server just hangs up."""
    with server.raw(data) as raw:
        answer = raw.response()
        return answer and answer.status


# ---- NUL


@pytest.mark.parametrize(
    "line",
    [
        b"GET /api/dm/unread/\0 HTTP/1.1",
        b"GET /api/dm/unread/\0junk/ HTTP/1.1",
        b"GET /api/dm/unread/?a\0b HTTP/1.1",
        b"GET\0 /api/dm/unread/ HTTP/1.1",
        b"GET\0JUNK /api/dm/unread/ HTTP/1.1",
        b"\0GET /api/dm/unread/ HTTP/1.1",
        b"GET /api/dm/unread/ HTTP/1.1\0",
        b"GET /api/dm/unread/ HTTP/1.1\0junk",
        b"GET\0/api/dm/unread/\0HTTP/1.1",
    ],
)
def test_nul_in_the_request_line_is_refused(target, line):
    """If it is in the version, or the line is not a request line at all, libmicrohttpd hangs up."""
    head = line + b"\r\nHost: x\r\nAuthorization: Token " + target.alice.token.encode() + b"\r\n\r\n"
    assert status(target, head) in (None, 400)


@pytest.mark.parametrize("tail", [b"\0", b"\0junk", b"\0 a b", b"\0\0\0"])
def test_nul_in_a_token_is_refused(target, tail):
    data = request(target.anonymous(), "GET", "unread/", b"Authorization: Token " + target.alice.token.encode() + tail)
    assert status(target, data) == 400
    half = target.alice.token[:20].encode()
    data = request(target.anonymous(), "GET", "unread/", b"Authorization: Token " + half + b"\0" + half)
    assert status(target, data) == 400


@pytest.mark.parametrize(
    "line",
    [
        b"X\0Y: a",
        b"\0",
        b"\0: a",
        b"Authorization\0: Token x",
        b"Content-Type: application/json\0; x",
        b"Accept: \0",
        b"Host: x\0y",
        b"Content-Length: 15\0",
        b"Content-Length\0: 15",
        b"Transfer-Encoding: chunked\0",
    ],
)
def test_nul_in_a_header_is_refused(target, line):
    before = contents(target)
    assert status(target, send_to(target, line, JSON, b"Content-Length: 15") + b'{"content":"x"}') == 400
    assert contents(target) == before


@pytest.mark.parametrize(
    "kind, body, detail",
    [
        (JSON, b'{"content":"a\0b"}', PARSE_ERROR),
        (JSON, b'\0{"content":"ab"}', PARSE_ERROR),
        (JSON, b'{"content":"ab"}\0', PARSE_ERROR),
        (JSON, b'{"con\0tent":"ab"}', PARSE_ERROR),
        (JSON, b'{"content":"a\\u0000b"}', re.compile(r"Null characters are not allowed\.")),
        (JSON, b'{"content":"\\u0000"}', re.compile(r"Null characters are not allowed\.")),
        (FORM, b"content=a\0b", re.compile(r"Null characters are not allowed\.")),
        (FORM, b"content=a%00b", re.compile(r"Null characters are not allowed\.")),
        (FORM, b"content=%00", re.compile(r"Null characters are not allowed\.")),
        (FORM, b"content%00=ab", re.compile("content is required")),
        (
            MULTIPART,
            b'--XX\r\nContent-Disposition: form-data; name="content"\r\n\r\na\0b\r\n--XX--\r\n',
            re.compile(r"Null characters are not allowed\."),
        ),
    ],
)
def test_nul_in_a_body_is_refused(target, kind, body, detail):
    before = contents(target)
    answer = target.exchange(send_to(target, kind, body=body))
    assert answer.status == 400
    assert detail.fullmatch(answer.json()["detail"]), answer
    assert contents(target) == before


def test_nul_in_the_name_of_another_field_is_ignored_with_it(target):
    answer = target.exchange(send_to(target, JSON, body=b'{"a\\u0000b":1,"content":"x"}'))
    assert answer.status == 201 and answer.json()["content"] == "x", answer


@pytest.mark.parametrize(
    "path",
    [
        "unread%00/",
        "unread/%00",
        "%00unread/",
        "unread/%00/",
        "conversations/{id}%00/",
        "conversations/%00{id}/",
        "conversations/{id}/%00",
        "send/{id}%00/",
        "send/{id}%00",
        "messages/1%00/",
        "%00",
        "unread%2500/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_escaped_nul_in_a_path_is_no_path(target, method, path):
    path = path.format(id=target.bob.id)
    check_error(target.exchange(request(target.alice, method, path, JSON, body=b"{}")), 404, "Not found.")


@pytest.mark.parametrize(
    "query, got",
    [
        ("a=%00", 200),
        ("%00=a", 200),
        ("format=json%00", 404),
        ("format%00=html", 200),
        ("format=%00", 404),
        ("cursor=%00", 200),
        ("cursor=cD0x%00", 200),
        ("cursor=cD0%00", 404),
    ],
)
def test_escaped_nul_in_a_query_is_a_character(target, query, got):
    """In base64 it is passed over, as the reference does."""
    assert target.alice.get(f"conversations/?{query}").status == got


# ---- bytes that are no text


@pytest.mark.parametrize("junk", NOT_UTF8, ids=bytes.hex)
def test_bytes_that_are_not_utf8(target, junk):
    alice, bob = target.alice, target.bob
    escaped = "".join(f"%{byte:02X}" for byte in junk).encode()
    before = contents(target)
    for text in (junk, escaped):
        for path in (
            b"/" + text,
            b"/api/dm/" + text + b"/",
            b"/api/dm/conversations/" + text + b"/",
            b"/api/dm/unread" + text + b"/",
        ):
            check_error(target.exchange(get(alice, path)), 404, "Not found.")
        assert status(target, get(alice, b"/api/dm/unread/?" + text + b"=" + text)) == 200
        check_error(target.exchange(get(alice, b"/api/dm/unread/?format=" + text)), 404, "Not found.")
        check_error(target.exchange(get(alice, b"/api/dm/conversations/?cursor=" + text)), 404, "Invalid cursor")
        form = request(alice, "POST", f"send/{bob.id}/", FORM, body=b"content=" + text)
        check_error(target.exchange(form), 400, "content is not valid UTF-8.")
    for body in (b'{"content":"%s"}' % junk, b'{"%s":1,"content":"x"}' % junk, junk, junk + b"{}", b"{}" + junk):
        answer = target.exchange(send_to(target, JSON, body=body))
        assert answer.status == 400 and PARSE_ERROR.fullmatch(answer.json()["detail"]), answer
    assert contents(target) == before


@pytest.mark.parametrize("junk", NOT_UTF8, ids=bytes.hex)
def test_bytes_that_are_not_utf8_come_back_as_text(target, junk):
    """An answer that quotes them is JSON all the same."""
    alice = target.alice
    for data, got in (
        (send_to(target, b"Content-Type: " + junk, body=b"x"), 415),
        (get(alice, "unread/", b"Accept: " + junk), 406),
        (get(target.anonymous(), "unread/", b"Authorization: Token " + junk), 401),
        (get(alice, b"/api/dm/conversations/?x=" + junk), 200),
    ):
        answer = target.exchange(data)
        assert answer.status == got
        answer.json()


def test_control_characters_do_not_break_the_log(target):
    """Nor does a terminal that shows it take them for commands. `unharmed` looks at each line of the log."""
    since = len(target.log)
    junk = bytes(byte for byte in range(1, 32) if byte not in b"\t\n\r") + b"\x7f\x80\x9b"
    for byte in junk:
        status(target, get(target.alice, b"/api/dm/" + bytes([byte]) + b"]0;x/"))
    status(target, get(target.alice, b"/x\x1b[2J/ status=200 user=1"))
    status(target, get(target.alice, b"/%0A2025-01-01T00:00:00Z error fake"))
    status(target, request(target.alice, "G\x1b[2JET", "unread/"))
    target.wait_log(r"method=G\S*ET", since)
    assert not [line for line in target.log[since:] if re.search(r"[^ -~]|\berror fake", line)]


# ---- deep and strange JSON


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"content":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"content":"x","a":' + b'[{"a":' * 50_000 + b"1" + b"}]" * 50_000 + b"}",
        b"]" * 100_000,
        b'"' * 100_001,
        b"\\" * 100_000,
        b"-" * 100_000,
        b'{"content":1e' + b"9" * 100_000 + b"}",
        b'{"content":-' + b"9" * 100_000 + b"}",
        b'{"content":"\\ud800\\ud800"}',
        b"/*" * 50_000,
    ],
    ids=[
        "open",
        "arrays",
        "objects",
        "content",
        "beside",
        "closed",
        "quotes",
        "backslashes",
        "minus",
        "exponent",
        "digits",
        "surrogates",
        "comments",
    ],
)
def test_json_meant_to_break_a_parser_is_refused(target, body):
    before = contents(target)
    answer = target.exchange(send_to(target, JSON, body=body))
    assert answer.status == 400
    assert PARSE_ERROR.fullmatch(answer.json()["detail"]), answer
    assert contents(target) == before


@pytest.mark.parametrize("depth", [10, 500])
def test_json_of_some_depth_is_read(target, depth):
    body = b'{"a":' * depth + b"1" + b"}" * depth
    answer = target.exchange(send_to(target, JSON, body=b'{"content":"x","a":' + body + b"}"))
    assert answer.status == 201, answer
