# SPDX-License-Identifier: MIT
"""GET unread/ and conversations/unread/: what counts as unread, and for whom."""

from routes import compact

import pytest

pytestmark = pytest.mark.two_servers


def row(partner, count):
    return {"partner_id": partner.id, "partner_username": partner.username, "unread_count": count}


def by_partner(user):
    answer = user.get("conversations/unread/")
    assert answer.status == 200, answer
    return answer.json()


def test_without_messages_there_is_nothing_unread(alice):
    assert alice.get("unread/").body == compact({"id": alice.id, "count": 0})
    assert alice.get("conversations/unread/").body == b"[]"


def test_messages_to_the_caller_count_and_those_from_the_caller_do_not(alice, bob, carol):
    for _ in range(3):
        alice.send(bob)
    carol.send(bob)
    bob.send(alice)
    assert (alice.unread(), bob.unread(), carol.unread()) == (1, 4, 0)
    assert by_partner(bob) == [row(alice, 3), row(carol, 1)]
    assert by_partner(alice) == [row(bob, 1)]
    assert by_partner(carol) == []


def test_read_messages_do_not_count(alice, bob, carol):
    alice.send(bob)
    carol.send(bob)
    bob.conversation(alice)
    assert (bob.unread(), by_partner(bob)) == (1, [row(carol, 1)])


def test_messages_hidden_by_the_caller_do_not_count(alice, bob):
    first, _ = alice.send(bob), alice.send(bob)
    assert bob.delete(f"messages/{first['id']}/").status == 204
    assert (bob.unread(), by_partner(bob)) == (1, [row(alice, 1)])


def test_messages_hidden_by_the_sender_count(alice, bob):
    message = alice.send(bob)
    assert alice.delete(f"messages/{message['id']}/").status == 204
    assert (bob.unread(), by_partner(bob)) == (1, [row(alice, 1)])


def test_partner_without_unread_messages_has_no_row(alice, bob, carol):
    first = alice.send(bob)
    carol.send(bob)
    assert bob.delete(f"messages/{first['id']}/").status == 204
    assert by_partner(bob) == [row(carol, 1)]


def test_rows_ascend_by_partner_id_and_are_not_paginated(server, alice):
    partners = server.users(120)
    counts = {partner: 1 + n % 3 for n, partner in enumerate(partners)}
    times = ["2025-06-06 12:00:00", "2025-06-06 11:00:00", "2025-06-06 13:00:00"]
    messages = [(partner, alice, times[n]) for partner, count in counts.items() for n in range(count)]
    server.insert_messages(reversed(messages))
    assert by_partner(alice) == [row(partner, counts[partner]) for partner in partners]
    assert alice.unread() == sum(counts.values())


def test_inactive_partner_has_a_row(server, alice):
    gone = server.user()
    gone.send(alice)
    server.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, gone.id))
    assert by_partner(alice) == [row(gone, 1)]


def test_looking_does_not_mark_as_read(alice, bob):
    alice.send(bob)
    for _ in range(2):
        assert (bob.unread(), by_partner(bob)) == (1, [row(alice, 1)])
    bob.get("conversations/")
    assert bob.unread() == 1


def test_other_query_parameters_change_nothing(alice, bob):
    alice.send(bob)
    assert bob.get("unread/?cursor=x&page=2").json() == {"id": bob.id, "count": 1}
    assert bob.get("conversations/unread/?cursor=x&page=2").json() == [row(alice, 1)]


def test_many_unread_messages(server, alice, bob):
    server.insert_messages([(alice, bob, "2025-06-06 12:00:00")] * 5000)
    assert (bob.unread(), by_partner(bob)) == (5000, [row(alice, 5000)])
    bob.conversation(alice)
    assert (bob.unread(), by_partner(bob)) == (0, [])
