# SPDX-License-Identifier: MIT
"""Sending by forms, URL-encoded and multipart, and what is the same for all kinds of bodies."""

import pytest

from routes import check_error, on_each_sending_route
from sending import (
    END,
    FILE,
    FORM,
    MULTIPART,
    NOT_A_STRING,
    REQUIRED,
    TEXT_FILE,
    check_nothing_stored,
    part,
    sent_content,
)

pytestmark = pytest.mark.short_on("sqlite")  # it is about HTTP, and no store sees it


@on_each_sending_route
@pytest.mark.parametrize(
    "body, content_type",
    [
        (b'{"content":"\\u0000"}', "application/json"),
        (b'{"content":"a\\u0000b"}', "application/json"),
        (b"content=%00", FORM),
        (b"content=a%00b", FORM),
        (b"content=a\x00b", FORM),
        (part(b"content", b"a\x00b") + END, MULTIPART),
        (part(b"content", b"\x00") + END, MULTIPART),
    ],
)
def test_null_character_in_content_is_refused(alice, bob, route, body, content_type):
    check_error(alice.post(route.path(bob.id), body, content_type), 400, "Null characters are not allowed.")
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize(
    "body, content",
    [
        (b"content=x", "x"),
        (b"content=a+b%20c%2Bd", "a b c+d"),
        (b"content=%C3%A9%c3%a9", "\u00e9\u00e9"),
        (b"content=\xc3\xa9", "\u00e9"),
        (b"content=%F0%9F%98%80", "\U0001f600"),
        (b"content=a&content=b", "b"),
        (b"content=a=b", "a=b"),
        (b"content=a;b", "a;b"),
        (b"content=a;content=b", "a;content=b"),
        (b"content=a%26b", "a&b"),
        (b"&&content=a&&", "a"),
        (b"id=7&sender=7&content=x&read_at=1", "x"),
        (b"%63ontent=x", "x"),
        (b"content=%", "%"),
        (b"content=%zz%4", "%zz%4"),
        (b"content=0", "0"),
        (b"content=false", "false"),
        (b"content=+", " "),
        (b"content=%0D%0A", "\r\n"),
        (b"content=%EF%BB%BFx", "\ufeffx"),
        (b'content={"content":"x"}', '{"content":"x"}'),
    ],
)
def test_form_that_is_taken(alice, bob, route, body, content):
    assert sent_content(alice.post(route.path(bob.id), body, FORM)) == content


@on_each_sending_route
@pytest.mark.parametrize(
    "body", [b"content=", b"content", b"x=1", b"=x", b"content=a&content=", b"Content=x", b"&", b'{"content":"x"}']
)
def test_form_without_content_is_refused(alice, bob, route, body):
    check_error(alice.post(route.path(bob.id), body, FORM), 400, REQUIRED)
    check_nothing_stored(alice, bob)


def test_form_with_a_charset_parameter(alice, bob):
    answer = alice.post(f"send/{bob.id}/", b"content=%C3%A9", FORM + "; charset=UTF-8")
    assert sent_content(answer) == "\u00e9"


@on_each_sending_route
@pytest.mark.parametrize(
    "body, content_type",
    [
        (b"content=%FF", FORM),
        (b"content=a%C3", FORM),
        (b"content=%ED%A0%80", FORM),
        (b"content=%C0%80", FORM),
        (b"content=\xff", FORM),
        (part(b"content", b"\xff") + END, MULTIPART),
        (part(b"content", b"a\xc3") + END, MULTIPART),
        (part(b"content", b"\xed\xa0\x80") + END, MULTIPART),
    ],
)
def test_bytes_that_are_not_utf8_in_a_form_are_refused(alice, bob, route, body, content_type):
    check_error(alice.post(route.path(bob.id), body, content_type), 400, "content is not valid UTF-8.")
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize(
    "body, content",
    [
        (part(b"content", b"hello") + END, "hello"),
        (part(b"content", b"\xc3\xa9\xf0\x9f\x98\x80") + END, "\u00e9\U0001f600"),
        (part(b"content", b" a\r\nb ") + END, " a\r\nb "),
        (part(b"content", b"a\r\n--X\r\n--") + END, "a\r\n--X\r\n--"),
        (part(b"content", b"a+b%20") + END, "a+b%20"),
        (part(b"content", b"a") + part(b"content", b"b") + END, "b"),
        (part(b"other", b"1") + part(b"content", b"x") + part(b"more", b"2") + END, "x"),
        (part(b"other", b"1", TEXT_FILE) + part(b"content", b"x") + END, "x"),
        (part(b"content", b"x", b"\r\nContent-Type: text/plain; charset=utf-8") + END, "x"),
        (part(b"content", b"x").replace(b"Content-Disposition", b"content-disposition") + END, "x"),
        (b"preamble\r\n" + part(b"content", b"x") + END, "x"),
        (part(b"content", b"x") + b"--XX--", "x"),
        pytest.param(part(b"content", b"x" * 100_000) + END, "x" * 100_000, id="100,000 characters"),
    ],
)
def test_multipart_that_is_taken(alice, bob, route, body, content):
    assert sent_content(alice.post(route.path(bob.id), body, MULTIPART)) == content


@pytest.mark.parametrize("parameters", ['boundary="XX"', "charset=utf-8; boundary=XX"])
def test_boundary_of_multipart_in_its_forms(alice, bob, parameters):
    answer = alice.post(f"send/{bob.id}/", part(b"content", b"x") + END, f"multipart/form-data; {parameters}")
    assert sent_content(answer) == "x"


@on_each_sending_route
@pytest.mark.parametrize(
    "body",
    [
        part(b"content", b"") + END,
        part(b"other", b"x") + END,
        part(b"content", b"a") + part(b"content", b"") + END,
        END,
    ],
)
def test_multipart_without_content_is_refused(alice, bob, route, body):
    check_error(alice.post(route.path(bob.id), body, MULTIPART), 400, REQUIRED)
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize("more", [FILE, TEXT_FILE])
@pytest.mark.parametrize("data", [b"hello", b"\xff\x00"])
def test_content_in_a_file_part_is_refused(alice, bob, route, more, data):
    body = part(b"content", data, more) + END
    check_error(alice.post(route.path(bob.id), body, MULTIPART), 400, NOT_A_STRING)
    check_nothing_stored(alice, bob)


@on_each_sending_route
@pytest.mark.parametrize(
    "body, content_type",
    [
        (part(b"content", b"x") + END, "multipart/form-data"),
        (part(b"content", b"x") + END, "multipart/form-data; boundary="),
        (b"garbage", MULTIPART),
        (part(b"content", b"x").replace(b"XX", b"YY"), "multipart/form-data; boundary=ZZ"),
        (b"--XX\r\nX-Nothing: y\r\n\r\nx\r\n" + END, MULTIPART),
    ],
)
def test_multipart_that_makes_no_sense_is_400(alice, bob, route, body, content_type):
    answer = alice.post(route.path(bob.id), body, content_type)
    check_error(answer, 400, answer.json()["detail"])
    check_nothing_stored(alice, bob)


@pytest.mark.parametrize(
    "body, content_type",
    [
        (b'{"content":"from json"}', "application/json"),
        (b"content=from+form", FORM),
        (part(b"content", b"from multipart") + END, MULTIPART),
    ],
)
def test_body_in_chunks_is_as_one_in_one_piece(server, alice, bob, body, content_type):
    head = (
        f"POST /api/dm/send/{bob.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {alice.token}\r\n"
        f"Content-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunks = b"".join(b"1\r\n" + body[n : n + 1] + b"\r\n" for n in range(len(body)))
    answer = server.exchange(head.encode() + chunks + b"0\r\n\r\n")
    assert sent_content(answer).startswith("from ")
