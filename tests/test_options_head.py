# SPDX-License-Identifier: MIT
"""HEAD and OPTIONS: what they answer, and that they change nothing."""

import pytest

from routes import ROUTES, check_error, compact, on_each_route

pytestmark = pytest.mark.short_on("sqlite")  # it is about HTTP, and no store sees it

PARSES = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]


def field(kind, required, read_only, label):
    return {"type": kind, "required": required, "read_only": read_only, "label": label}


ACTIONS = {
    "Message List": {
        "id": field("integer", False, True, "ID"),
        "sender": field("field", False, True, "Sender"),
        "recipient": field("field", False, True, "Recipient"),
        "direction": field("field", False, True, "Direction"),
        "sent_at": field("datetime", False, True, "Sent at"),
        "read_at": field("datetime", False, True, "Read at"),
        "content": field("string", True, False, "Content"),
    },
    "Mark Read": {"up_to": field("integer", False, False, "Up to")},
    "Mark Unread": {"from": field("integer", False, False, "From")},
    "Message Send": {
        "id": field("integer", False, True, "ID"),
        "content": field("string", True, False, "Content"),
    },
}


def metadata(route):
    told = {"name": route.name, "description": "", "renders": ["application/json"], "parses": PARSES}
    if route.name in ACTIONS:
        told["actions"] = {"POST": ACTIONS[route.name]}
    return compact(told)


@on_each_route
def test_options_answers_the_metadata_to_the_byte(alice, bob, route):
    message = alice.send(bob)
    answer = alice.options(route.path(bob.id, message["id"]))
    assert (answer.status, answer.body) == (200, metadata(route))
    assert (answer.headers["Allow"], answer.headers["Content-Type"]) == (route.allow, "application/json")


@on_each_route
@pytest.mark.parametrize("identity", [999_999_999, "0", "9" * 40])
def test_options_needs_no_user_or_message_of_the_path(alice, route, identity):
    answer = alice.options(route.path(identity, identity))
    assert (answer.status, answer.body) == (200, metadata(route))


def test_options_for_the_caller_as_the_user_of_the_path(alice):
    assert alice.options(f"send/{alice.id}/").status == 200
    assert alice.options(f"conversations/{alice.id}/").status == 200


@on_each_route
def test_options_is_authenticated(server, route):
    answer = server.anonymous().options(route.path())
    check_error(answer, 401, "Authentication credentials were not provided.")


def test_options_of_an_unknown_path_is_404(alice):
    check_error(alice.options("nowhere/"), 404, "Not found.")


def test_options_has_no_side_effect(alice, bob):
    message = alice.send(bob)
    assert bob.options(f"conversations/{alice.id}/").status == 200
    assert bob.options(f"messages/{message['id']}/").status == 200
    assert (bob.unread(), len(alice.conversation(bob)["results"])) == (1, 1)


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if "HEAD" in route.methods], ids=lambda route: route.name
)
def test_head_answers_as_get_without_a_body(server, alice, bob, route):
    path = route.path(bob.id, alice.send(bob)["id"])
    told, answer = alice.head(path), alice.get(path)
    assert (told.status, answer.status, told.body) == (200, 200, b"")
    for name in ("Content-Type", "Content-Length", "Allow", "X-Content-Type-Options", "Cache-Control"):
        assert told.headers.get_all(name) == answer.headers.get_all(name)


def test_nothing_follows_the_headers_of_a_head(server, alice):
    head = f"Host: x\r\nAuthorization: Token {alice.token}\r\n\r\n"
    with server.raw(f"HEAD /api/dm/unread/ HTTP/1.1\r\n{head}GET /api/dm/unread/ HTTP/1.1\r\n{head}".encode()) as raw:
        assert raw.response(head=True).status == 200
        assert raw.response().body == compact({"id": alice.id, "count": 0})


def test_head_does_not_mark_messages_as_read(server, alice, bob):
    message = alice.send(bob)
    assert bob.head(f"conversations/{alice.id}/").status == 200
    assert (bob.unread(), server.message(message["id"]).read_at) == (1, None)


@pytest.mark.parametrize(
    "path, headers, status",
    [
        ("unread/", {"Authorization": "Token nope"}, 401),
        ("unread/", {"Accept": "text/html"}, 406),
        ("unread/?format=xml", {}, 404),
        ("nowhere/", {}, 404),
        ("conversations/999999999/", {}, 404),
        ("conversations/?cursor=x", {}, 404),
        ("send/1/", {}, 405),
        ("messages/999999999/", {}, 404),
    ],
)
def test_head_answers_the_errors_of_get_without_a_body(alice, path, headers, status):
    answer, same = alice.head(path, headers), alice.get(path, headers)
    assert (answer.status, same.status, answer.body) == (status, status, b"")
    if status != 405:
        assert answer.headers["Content-Length"] == same.headers["Content-Length"]
