# SPDX-License-Identifier: MIT
"""Requests that are too large: heads, targets and bodies, by length and by chunks."""

import contextlib
import json

import pytest

from routes import check_error
from harness import wait_until
from hostile_client import (
    CHUNKED,
    FORM,
    JSON,
    LAST_CHUNK,
    LISTENING,
    check_no_growth,
    chunk,
    contents,
    get,
    is_sanitized,
    open_sockets,
    request,
    peak_kib,
    reset_peak,
    resident_kib,
    send_to,
)

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("unharmed_target")]
TARGET = {"IDLE_TIMEOUT": 2}  # settings of the server that the module's tests share

LIMIT = 2621440
TOO_LARGE = f"Request body exceeds the limit of {LIMIT} bytes."
MEBIBYTE = 1 << 20


# ---- heads


LARGE_HEADS = {
    "one header": b"GET / HTTP/1.1\r\nX: " + b"a" * MEBIBYTE + b"\r\n\r\n",
    "one header without end": b"GET / HTTP/1.1\r\nX: " + b"a" * MEBIBYTE,
    "a header's name": b"GET / HTTP/1.1\r\n" + b"a" * MEBIBYTE + b": x\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (MEBIBYTE // 6) + b"\r\n",
    "many empty headers": b"GET / HTTP/1.1\r\n" + b"X:\r\n" * (MEBIBYTE // 4) + b"\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nX: a\r\n" + b" a\r\n" * (MEBIBYTE // 4) + b"\r\n",
    "a token": b"GET /api/dm/unread/ HTTP/1.1\r\nAuthorization: Token " + b"a" * MEBIBYTE + b"\r\n\r\n",
    "a path": b"GET /" + b"a" * MEBIBYTE + b" HTTP/1.1\r\n\r\n",
    "a query": b"GET /api/dm/unread/?" + b"a" * MEBIBYTE + b" HTTP/1.1\r\n\r\n",
    "many parameters": b"GET /api/dm/unread/?" + b"a=1&" * (MEBIBYTE // 4) + b" HTTP/1.1\r\n\r\n",
    "a cursor": b"GET /api/dm/conversations/?cursor=" + b"A" * MEBIBYTE + b" HTTP/1.1\r\n\r\n",
    "a method": b"G" * MEBIBYTE + b" / HTTP/1.1\r\n\r\n",
    "a version": b"GET / HTTP/1." + b"1" * MEBIBYTE + b"\r\n\r\n",
    "blanks": b"GET " + b" " * MEBIBYTE + b"/ HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("name", LARGE_HEADS)
def test_head_of_a_megabyte_is_refused(target, name):
    with target.raw(LARGE_HEADS[name]) as raw:
        answer = raw.response()
        assert answer is None or answer.status in (400, 413, 414, 431, 505), answer


def test_heads_of_a_megabyte_leave_nothing_behind(target):
    def send_all():
        for data in LARGE_HEADS.values():
            with target.raw(data) as raw:
                raw.response()

    check_no_growth(target, send_all, 5)


@pytest.mark.parametrize(
    "make",
    [
        lambda alice, size: get(alice, "unread/", b"X: " + b"a" * size),
        lambda alice, size: get(alice, "unread/", b"\r\n".join([b"X: y"] * (size // 6))),
        lambda alice, size: get(alice, "unread/", b"Cookie: " + b"a=1;" * (size // 4)),
        lambda alice, size: get(alice, b"/api/dm/unread/?" + b"a" * size),
        lambda alice, size: get(alice, b"/api/dm/unread/?" + b"a=1&" * (size // 4)),
        lambda alice, size: get(alice, b"/api/dm/conversations/?x=" + b"a" * size),
        lambda alice, size: get(alice, b"/api/dm/unread?" + b"a" * size),
        lambda alice, size: request(alice, "A" * size, "unread/"),
        lambda alice, size: get(alice, b"/" + b"a" * size),
    ],
    ids=["header", "headers", "cookies", "query", "parameters", "link", "redirect", "method", "path"],
)
def test_head_of_any_size_gets_an_answer_at_once(target, make):
    """Up to DIRECTMESSAGES_MAX_HEADER_BYTES, 8192; beyond it the server may also hang up (`None`), but at once."""
    sizes = range(500, 40_000, 500)
    with contextlib.ExitStack() as stack:
        connections = {size: stack.enter_context(target.raw(make(target.alice, size))) for size in sizes}
        statuses = {size: (answer := raw.response()) and answer.status for size, raw in connections.items()}
    answers = (200, 301, 404, 405, 413, 414, 431)
    bad = {size: status for size, status in statuses.items() if status not in answers + ((None, 501) if size > 8000 else ())}
    assert not bad


@pytest.mark.parametrize("count", [100, 500, 2000])
def test_query_of_many_parameters_is_read(target, count):
    answer = target.exchange(get(target.alice, b"/api/dm/unread/?" + b"a=1&" * count + b"format=html"))
    assert answer is not None, "hung up on without an answer"
    check_error(answer, 404, "Not found.")


def test_queries_of_too_many_parameters_leave_nothing_behind(target):
    """From a stranger, who leaves at once."""
    data = b"GET /?" + b"a=1&" * 3900 + b" HTTP/1.1\r\nHost: x\r\n\r\n"

    def send_many():
        for _ in range(1000):
            target.raw(data).close()
        wait_until(lambda: open_sockets(target) == LISTENING, "the server lets go of them")

    check_no_growth(target, send_many, 1)


def test_header_within_the_limit_is_taken(target):
    """The default of DIRECTMESSAGES_MAX_HEADER_BYTES is 8192."""
    assert target.exchange(get(target.alice, "unread/", b"X: " + b"a" * 8_000)).status == 200


def test_redirect_keeps_a_long_query(target):
    query = b"a" * 8000
    answer = target.exchange(get(target.alice, b"/api/dm/unread?" + query))
    assert answer is not None, "hung up on without an answer"
    assert (answer.status, answer.headers["Location"]) == (301, "/api/dm/unread/?" + query.decode())


# ---- bodies by their length


@pytest.mark.parametrize("length", [LIMIT + 1, 3_000_000, 2**31, 2**32, 10**18, 2**63 - 1])
@pytest.mark.parametrize("lines", [(), (b"Expect: 100-continue",)], ids=["", "expect"])
def test_body_beyond_the_limit_is_refused_before_it_comes(target, length, lines):
    answer = target.exchange(send_to(target, JSON, b"Content-Length: %d" % length, *lines))
    check_error(answer, 413, TOO_LARGE)


@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 2**64, 2**64 + 15, 10**40])
def test_length_beyond_64_bits_is_refused(target, length):
    answer = target.exchange(send_to(target, JSON, b"Content-Length: %d" % length))
    assert answer.status in (400, 413), answer


@pytest.mark.parametrize("size", [3_000_000, 20_000_000])
def test_refusal_reaches_a_client_that_sends_the_body_at_once(target, size):
    """Most clients look for an answer when they have sent all; a reset that overtakes the answer would hide it."""
    for _ in range(5):
        answer = target.exchange(send_to(target, JSON, body=b"x" * size))
        assert answer is not None, "the connection was reset before the answer could be read"
        check_error(answer, 413, TOO_LARGE)


def test_body_of_a_request_refused_for_another_reason_is_passed_over(target):
    """The connection can be used afterwards."""
    stranger = request(target.anonymous(), "POST", "send/1/", JSON, body=b"x" * 2_000_000)
    with target.raw() as raw:
        for data, status in ((stranger, 401), (request(target.alice, "PUT", "unread/", body=b"y" * 99_999), 405)):
            raw.send(data + get(target.alice, "unread/"))
            assert [raw.response().status, raw.response().status] == [status, 200]


# ---- bodies by chunks


def sending_chunks(server, total, piece=65536, kind=JSON):
    return send_to(server, kind, CHUNKED) + chunk(b" " * piece) * (total // piece)


@pytest.mark.parametrize("beyond", [22, 1000, 60_000])
def test_chunks_a_little_beyond_the_limit_are_refused(target, beyond):
    padding = chunk(b" " * (beyond - 22))
    data = sending_chunks(target, LIMIT) + (padding if beyond > 22 else b"") + chunk(b'{"content":"too much"}')
    answer = target.exchange(data + LAST_CHUNK)
    assert answer is not None, "hung up on without an answer"
    check_error(answer, 413, TOO_LARGE)
    assert "too much" not in contents(target)


@pytest.mark.parametrize("total", [3 * MEBIBYTE, 20 * MEBIBYTE])
def test_chunks_far_beyond_the_limit_are_hung_up_on(target, total):
    """An answer before the end would be lost on most clients, and there may be no end."""
    answer = target.exchange(sending_chunks(target, total) + chunk(b'{"content":"too much"}') + LAST_CHUNK)
    assert answer is None, answer
    assert "too much" not in contents(target)


def test_chunks_without_end_do_not_pile_up(target):
    before = resident_kib(target)
    with target.raw(sending_chunks(target, 64 * MEBIBYTE)) as raw:
        raw.send(LAST_CHUNK)
        answer = raw.response()
        assert answer is None, answer
    assert is_sanitized() or resident_kib(target) - before < 32 * 1024


def test_one_chunk_that_says_to_be_huge_is_not_believed(target):
    for size in (b"7fffffffffffffff", b"ffffffffffffffff", b"10000000000000000", b"f" * 100):
        with target.raw(send_to(target, JSON, CHUNKED) + size + b"\r\n" + b" " * 8 * MEBIBYTE) as raw:
            answer = raw.response()
            assert answer is None or answer.status in (400, 413), answer


def test_body_of_the_very_limit_in_chunks_is_taken(target):
    body = json.dumps({"content": "by chunks"}).encode().ljust(LIMIT)
    data = send_to(target, JSON, CHUNKED) + b"".join(chunk(body[at : at + 10_000]) for at in range(0, LIMIT, 10_000))
    assert target.exchange(data + LAST_CHUNK).status == 201
    check_error(target.exchange(data + chunk(b" ") + LAST_CHUNK), 413, TOO_LARGE)


# ---- many small things in one body


@pytest.mark.parametrize(
    "kind, body, status",
    [
        (FORM, b"a=1&" * 500_000, 400),
        (FORM, b"&" * 2_000_000, 400),
        (FORM, b"content=x&" * 200_000, 201),
        (FORM, b"%" * 2_000_000, 400),
        (JSON, b"[" + b"{}," * 700_000 + b"{}]", 400),
        (JSON, b"{" + b",".join(b'"%d":%d' % (n, n) for n in range(150_000)) + b',"content":"x"}', 201),
        (JSON, b'{"content":' + b"1" * 2_000_000 + b"}", 400),
        (JSON, b'{"content":"' + b"\\u00e9" * 400_000 + b'"}', 201),
        (JSON, b" " * 2_000_000 + b'{"content":"x"}', 201),
    ],
    ids=["fields", "separators", "repetitions", "percents", "objects", "keys", "digits", "escapes", "blanks"],
)
def test_body_of_many_small_things_is_answered(target, kind, body, status):
    assert target.exchange(send_to(target, kind, body=body)).status == status


@pytest.mark.parametrize("many", [b"{}", b"[]", b'{"":[]}', b"[0,0]"])
def test_memory_for_json_is_bounded_by_its_body(target, many):
    """Each of these takes up to 70 times its text in a tree of values; a body that needs too much is refused."""
    reset_peak(target)
    before = resident_kib(target)
    body = b'{"x":[' + (many + b",") * (2_500_000 // (len(many) + 1)) + b'0],"content":"x"}'
    answer = target.exchange(send_to(target, JSON, body=body))
    if many != b"[0,0]":
        check_error(answer, 400, "The JSON body holds too many values.")
    # It takes some 20 times the body; what malloc holds beforehand differs by a megabyte or two.
    assert is_sanitized() or peak_kib(target) - before < 25 * len(body) // 1024


def test_small_json_bodies_may_hold_anything(target):
    body = b'{"x":[' + b"{}," * 1300 + b'0],"content":"x"}'
    assert target.exchange(send_to(target, JSON, body=body)).status == 201
