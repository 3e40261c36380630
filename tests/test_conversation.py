# SPDX-License-Identifier: MIT
"""GET and POST conversations/<id>/: order, direction, mark-as-read, and the whole conversation after a POST."""

import random

import pytest

from routes import check_error, compact

pytestmark = pytest.mark.two_servers

EMPTY_PAGE = compact({"next": None, "previous": None, "results": []})
MINUTES = [f"2025-06-06 {n // 60:02}:{n % 60:02}:00" for n in range(24 * 60)]


def ids(messages):
    return [message["id"] for message in messages]


def contents(messages):
    return [message["content"] for message in messages]


def test_unknown_user_is_404(alice):
    check_error(alice.get("conversations/999999999/"), 404, "No User matches the given query.")


def test_own_id_is_an_empty_page(alice, bob):
    alice.send(bob)
    answer = alice.get(f"conversations/{alice.id}/")
    assert (answer.status, answer.body) == (200, EMPTY_PAGE)


def test_without_messages_the_page_is_empty(alice, bob):
    answer = alice.get(f"conversations/{bob.id}/")
    assert (answer.status, answer.body) == (200, EMPTY_PAGE)


def test_inactive_partner_can_be_read(server, alice):
    gone = server.user(active=False)
    alice.send(gone, "still here")
    assert contents(alice.conversation(gone)["results"]) == ["still here"]


def test_newest_first_by_time_whatever_the_ids(server, alice, bob):
    times = MINUTES[:40]
    random.Random(1).shuffle(times)
    pairs = [(alice, bob), (bob, alice)]
    made = server.insert_messages([(*pairs[n % 3 == 0], time) for n, time in enumerate(times)])
    expected = [identity for _, identity in sorted(zip(times, made), reverse=True)]
    assert ids(alice.conversation(bob)["results"]) == expected
    assert ids(bob.conversation(alice)["results"]) == expected


def test_messages_of_one_time_are_ordered_by_id(server, alice, bob):
    pairs = [(alice, bob), (bob, alice), (bob, alice)]
    made = server.insert_messages([(*pairs[n % 3], MINUTES[n % 2]) for n in range(30)])
    expected = made[1::2][::-1] + made[0::2][::-1]
    assert ids(alice.conversation(bob)["results"]) == expected
    assert ids(bob.conversation(alice)["results"]) == expected


def test_times_with_and_without_a_fraction_are_ordered_as_times(server, alice, bob):
    times = ["2025-06-06 12:00:01", "2025-06-06 12:00:00.999999", "2025-06-06 12:00:00.000001", "2025-06-06 12:00:00"]
    made = server.insert_messages([(alice, bob, time) for time in reversed(times)])
    assert ids(alice.conversation(bob)["results"]) == made[::-1]


def test_only_messages_between_the_two(alice, bob, carol):
    for sender in (alice, bob, carol):
        for recipient in (alice, bob, carol):
            if sender is not recipient:
                sender.send(recipient, f"{sender.id} to {recipient.id}")
    expected = [f"{bob.id} to {alice.id}", f"{alice.id} to {bob.id}"]
    assert contents(alice.conversation(bob)["results"]) == expected
    assert contents(bob.conversation(alice)["results"]) == expected


def test_direction_is_that_of_the_caller(alice, bob):
    alice.send(bob)
    bob.send(alice)
    assert [message["direction"] for message in alice.conversation(bob)["results"]] == ["in", "out"]
    assert [message["direction"] for message in bob.conversation(alice)["results"]] == ["out", "in"]


def test_fifty_messages_a_page(server, alice, bob):
    server.insert_messages([(alice, bob, time) for time in MINUTES[:50]])
    page = alice.conversation(bob)
    assert (len(page["results"]), page["next"], page["previous"]) == (50, None, None)
    server.insert_messages([(alice, bob, MINUTES[50])])
    page = alice.conversation(bob)
    assert (len(page["results"]), page["next"] is not None, page["previous"]) == (50, True, None)


def test_reading_marks_inbound_messages_and_shows_it(server, alice, bob):
    sent = [alice.send(bob), alice.send(bob)]
    shown = bob.conversation(alice)["results"]
    assert ids(shown) == ids(sent[::-1])
    for message in shown:
        stored = server.message(message["id"]).read_at
        assert message["read_at"] == stored.replace(" ", "T") + "Z"
        assert message["read_at"] >= message["sent_at"]
    assert bob.unread() == 0
    assert [message["read_at"] for message in alice.conversation(bob)["results"]] == [m["read_at"] for m in shown]


def test_reading_again_keeps_the_first_time(alice, bob):
    alice.send(bob)
    first = bob.conversation(alice)
    assert bob.conversation(alice) == first
    alice.send(bob)
    assert bob.conversation(alice)["results"][1] == first["results"][0]


def test_reading_does_not_touch_what_the_caller_sent(server, alice, bob):
    sent = alice.send(bob)
    assert alice.conversation(bob)["results"] == [sent]
    assert (server.message(sent["id"]).read_at, bob.unread()) == (None, 1)


def test_reading_marks_the_messages_of_this_partner_only(alice, bob, carol):
    alice.send(bob)
    carol.send(bob)
    bob.conversation(alice)
    assert bob.get("conversations/unread/").json() == [
        {"partner_id": carol.id, "partner_username": carol.username, "unread_count": 1}
    ]


@pytest.mark.parametrize("backwards", [False, True])
def test_reading_any_page_marks_the_messages_of_every_page(server, alice, bob, backwards):
    made = server.insert_messages([(alice, bob, time) for time in MINUTES[:120]])
    first = alice.conversation(bob)
    assert bob.unread() == 120
    cursor = first["next"].split("?")[1]
    page = bob.conversation(alice, "?cursor=cj0x" if backwards else "?" + cursor)
    assert ids(page["results"]) == (made[:50][::-1] if backwards else made[20:70][::-1])
    assert all(message["read_at"] for message in page["results"])
    assert bob.unread() == 0
    unread = server.sql("SELECT 1 FROM directmessages_message WHERE recipient_id = ? AND read_at IS NULL", (bob.id,))
    assert unread == []
    assert all(message["read_at"] for message in bob.conversation(alice)["results"])


def test_reading_does_not_mark_what_is_hidden_from_the_caller(server, alice, bob):
    hidden, seen = alice.send(bob), alice.send(bob)
    assert bob.delete(f"messages/{hidden['id']}/").status == 204
    assert ids(bob.conversation(alice)["results"]) == [seen["id"]]
    assert server.message(hidden["id"]).read_at is None
    assert server.message(seen["id"]).read_at is not None


def test_reading_marks_what_the_sender_has_hidden(server, alice, bob):
    message = alice.send(bob)
    assert alice.delete(f"messages/{message['id']}/").status == 204
    assert bob.conversation(alice)["results"][0]["read_at"] is not None
    assert bob.unread() == 0


def test_a_page_beyond_the_last_message_marks_as_well(server, alice, bob):
    """An empty page of the conversation is a page of it."""
    server.insert_messages([(alice, bob, "2025-06-06 12:00:00")])
    # p=2000-01-01 00:00:00+00:00
    page = bob.conversation(alice, "?cursor=cD0yMDAwLTAxLTAxKzAwJTNBMDAlM0EwMCUyQjAwJTNBMDA%3D")
    assert (page["results"], bob.unread()) == ([], 0)


@pytest.mark.parametrize(
    "method, query, headers, status",
    [
        ("GET", "?cursor=x", {}, 404),
        ("GET", "?cursor=bz0tMQ%3D%3D", {}, 404),
        ("GET", "?format=xml", {}, 404),
        ("GET", "", {"Accept": "text/html"}, 406),
        ("GET", "", {"Authorization": "Token nope"}, 401),
        ("PUT", "", {}, 405),
    ],
)
def test_refused_request_marks_nothing(alice, bob, method, query, headers, status):
    alice.send(bob)
    answer = bob.request(method, f"conversations/{alice.id}/{query}", headers=headers)
    assert (answer.status, bob.unread()) == (status, 1)


def test_post_answers_the_whole_conversation_newest_first(alice, bob):
    first = alice.send(bob, "first")
    bob.send(alice, "second")
    answer = alice.post(f"conversations/{bob.id}/", {"content": "third"})
    assert answer.status == 201
    told = answer.json()
    assert contents(told) == ["third", "second", "first"]
    assert [message["direction"] for message in told] == ["out", "in", "out"]
    assert (told[2], told[0]["sender"], told[0]["recipient"], told[0]["read_at"]) == (first, alice.id, bob.id, None)
    assert told == alice.conversation(bob)["results"]


def test_post_starts_a_conversation(server, alice, bob):
    answer = alice.post(f"conversations/{bob.id}/", {"content": "x"})
    (message,) = answer.json()
    keys = ["id", "sender", "recipient", "direction", "sent_at", "read_at", "content"]
    assert (answer.body, list(message)) == (compact([message]), keys)
    assert server.message(message["id"]).content == "x"
    assert bob.unread() == 1


def test_post_marks_inbound_messages_and_shows_it(server, alice, bob):
    old, new = bob.send(alice), bob.send(alice)
    told = alice.post(f"conversations/{bob.id}/", {"content": "x"}).json()
    assert ids(told)[1:] == [new["id"], old["id"]]
    for message in told[1:]:
        assert message["read_at"] == server.message(message["id"]).read_at.replace(" ", "T") + "Z"
    assert (told[0]["read_at"], alice.unread(), bob.unread()) == (None, 0, 1)


def test_post_leaves_out_what_is_hidden_from_the_caller(alice, bob):
    hidden, other, seen = alice.send(bob, "mine"), bob.send(alice, "hers"), bob.send(alice, "seen")
    for message in (hidden, other):
        assert alice.delete(f"messages/{message['id']}/").status == 204
    assert bob.delete(f"messages/{seen['id']}/").status == 204
    assert contents(alice.post(f"conversations/{bob.id}/", {"content": "x"}).json()) == ["x", "seen"]
    assert contents(bob.post(f"conversations/{alice.id}/", {"content": "y"}).json()) == ["y", "x", "hers", "mine"]


@pytest.mark.parametrize("count", [49, 50, 51, 1100])
def test_post_is_not_paginated(server, alice, bob, count):
    pairs = [(alice, bob), (bob, alice)]
    # Equal times among them, to see that ties are ordered here as on a page.
    made = server.insert_messages([(*pairs[n % 2], MINUTES[n // 3]) for n in range(count)])
    told = alice.post(f"conversations/{bob.id}/", {"content": "x"}).json()
    assert ids(told)[1:] == made[::-1]
    assert alice.unread() == 0


@pytest.mark.parametrize(
    "body, content_type, status",
    [
        (b"{}", "application/json", 400),
        (b'{"content":true}', "application/json", 400),
        (b"{", "application/json", 400),
        (b"x", "text/plain", 415),
    ],
)
def test_refused_post_stores_and_marks_nothing(alice, bob, body, content_type, status):
    bob.send(alice, "only")
    answer = alice.post(f"conversations/{bob.id}/", body, content_type)
    assert (answer.status, alice.unread()) == (status, 1)
    assert contents(bob.conversation(alice)["results"]) == ["only"]


def test_send_does_not_mark(alice, bob):
    bob.send(alice)
    alice.send(bob)
    assert alice.unread() == 1
