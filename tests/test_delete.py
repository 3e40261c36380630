# SPDX-License-Identifier: MIT
"""DELETE messages/<id>/: a message is hidden for the caller alone."""

import pytest

from routes import check_error

pytestmark = pytest.mark.two_servers

NOT_FOUND = "Message not found or not authorized."


def contents(user, partner):
    return [message["content"] for message in user.conversation(partner)["results"]]


def hide(user, message):
    answer = user.delete(f"messages/{message['id']}/")
    assert (answer.status, answer.body) == (204, b""), answer


def test_delete_by_the_sender_hides_from_the_sender_alone(server, alice, bob):
    first, _ = alice.send(bob, "first"), alice.send(bob, "second")
    hide(alice, first)
    assert contents(alice, bob) == ["second"]
    assert contents(bob, alice) == ["second", "first"]
    row = server.message(first["id"])
    assert (row.hidden_for_sender is None, row.hidden_for_recipient) == (False, None)


def test_delete_by_the_recipient_hides_from_the_recipient_alone(server, alice, bob):
    first, _ = alice.send(bob, "first"), alice.send(bob, "second")
    hide(bob, first)
    assert contents(bob, alice) == ["second"]
    assert contents(alice, bob) == ["second", "first"]
    row = server.message(first["id"])
    assert (row.hidden_for_sender, row.hidden_for_recipient is None) == (None, False)


def test_delete_by_both_keeps_the_message_stored(server, alice, bob):
    message = alice.send(bob, "x")
    hide(alice, message)
    hide(bob, message)
    assert (contents(alice, bob), contents(bob, alice)) == ([], [])
    assert server.message(message["id"]).content == "x"


def test_deleting_again_is_204_too(alice, bob):
    message = alice.send(bob)
    for _ in range(3):
        hide(bob, message)
    assert contents(alice, bob) == ["Hello"]


def test_delete_changes_nothing_else(server, alice, bob):
    message = alice.send(bob, "x")
    before = server.message(message["id"])
    hide(bob, message)
    after = server.message(message["id"])
    assert after._replace(hidden_for_recipient=None) == before
    hide(alice, message)
    assert server.message(message["id"])._replace(hidden_for_sender=None) == after


def test_message_of_others_is_404_and_left_alone(server, alice, bob, carol):
    message = alice.send(bob)
    before = server.message(message["id"])
    check_error(carol.delete(f"messages/{message['id']}/"), 404, NOT_FOUND)
    assert server.message(message["id"]) == before


def test_message_that_does_not_exist_is_404(alice):
    check_error(alice.delete("messages/999999999/"), 404, NOT_FOUND)


def test_not_existing_and_not_ones_own_look_the_same(alice, bob, carol):
    message = alice.send(bob)
    answers = [carol.delete(f"messages/{message['id']}/"), carol.delete("messages/999999999/")]
    assert answers[0].body == answers[1].body
    assert set(answers[0].headers) == set(answers[1].headers)


@pytest.mark.parametrize("deleter", ["sender", "recipient"])
def test_partner_disappears_for_whoever_deleted_all_and_for_nobody_else(alice, bob, deleter):
    message = alice.send(bob)
    one, other = (alice, bob) if deleter == "sender" else (bob, alice)
    hide(one, message)
    assert one.partners()["results"] == []
    assert [partner["id"] for partner in other.partners()["results"]] == [one.id]


def test_unread_count_follows_the_recipients_deletes_alone(alice, bob):
    first, second = alice.send(bob), alice.send(bob)
    hide(alice, first)
    assert bob.unread() == 2
    hide(bob, second)
    assert bob.unread() == 1


def test_replies_are_hidden_by_their_direction(alice, bob):
    to_bob, to_alice = alice.send(bob, "to bob"), bob.send(alice, "to alice")
    hide(alice, to_bob)
    hide(alice, to_alice)
    assert contents(alice, bob) == []
    assert contents(bob, alice) == ["to alice", "to bob"]


def test_refused_delete_hides_nothing(server, alice, bob):
    message = alice.send(bob)
    path = f"messages/{message['id']}/"
    assert server.anonymous().delete(path).status == 401
    assert alice.delete(path, {"Accept": "text/html"}).status == 406
    assert alice.delete(path + "?format=xml").status == 404
    assert alice.request("PUT", path).status == 405
    assert contents(alice, bob) == ["Hello"]


def test_answer_204_has_neither_body_nor_length(server, alice, bob):
    message = alice.send(bob)
    path = f"/api/dm/messages/{message['id']}/"
    head = f"Host: x\r\nAuthorization: Token {alice.token}\r\n\r\n"
    with server.raw(f"DELETE {path} HTTP/1.1\r\n{head}GET /api/dm/unread/ HTTP/1.1\r\n{head}".encode()) as raw:
        answer = raw.response()
        assert (answer.status, "Transfer-Encoding" in answer.headers) == (204, False)
        assert raw.response().json() == {"id": alice.id, "count": 0}
