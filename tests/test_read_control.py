# SPDX-License-Identifier: MIT
"""Reading without marking: ?mark_read= on a conversation, its setting, and GET messages/<id>/."""

import pytest

from paging import time
from routes import check_error

pytestmark = pytest.mark.two_servers

NOT_FOUND = "Message not found or not authorized."
REFUSED = "mark_read must be true, false, 1 or 0."


def read_times(user, partner, query=""):
    return [message["read_at"] for message in user.conversation(partner, query)["results"]]


@pytest.mark.parametrize("query", ["?mark_read=false", "?mark_read=0", "?mark_read=true&mark_read=false", "?mark%5Fread=f%61lse"])
def test_a_conversation_is_read_without_marking(server, alice, bob, query):
    alice.send(bob)
    assert read_times(bob, alice, query) == [None]
    assert read_times(bob, alice, query) == [None]
    assert bob.unread() == 1
    assert read_times(bob, alice)[0] and bob.unread() == 0


@pytest.mark.parametrize("query", ["?mark_read=true", "?mark_read=1", "?mark_read=false&mark_read=1"])
def test_true_is_the_default(alice, bob, query):
    alice.send(bob)
    assert read_times(bob, alice, query)[0] and bob.unread() == 0


@pytest.mark.parametrize("value", ["", "yes", "True", "FALSE", "01", "2", "-0", "null", "%20false", "false%20", "%00", "false&mark_read=x"])
def test_another_value_is_refused_and_changes_nothing(alice, bob, value):
    alice.send(bob)
    path = f"conversations/{alice.id}/?mark_read={value}"
    check_error(bob.get(path), 400, REFUSED)
    head = bob.head(path)
    assert (head.status, head.body, bob.unread()) == (400, b"", 1)


def test_the_links_keep_it(server, alice, bob):
    server.insert_messages([(alice, bob, time(n)) for n in range(120)])
    page, seen = bob.page(f"conversations/{alice.id}/?mark_read=false&x=1"), 0
    while True:
        seen += len(page["results"])
        assert all("mark_read=false&x=1" in page[link] for link in ("next", "previous") if page[link])
        if not page["next"]:
            break
        page = bob.page(page["next"].partition(server.prefix)[2])
    assert seen == 120 and bob.unread() == 120


def test_what_comes_before_and_after_it(server, alice):
    check_error(server.anonymous().get("conversations/1/?mark_read=x"), 401, "Authentication credentials were not provided.")
    check_error(alice.get("conversations/999999999/?mark_read=x"), 404, "No User matches the given query.")
    check_error(alice.get(f"conversations/{alice.id}/?mark_read=x&cursor=x"), 400, REFUSED)
    check_error(alice.get(f"conversations/{alice.id}/?mark_read=0&cursor=x"), 404, "Invalid cursor")


def test_other_requests_do_not_know_it(alice, bob):
    alice.send(bob)
    assert bob.get("conversations/?mark_read=x").status == 200
    assert bob.post(f"conversations/{alice.id}/?mark_read=x", {"content": "x"}).status == 201
    assert bob.unread() == 0


def test_a_name_in_the_path(server, alice, bob):
    alice.send(bob)
    assert bob.page(f"conversations/@{alice.username}/?mark_read=false")["results"][0]["read_at"] is None


def test_the_setting_makes_it_the_default(make_server):
    server = make_server(env={"DIRECTMESSAGES_MARK_READ_ON_GET": "0"})
    alice, bob = server.users(2)
    alice.send(bob)
    assert read_times(bob, alice) == [None] and bob.unread() == 1
    assert bob.post(f"conversations/{alice.id}/", {"content": "x"}).status == 201
    assert bob.unread() == 0, "who replies has read: the setting is of GET alone"
    alice.send(bob)
    assert None not in read_times(bob, alice, "?mark_read=true")[:1] and bob.unread() == 0


def test_one_message_is_shown_to_its_users_as_everywhere(alice, bob):
    sent = alice.send(bob, "\u2028 \"x\"")
    path = f"messages/{sent['id']}/"
    for user, direction in ((alice, "out"), (bob, "in")):
        answer = user.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
        assert answer.json() == sent | {"direction": direction}
        assert answer.body == user.get(f"conversations/{(bob if user is alice else alice).id}/?mark_read=0").body[:-2].partition(b"[")[2]
        head = user.head(path)
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(answer.body)))
    assert bob.unread() == 1, "it marks nothing"
    bob.conversation(alice)
    assert alice.get(path).json()["read_at"] == bob.get(path).json()["read_at"] is not None


def test_a_message_of_others_or_of_nobody_is_not_found(alice, bob, carol):
    sent = alice.send(bob)
    for user, identity in ((carol, sent["id"]), (alice, 0), (alice, 2**63 - 1), (alice, 2**63), (alice, "9" * 40)):
        check_error(user.get(f"messages/{identity}/"), 404, NOT_FOUND)
        head = user.head(f"messages/{identity}/")
        assert (head.status, head.body) == (404, b"")
    check_error(alice.get("messages/x/"), 404, "Not found.")


def test_a_message_that_the_caller_has_hidden_is_not_found(alice, bob):
    sent = alice.send(bob)
    path = f"messages/{sent['id']}/"
    assert bob.delete(path).status == 204
    check_error(bob.get(path), 404, NOT_FOUND)
    assert alice.get(path).status == 200
    assert alice.delete(path).status == 204
    check_error(alice.get(path), 404, NOT_FOUND)
    assert bob.delete(path).status == 204, "hiding it again still works"


def test_a_message_is_not_cached(alice, bob):
    answer = alice.get(f"messages/{alice.send(bob)['id']}/")
    assert answer.headers["Cache-Control"] == "private, no-cache"
