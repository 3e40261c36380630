# SPDX-License-Identifier: MIT
"""GET conversations/: who is listed, for whom, and in which order."""

import pytest

pytestmark = pytest.mark.two_servers


def ids(user, query=""):
    return [partner["id"] for partner in user.partners(query)["results"]]


def hide(user, message):
    assert user.delete(f"messages/{message['id']}/").status == 204


def test_nobody_is_listed_without_messages(alice):
    assert alice.partners() == {"next": None, "previous": None, "results": []}


def test_partners_of_either_direction_are_listed_once(alice, bob, carol):
    alice.send(bob)
    carol.send(alice)
    alice.send(carol)
    carol.send(alice)
    assert ids(alice) == [carol.id, bob.id]
    assert (ids(bob), ids(carol)) == ([alice.id], [alice.id])


def test_partner_is_shown_with_names(server, alice):
    partner = server.user(first_name="J\u00fcrgen", last_name="O'Neill", email="not@shown.example")
    alice.send(partner)
    assert alice.partners()["results"] == [
        {"id": partner.id, "username": partner.username, "first_name": "J\u00fcrgen", "last_name": "O'Neill"}
    ]


def test_names_may_be_empty_and_change(server, alice, bob):
    alice.send(bob)
    server.sql("UPDATE auth_user SET first_name = '', last_name = 'New' WHERE id = ?", (bob.id,))
    (partner,) = alice.partners()["results"]
    assert (partner["first_name"], partner["last_name"]) == ("", "New")


def test_highest_user_id_first_whatever_the_time(server, alice):
    partners = server.users(10)
    order = [3, 9, 0, 5, 1, 7, 2, 8, 6, 4]
    for n in order:
        alice.send(partners[n])
    assert ids(alice) == [partner.id for partner in reversed(partners)]


def test_inactive_partner_is_listed(server, alice):
    gone = server.user(active=False)
    alice.send(gone)
    assert ids(alice) == [gone.id]


@pytest.mark.parametrize("direction", ["sent", "received"])
def test_partner_is_listed_while_a_message_is_visible_to_the_caller(alice, bob, direction):
    pair = (alice, bob) if direction == "sent" else (bob, alice)
    first, second = pair[0].send(pair[1]), pair[0].send(pair[1])
    hide(alice, first)
    assert ids(alice) == [bob.id]
    hide(alice, second)
    assert (ids(alice), ids(bob)) == ([], [alice.id])


@pytest.mark.parametrize("direction", ["sent", "received"])
def test_what_the_partner_hides_does_not_matter(alice, bob, direction):
    pair = (alice, bob) if direction == "sent" else (bob, alice)
    hide(bob, pair[0].send(pair[1]))
    assert (ids(alice), ids(bob)) == ([bob.id], [])


def test_one_visible_direction_is_enough(alice, bob):
    sent, _ = alice.send(bob), bob.send(alice)
    hide(alice, sent)
    assert ids(alice) == [bob.id]


def test_new_message_brings_the_partner_back(alice, bob):
    hide(alice, alice.send(bob))
    assert ids(alice) == []
    bob.send(alice)
    assert ids(alice) == [bob.id]


def test_messages_of_others_do_not_matter(alice, bob, carol):
    bob.send(carol)
    assert ids(alice) == []


def test_listing_does_not_mark_as_read(alice, bob):
    alice.send(bob)
    bob.partners()
    assert bob.unread() == 1


def test_fifty_partners_a_page(server, alice):
    partners = server.users(51)
    server.insert_messages([(alice, partner, "2025-06-06 12:00:00") for partner in partners[:50]])
    page = alice.partners()
    assert (len(page["results"]), page["next"], page["previous"]) == (50, None, None)
    server.insert_messages([(partners[50], alice, "2025-06-06 12:00:00")])
    page = alice.partners()
    assert ids(alice) == [partner.id for partner in partners[:0:-1]]
    assert (page["next"] is not None, page["previous"]) == (True, None)


def test_partners_hidden_from_the_caller_do_not_use_up_a_page(server, alice):
    partners = server.users(120)
    made = server.insert_messages([(alice, partner, "2025-06-06 12:00:00") for partner in partners])
    hidden = [(identity,) for n, identity in enumerate(made) if n % 2]
    with server.transaction() as connection:
        connection.executemany(
            "UPDATE directmessages_message SET hidden_for_sender = '2025-06-07 00:00:00' WHERE id = ?", hidden
        )
    expected = [partner.id for partner in partners[0::2]][::-1]
    page = alice.partners()
    assert [partner["id"] for partner in page["results"]] == expected[:50]
    assert ids(alice, "?" + page["next"].split("?")[1]) == expected[50:]
