# SPDX-License-Identifier: MIT
"""Where a request ends: wrong lengths, odd chunks."""

import pytest

from hostile_client import (
    CHUNKED,
    FORM,
    JSON,
    LAST_CHUNK,
    chunk,
    contents,
    finish,
    get,
    library_is_strict,
    request,
    send_to,
)

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("unharmed_target")]
TARGET = {"IDLE_TIMEOUT": 1}  # settings of the server that the module's tests share

BODY = b'{"content":"x"}'
EVIL = b'{"content":"smuggled"}'


def statuses(server, data):
    """The statuses of all that the server answers to the bytes, up to its saying that it closes, or hanging up."""
    found = []
    with server.raw(data) as raw:
        finish(raw)
        for answer in iter(raw.response, None):
            found.append(answer.status)
            if answer.headers.get("Connection") == "close":
                break
    return found


def check_refused(answers, status=400):
    """By that status; libmicrohttpd 1.0 may see to it by itself, and then may hang up without a word."""
    assert answers == [status] or (library_is_strict() and answers in ([], [400], [413])), answers


# ---- Content-Length


@pytest.mark.parametrize(
    "value",
    [
        b"-1",
        b"-15",
        b"+15",
        b"abc",
        b"",
        b"0x0f",
        b"15x",
        b"x15",
        b"1 5",
        b"15, 15",
        b"15,16",
        b"15.0",
        b"1e1",
        b"1_5",
        b"\xc2\xb9\xc2\xb5",
        b"\xef\xbc\x91\xef\xbc\x95",
        b"'15'",
        b"--15",
        b"\xff",
    ],
)
def test_length_that_is_no_number_is_refused(target, value):
    before = len(contents(target))
    answers = statuses(target, send_to(target, JSON, b"Content-Length: " + value) + BODY + get(target.alice, "unread/"))
    check_refused(answers)
    assert len(contents(target)) == before


@pytest.mark.parametrize("first, second", [(15, 22), (22, 15), (0, 15), (15, 0), (15, 10**6)])
def test_two_lengths_that_differ_are_refused(target, first, second):
    """A proxy before us that believes the other one sees other requests than we do (RFC 9112, 6.3: 400, and close)."""
    data = send_to(target, JSON, b"Content-Length: %d" % first, b"Content-Length: %d" % second)
    answers = statuses(target, data + BODY.ljust(22) + get(target.alice, "unread/"))
    assert answers == [400], answers


def test_length_too_short_ends_the_body_there(target):
    """What is left over is no request, and does not make the one behind it anything else than refused."""
    before = contents(target)
    short = send_to(target, JSON, b"Content-Length: 10") + BODY
    answers = statuses(target, short + send_to(target, JSON, body=EVIL))
    assert answers[:1] == [400], answers
    assert all(400 <= status < 500 for status in answers), answers
    assert contents(target) == before


def test_length_too_long_takes_what_follows_for_the_body(target):
    before = contents(target)
    answers = statuses(target, send_to(target, JSON, b"Content-Length: 1000") + BODY + get(target.alice, "unread/"))
    assert answers == [], answers
    assert contents(target) == before


@pytest.mark.parametrize("method, path, status", [("GET", "unread/", 200), ("DELETE", "messages/999999/", 404)])
def test_body_of_a_request_that_needs_none_is_no_request(target, method, path, status):
    data = request(target.alice, method, path, body=send_to(target, JSON, body=EVIL))
    assert statuses(target, data + get(target.alice, "unread/")) == [status, 200]
    assert "smuggled" not in contents(target)


# ---- Content-Length and Transfer-Encoding


@pytest.mark.parametrize("length", [0, 3, 15, 1000])
@pytest.mark.parametrize("lengths_first", [True, False])
def test_length_beside_chunks_ends_the_connection(target, length, lengths_first):
    """Nothing behind it is looked at (RFC 9112, 6.1)."""
    lines = [b"Content-Length: %d" % length, CHUNKED]
    data = send_to(target, JSON, *(lines if lengths_first else lines[::-1])) + chunk(BODY) + LAST_CHUNK
    answers = statuses(target, data + get(target.alice, "unread/"))
    assert answers == [400], answers


@pytest.mark.parametrize(
    "coding",
    [
        b"gzip",
        b"gzip, chunked",
        b"chunked, gzip",
        b"xchunked",
        b"chunkedx",
        b"identity",
        b"chunked, chunked",
        b"\x0bchunked",
        b"",
        b"chunked;q=1",
    ],
)
def test_transfer_coding_that_is_not_ours_is_refused(target, coding):
    """Whatever the bytes behind it are, they are no request."""
    before = contents(target)
    data = send_to(target, JSON, b"Transfer-Encoding: " + coding, b"Content-Length: 15")
    answers = statuses(target, data + BODY + send_to(target, JSON, body=EVIL))
    assert "smuggled" not in contents(target), answers
    check_refused(answers, 400 if coding in (b"chunked, chunked", b"") else 501)
    assert contents(target) == before


@pytest.mark.parametrize(
    "line", [b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked", b"X: y\r\n Transfer-Encoding: chunked"]
)
def test_coding_in_a_line_that_is_none_is_not_believed(target, line):
    data = send_to(target, JSON, line, b"Content-Length: 27") + chunk(EVIL[:22]) + LAST_CHUNK
    assert statuses(target, data) == [400]
    assert "smuggled" not in contents(target)


# ---- chunks


def chunked(server, *pieces, kind=JSON):
    return send_to(server, kind, CHUNKED) + b"".join(pieces)


@pytest.mark.parametrize(
    "size", [b"g", b"-f", b"+f", b"", b" ", b"0xf", b"f f", b"\xff", b"f\0", b"'f'", b"f,", b".f", b"\xef\xbc\x91"]
)
def test_chunk_size_that_is_no_number_is_refused(target, size):
    before = contents(target)
    answers = statuses(target, chunked(target, size, b"\r\n", BODY, b"\r\n", LAST_CHUNK, get(target.alice, "unread/")))
    check_refused(answers)
    assert contents(target) == before


@pytest.mark.parametrize(
    "name, pieces",
    {
        "too short": [b"5\r\n", BODY, b"\r\n", LAST_CHUNK],
        "too long": [b"11\r\n", BODY, b"\r\n", LAST_CHUNK],
        "without end of line": [b"f\r\n", BODY, LAST_CHUNK],
        "with junk at its end": [b"f\r\n", BODY, b"XX", LAST_CHUNK],
        "without the last": [chunk(BODY)],
        "half of the last": [chunk(BODY), b"0\r\n"],
    }.items(),
)
def test_chunks_that_do_not_add_up_are_refused(target, name, pieces):
    before = contents(target)
    answers = statuses(target, chunked(target, *pieces))
    if "the last" in name:
        assert answers == [], "it waits for the rest, and its time is over"
    else:
        check_refused(answers)
    assert contents(target) == before


@pytest.mark.parametrize(
    "pieces",
    [
        [chunk(bytes([byte])) for byte in BODY],
        [chunk(BODY[:1]), chunk(BODY[1:])],
        [b"F\r\n", BODY, b"\r\n"],
        [b"0" * 60 + b"f\r\n", BODY, b"\r\n"],
        [chunk(BODY), chunk(b" " * 99_999)],
    ],
    ids=["bytes", "two", "capital", "zeros", "large"],
)
def test_odd_but_right_chunks_are_taken(target, pieces):
    before = len(contents(target))
    answers = statuses(target, chunked(target, *pieces, LAST_CHUNK, get(target.alice, "unread/")))
    assert answers == [201, 200]
    assert contents(target)[before:] == ["x"]


@pytest.mark.parametrize("extension", [b";name=value", b';name="a;b"', b";"])
def test_chunk_extensions_are_passed_over_or_refused(target, extension):
    """libmicrohttpd 1.0.1 takes the line feed behind an extension for data, and then misses the chunk's end."""
    before = contents(target)
    data = chunked(target, b"f", extension, b"\r\n", BODY, b"\r\n", LAST_CHUNK, get(target.alice, "unread/"))
    assert statuses(target, data) == ([400] if library_is_strict() else [201, 200])
    assert contents(target) == before + ["x"] * (not library_is_strict())


def test_trailers_are_passed_over(target):
    """They come too late to change whose request it is, or the next request."""
    trailers = b"0\r\nX-Trailer: 1\r\nAuthorization: Token nonsense\r\nContent-Length: 99\r\n\r\n"
    answers = statuses(target, chunked(target, chunk(BODY), trailers, get(target.alice, "unread/")))
    assert answers == [201, 200]


def test_chunks_in_single_bytes_are_taken(target):
    data = chunked(target, chunk(BODY[:7]), chunk(BODY[7:]), LAST_CHUNK)
    with target.raw() as raw:
        for byte in data:
            raw.send(bytes([byte]))
        assert raw.response().status == 201


@pytest.mark.parametrize(
    "kind, body",
    [
        (JSON, b'{"content":"caf\xc3\xa9"}'),
        (FORM, b"content=caf%C3%A9"),
        (
            b"Content-Type: multipart/form-data; boundary=XX",
            b'--XX\r\nContent-Disposition: form-data; name="content"\r\n\r\ncaf\xc3\xa9\r\n--XX--\r\n',
        ),
    ],
    ids=["json", "form", "multipart"],
)
def test_bodies_cut_at_every_place_are_the_same(target, kind, body):
    for at in range(1, len(body)):
        with target.raw(chunked(target, chunk(body[:at]), kind=kind)) as raw:
            raw.send(chunk(body[at:]) + LAST_CHUNK)
            answer = raw.response()
            assert (answer.status, answer.json()["content"]) == (201, "caf\u00e9")


# ---- Expect


def test_client_that_does_not_wait_for_100_is_served_too(target):
    with target.raw(send_to(target, JSON, b"Expect: 100-continue", body=BODY)) as raw:
        answer = raw.response()
        assert (raw.response() if answer.status == 100 else answer).status == 201


@pytest.mark.parametrize("value", [b"nonsense", b"", b"100-continue, 100-continue", b"100-continuex", b"\xff"])
def test_strange_expectation_is_answered(target, value):
    answers = statuses(target, send_to(target, JSON, b"Expect: " + value, body=BODY))
    assert answers == [201] or (library_is_strict() and answers in ([417], [400])), answers


def test_refused_client_that_waits_for_100_gets_the_refusal(target):
    data = request(target.anonymous(), "POST", "send/1/", JSON, b"Expect: 100-continue", b"Content-Length: 15")
    with target.raw(data) as raw:
        assert raw.response().status == 401
