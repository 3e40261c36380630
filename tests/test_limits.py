# SPDX-License-Identifier: MIT
"""The limits on the size of a body and the length of a content."""

import pytest

from routes import ROUTES, check_error

pytestmark = pytest.mark.sqlite

TOO_LARGE = "Request body exceeds the limit of 100 bytes."
FORM = "application/x-www-form-urlencoded"
LAST_CHUNK = b"0\r\n\r\n"


@pytest.fixture
def small(make_server):
    """A server that takes bodies of 100 bytes at most, with two users."""
    server = make_server(env={"DIRECTMESSAGES_MAX_BODY_BYTES": 100})
    server.alice, server.bob = server.users(2)
    return server


def head(server, more, path=None):
    path = path or f"/api/dm/send/{server.bob.id}/"
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {server.alice.token}\r\n"
        f"Content-Type: application/json\r\n{more}\r\n\r\n"
    ).encode()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_body_of_the_limit_is_taken_and_of_one_more_refused(small):
    body = b'{"content":"x"}'.ljust(100)
    assert small.alice.post(f"send/{small.bob.id}/", body).status == 201
    check_error(small.alice.post(f"send/{small.bob.id}/", body + b" "), 413, TOO_LARGE)
    assert small.bob.unread() == 1


@pytest.mark.parametrize("length", [101, 2**31, 2**32 + 5, 2**62])
def test_too_large_a_body_is_refused_before_it_is_sent(small, length):
    with small.raw(head(small, f"Content-Length: {length}")) as raw:
        check_error(raw.response(), 413, TOO_LARGE)


def test_too_large_a_body_is_refused_rather_than_asked_for(small):
    with small.raw(head(small, "Content-Length: 101\r\nExpect: 100-continue")) as raw:
        check_error(raw.response(), 413, TOO_LARGE)


def test_body_within_the_limit_is_asked_for(small):
    body = b'{"content":"x"}'
    with small.raw(head(small, f"Content-Length: {len(body)}\r\nExpect: 100-continue")) as raw:
        assert raw.response().status == 100
        raw.send(body)
        assert raw.response().status == 201


def test_chunks_of_the_limit_are_taken(small):
    body = b'{"content":"x"}'.ljust(100)
    data = head(small, "Transfer-Encoding: chunked") + chunk(body[:40]) + chunk(body[40:]) + LAST_CHUNK
    assert small.exchange(data).status == 201


@pytest.mark.parametrize("more", [41, 60_000])
def test_chunks_a_little_beyond_the_limit_are_refused_at_their_end(small, more):
    data = head(small, "Transfer-Encoding: chunked") + chunk(b'{"content":"x"}'.ljust(60)) + chunk(b" " * more)
    check_error(small.exchange(data + LAST_CHUNK), 413, TOO_LARGE)
    assert small.bob.unread() == 0


def test_chunks_far_beyond_the_limit_are_hung_up_on(small):
    """Without waiting for an end, which may never come."""
    data = head(small, "Transfer-Encoding: chunked") + chunk(b'{"content":"x"}'.ljust(60)) + chunk(b" " * 200_000)
    for end in (b"", LAST_CHUNK):
        assert small.exchange(data + end) is None
    assert small.bob.unread() == 0


@pytest.mark.parametrize(
    "path", ["/api/dm/unread/", "/api/dm/conversations/1/", "/api/dm/nowhere/", "/api/dm/unread", "/"]
)
def test_size_is_looked_at_first_whatever_the_path(small, path):
    with small.raw(head(small, "Content-Length: 101", path)) as raw:
        check_error(raw.response(), 413, TOO_LARGE)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"])
def test_size_is_looked_at_first_whatever_the_method(small, method):
    data = f"{method} /api/dm/unread/ HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n".encode()
    with small.raw(data) as raw:
        check_error(raw.response(), 413, TOO_LARGE)


@pytest.mark.parametrize(
    "method, route", [(method, route) for route in ROUTES for method in route.methods if method in ("PUT", "DELETE")],
    ids=lambda value: getattr(value, "name", value),
)  # fmt: skip
def test_a_body_of_put_and_delete_is_read_up_to_the_limit_and_ignored(small, method, route):
    alice, bob = small.alice, small.bob
    path = route.path(bob.id, bob.send(alice)["id"])
    if (method, route.name) == ("DELETE", "Block"):
        assert alice.request("PUT", path).status == 204

    def state():
        return [alice.get(one).json()["results"] for one in (f"conversations/{bob.id}/?mark_read=false", "blocks/")]

    before = state()
    check_error(alice.request(method, path, b"x" * 101), 413, TOO_LARGE)
    assert state() == before
    request = head(small, "Transfer-Encoding: chunked", f"/api/dm/{path}").replace(b"POST", method.encode())
    assert small.exchange(request + chunk(b"{ no JSON".ljust(100)) + LAST_CHUNK).status == 204
    assert state() != before


def test_the_server_goes_on_after_a_refused_body(small):
    for _ in range(20):
        assert small.exchange(head(small, "Content-Length: 101")).status == 413
    assert small.alice.send(small.bob)["content"] == "Hello"


def test_default_limit_is_that_of_django(server, alice, bob):
    path = f"/api/dm/send/{bob.id}/"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {alice.token}\r\n"
        "Content-Type: application/json\r\n"
    )
    with server.raw(f"{head}Content-Length: 2621441\r\n\r\n".encode()) as raw:
        check_error(raw.response(), 413, "Request body exceeds the limit of 2621440 bytes.")
    body = b'{"content":"' + b"x" * (2621440 - 14) + b'"}'
    assert len(body) == 2621440
    assert alice.post(path, body).status == 201


@pytest.fixture
def brief(make_server):
    """A server that takes contents of 5 characters at most, with two users."""
    server = make_server(env={"DIRECTMESSAGES_MAX_CONTENT_LENGTH": 5})
    server.alice, server.bob = server.users(2)
    return server


@pytest.mark.parametrize("path", ["send/{}/", "conversations/{}/"])
def test_content_is_limited_in_characters_not_bytes(brief, path):
    path = path.format(brief.bob.id)
    for character in ("x", "\u00e9", "\u4e2d", "\U0001f600", "\n", " ", "\u0301"):
        assert brief.alice.post(path, {"content": character * 5}).status == 201
        refused = brief.alice.post(path, {"content": character * 6})
        check_error(refused, 400, "Ensure this field has no more than 5 characters.")
        raw = f'{{"content":"{character * 6}"}}'.encode() if character != "\n" else b'{"content":"\\n\\n\\n\\n\\n\\n"}'
        check_error(brief.alice.post(path, raw), 400, "Ensure this field has no more than 5 characters.")
    assert brief.bob.unread() == 7


def test_content_of_a_form_and_of_a_number_is_limited_likewise(brief):
    path = f"send/{brief.bob.id}/"
    assert brief.alice.post(path, "content=\u00e9\u00e9\u00e9\u00e9\u00e9".encode(), FORM).status == 201
    assert brief.alice.post(path, b'{"content":12345}').status == 201
    for body, kind in ((b"content=%C3%A9xxxxx", FORM), (b'{"content":123456}', "application/json")):
        check_error(brief.alice.post(path, body, kind), 400, "Ensure this field has no more than 5 characters.")


@pytest.mark.parametrize("setting, longest", [("", 65536), ("0", None)], ids=["default", "no limit"])
def test_default_limit_of_content_and_none(make_server, setting, longest):
    server = make_server(env={"DIRECTMESSAGES_MAX_CONTENT_LENGTH": setting})
    alice, bob = server.users(2)
    server.insert_messages([(bob, alice, "2025-06-06 12:00:00", None, "stored" * 20_000)])
    for path in (f"send/{bob.id}/", f"conversations/{bob.id}/"):
        assert alice.post(path, {"content": "\u4e2d" * 65536}).status == 201
        longer = alice.post(path, {"content": "x" * 65537})
        if longest:
            check_error(longer, 400, "Ensure this field has no more than 65536 characters.")
        else:
            assert longer.status == 201
    shown = alice.get(f"conversations/{bob.id}/").json()["results"]
    assert shown[-1]["content"] == "stored" * 20_000, "what is stored already is shown"


def test_only_the_content_is_limited(brief):
    answer = brief.alice.post(f"send/{brief.bob.id}/", {"content": "x", "other": "y" * 1000})
    assert answer.status == 201
