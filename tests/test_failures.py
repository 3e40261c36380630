# SPDX-License-Identifier: MIT
"""Unexpected failures are 500, and only the log says why."""

import pytest

from routes import check_error, on_each_sending_route


@pytest.fixture
def broken(make_server):
    """A server with two users and a message; `broken.fault` makes the database refuse a kind of statement."""
    server = make_server()
    server.alice, server.bob = server.users(2)
    server.sent = server.alice.send(server.bob, "before")
    server.fault = lambda kind: server.store.refuse(kind, "a secret cause")
    return server


def check_unexpected(server, answer):
    check_error(answer, 500, "Internal server error.")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert server.wait_log("a secret cause")


@on_each_sending_route
def test_message_that_the_store_refuses_unexpectedly_is_500(broken, route):
    broken.fault("INSERT")
    check_unexpected(broken, broken.alice.post(route.path(broken.bob.id), {"content": "during"}))
    broken.store.accept()
    assert broken.alice.post(route.path(broken.bob.id), {"content": "after"}).status == 201
    shown = broken.bob.conversation(broken.alice)["results"]
    assert [message["content"] for message in shown] == ["after", "before"]


def test_marking_that_the_store_refuses_unexpectedly_is_500_and_marks_nothing(broken):
    broken.fault("UPDATE")
    check_unexpected(broken, broken.bob.get(f"conversations/{broken.alice.id}/"))
    assert broken.bob.unread() == 1
    broken.store.accept()
    assert broken.bob.conversation(broken.alice)["results"][0]["read_at"] is not None


def test_deletion_that_the_store_refuses_unexpectedly_is_500_and_hides_nothing(broken):
    broken.fault("UPDATE")
    check_unexpected(broken, broken.alice.delete(f"messages/{broken.sent['id']}/"))
    assert broken.alice.conversation(broken.bob)["results"] == [broken.sent]
