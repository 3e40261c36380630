# SPDX-License-Identifier: MIT
"""Lists that change while somebody pages through them: nothing comes twice, nothing is missed."""

import pytest

from paging import START, after, converse, ids, time

pytestmark = pytest.mark.two_servers


def test_inserts_at_the_top_neither_repeat_nor_skip(server, alice, bob):
    model = converse(server, alice, bob, [time(n // 4) for n in range(160)])
    fetch = lambda query="": alice.conversation(bob, query)  # noqa: E731
    seen, page = [], fetch()
    while True:
        seen += ids(page)
        alice.send(bob)
        bob.send(alice)
        if page["next"] is None:
            break
        page = fetch(after(page["next"]))
    assert seen == [identity for _, identity in model.rows]


def test_inserts_at_the_time_of_the_boundary_neither_repeat_nor_skip(server, alice, bob):
    """Newer messages of a time that a page ends in belong before the rest of that time, which was not served yet."""
    model = converse(server, alice, bob, [START] * 130)
    fetch = lambda query="": alice.conversation(bob, query)  # noqa: E731
    seen, page = ids(fetch()), fetch()
    while page["next"] is not None:
        server.insert_messages([(alice, bob, START), (bob, alice, START, START)])
        page = fetch(after(page["next"]))
        seen += ids(page)
    assert seen == [identity for _, identity in model.rows]


def test_backwards_new_messages_come_on_pages_of_their_own(server, alice, bob):
    model = converse(server, alice, bob, [time(n) for n in range(70)])
    first = alice.conversation(bob)
    second = alice.conversation(bob, after(first["next"]))
    new = [alice.send(bob)["id"] for _ in range(3)]
    again = alice.conversation(bob, after(second["previous"]))
    assert (ids(again), again["previous"] is None) == (ids(first), False)
    newest = alice.conversation(bob, after(again["previous"]))
    assert (ids(newest), newest["previous"]) == (new[::-1], None)
    assert ids(alice.conversation(bob, after(newest["next"]))) == [identity for _, identity in model.rows[:50]]


@pytest.mark.parametrize("times", [[time(n) for n in range(120)], [START] * 120], ids=["distinct", "equal"])
@pytest.mark.parametrize("hidden", [slice(49, 50), slice(48, 52), slice(0, 50), slice(50, 51), slice(0, 100)])
def test_hides_while_paging_neither_repeat_nor_skip(server, alice, bob, times, hidden):
    order = [identity for _, identity in converse(server, alice, bob, times).rows]
    first = alice.conversation(bob)
    for identity in order[hidden]:
        assert alice.delete(f"messages/{identity}/").status == 204
    left = [identity for identity in order[50:] if identity not in order[hidden]]
    page = alice.conversation(bob, after(first["next"]))
    assert ids(page) == left[:50]
    if page["next"] is not None:
        assert ids(alice.conversation(bob, after(page["next"]))) == left[50:]


@pytest.mark.parametrize("times", [[time(n) for n in range(120)], [START] * 120], ids=["distinct", "equal"])
@pytest.mark.parametrize("hidden", [slice(50, 51), slice(49, 50), slice(45, 60), slice(50, 100)])
def test_hides_while_paging_backwards_neither_repeat_nor_skip(server, alice, bob, times, hidden):
    order = [identity for _, identity in converse(server, alice, bob, times).rows]
    first = alice.conversation(bob)
    second = alice.conversation(bob, after(first["next"]))
    for identity in order[hidden]:
        assert alice.delete(f"messages/{identity}/").status == 204
    left = [identity for identity in order[:50] if identity not in order[hidden]]
    page = alice.conversation(bob, after(second["previous"]))
    assert (ids(page), page["previous"]) == (left, None)


def test_partners_that_come_and_go_while_paging(server, alice):
    partners = server.users(123)
    server.insert_messages([(alice, partner, START) for partner in partners[:120]])
    first = alice.partners()
    expected = [partner.id for partner in partners[:70]][::-1]
    assert ids(first) == [partner.id for partner in partners[70:120]][::-1]
    server.insert_messages([(partner, alice, START) for partner in partners[120:]])
    server.sql(
        "UPDATE directmessages_message SET hidden_for_sender = ? WHERE sender_id = ? AND recipient_id = ?",
        (START, alice.id, partners[70].id),
    )
    second = alice.partners(after(first["next"]))
    assert ids(second) == expected[:50]
    assert ids(alice.partners(after(second["next"]))) == expected[50:]
    back = alice.partners(after(second["previous"]))
    assert ids(back) == [partner.id for partner in partners[71:121]][::-1]
