# SPDX-License-Identifier: MIT
"""GET inbox/: which conversations are shown, in which order and with what; inbox/<user>/."""

import time

import pytest

from clients import User
from folding import folded, newest, wait_folded, wait_forgotten
from harness import wait_until
from inboxes import MAX_UNREAD, check, expected, shown, walk
from paging import after
from paging import time as when

pytestmark = pytest.mark.two_servers


def partners(user, query=""):
    return [row["partner"]["id"] for row in user.inbox(query)["results"]]


def hide(user, message):
    assert user.delete(f"messages/{message['id']}/").status == 204


def test_an_empty_inbox(alice):
    assert alice.inbox() == {"next": None, "previous": None, "results": []}


def test_an_entry_shows_the_partner_and_the_last_message_and_marks_nothing(alice, bob):
    bob.send(alice, "one")
    last = bob.send(alice, "two")
    for _ in range(2):
        assert alice.inbox()["results"] == [{
            "partner": {"id": bob.id, "username": bob.username, "first_name": "Bob", "last_name": "Baker"},
            "last_message": {**last, "direction": "in"}, "content_truncated": False, "unread_count": 2, "blocked": False}]
    assert alice.unread() == 2
    assert bob.inbox()["results"][0]["last_message"] == last
    assert bob.inbox()["results"][0]["unread_count"] == 0


def test_the_newest_conversation_comes_first_whoever_wrote(server, alice):
    others = server.users(5)
    for other in others:
        other.send(alice)
    assert partners(alice) == [other.id for other in reversed(others)]
    alice.send(others[0])
    others[2].send(alice)
    assert partners(alice) == [others[n].id for n in (2, 0, 4, 3, 1)]


def test_order_is_by_time_and_id_not_by_id_alone(server, alice):
    others = server.users(4)
    server.insert_messages([(other, alice, when(n)) for other, n in zip(others, (5, 9, 5, 1))])
    assert partners(alice) == [others[n].id for n in (1, 2, 0, 3)]


@pytest.mark.parametrize("page_size", [1, 3, 100])
def test_pages_have_all_conversations_once(server, alice, page_size):
    others = server.users(13)
    server.insert_messages([(*((alice, other) if n % 3 else (other, alice)), when(n // 4 % 5))
                            for n in range(40) for other in [others[n * 7 % 13]]])
    check(server, alice, page_size)
    pages = walk(alice, f"?page_size={page_size}")
    assert all(page["previous"] is None for page in pages)
    assert [len(page["results"]) for page in pages[:-1]] == [page_size] * (len(pages) - 1)


def test_many_partners_with_a_last_message_at_one_time(server, alice):
    server.insert_messages([(other, alice, when(3)) for other in server.users(30)])
    check(server, alice, 4)


def test_a_conversation_that_becomes_newer_leaves_the_later_pages(server, alice):
    others = server.users(9)
    for other in others:
        other.send(alice)
    page = alice.inbox("?page_size=3")
    others[1].send(alice)
    others[8].send(alice)  # was shown already
    rest = [partner for page in walk(alice, after(page["next"])) for partner, _, _ in shown(page)]
    assert rest == [others[n].id for n in (5, 4, 3, 2, 0)]


def test_links_keep_the_parameters(server, alice):
    for other in server.users(3):
        other.send(alice, "0123456789")
    page = alice.inbox("?page_size=1&preview=4&unread=true")
    page = alice.inbox(after(page["next"]))
    (row,) = page["results"]
    assert row["last_message"]["content"] == "0123" and "unread=true" in page["next"]


# --- what is hidden, deleted, gone


@pytest.mark.parametrize("folded", [False, True])
def test_a_hidden_last_message(server, alice, bob, carol, folded):
    first = alice.send(bob, "first")
    alice.send(carol)
    second = bob.send(alice, "second")
    if folded:
        wait_folded(server)
    hide(alice, second)
    assert shown(alice.inbox()) == expected(server, alice.id)
    assert partners(alice) == [carol.id, bob.id]
    assert alice.inbox()["results"][1]["last_message"]["content"] == "first"
    assert partners(bob) == [alice.id] and bob.inbox()["results"][0]["last_message"]["content"] == "second"
    hide(alice, first)
    assert partners(alice) == [carol.id]
    alice.send(bob)
    assert partners(alice) == [bob.id, carol.id]


@pytest.mark.parametrize("folded", [False, True])
def test_what_django_deletes_and_hides(server, alice, folded):
    others = server.users(12)
    ids = server.insert_messages([(*((alice, other) if n % 2 else (other, alice)), when(n))
                                  for n in range(48) for other in [others[n % 12]]])
    if folded:
        wait_folded(server)
    for identity in ids[40:46:2]:
        server.sql("DELETE FROM directmessages_message WHERE id = ?", (identity,))
    server.sql("UPDATE directmessages_message SET hidden_for_sender = '2026-01-01 00:00:00' WHERE id IN (?, ?)",
               (ids[47], ids[35]))
    server.sql("DELETE FROM directmessages_message WHERE sender_id = ? OR recipient_id = ?", (others[3].id, others[3].id))
    check(server, alice)
    for other in others:
        check(server, other)


def test_a_partner_who_is_gone_is_left_out(server, backend, alice, bob, carol):
    carol.send(alice)
    bob.send(alice)
    wait_folded(server)
    with server.transaction() as connection:
        if backend != "sqlite":
            connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM auth_user WHERE id = ?", (bob.id,))
    assert partners(alice) == [carol.id]
    assert alice.get(f"inbox/{bob.id}/").status == 404


def test_what_an_administrator_purges_and_erases(make_server, backend):
    if backend == "two servers":
        pytest.skip("needs a server of its own")
    server = make_server()
    alice, bob, carol = server.users(3)
    alice.send(carol)
    last = bob.send(alice)
    wait_folded(server)
    assert server.run("message", "delete", str(last["id"])).returncode == 0
    assert partners(alice) == [carol.id]
    assert server.run("user", "erase", alice.username, "--messages", "delete", "--yes").returncode == 0
    assert server.sql("SELECT count(*) FROM directmessages_inbox WHERE user_id = ?", (alice.id,))[0][0] == 0
    assert partners(carol) == []


def test_ids_that_begin_anew(make_server, backend):
    """As after manage.py flush."""
    if backend == "two servers":
        pytest.skip("needs a server of its own")
    server = make_server()
    alice, bob, carol = server.users(3)
    for _ in range(3):
        bob.send(alice)
    wait_folded(server)
    server.store.flush_messages()
    carol.send(alice)
    wait_until(lambda: partners(alice) == [carol.id], "the new message is shown")
    wait_until(lambda: folded(server) == newest(server), "it begins anew")
    check(server, alice)


# --- parameters


@pytest.mark.parametrize("preview, content, cut", [
    ("", "x" * 200, True), ("?preview=0", "", True), ("?preview=250", "x" * 250, False), ("?preview=249", "x" * 249, True),
    ("?preview=10000", "x" * 250, False), ("?preview=00005", "xxxxx", True), ("?preview=1&preview=2", "xx", True)])
def test_preview(alice, bob, preview, content, cut):
    bob.send(alice, "x" * 250)
    (row,) = alice.inbox(preview)["results"]
    assert (row["last_message"]["content"], row["content_truncated"]) == (content, cut)
    assert alice.page(f"inbox/{bob.id}/{preview}") == row


@pytest.mark.parametrize("character", ["\u00e9", "\u20ac", "\U0001f600"])
def test_a_preview_is_cut_between_characters(alice, bob, character):
    bob.send(alice, character * 5000)
    for count in (1, 3, 4999):
        (row,) = alice.inbox(f"?preview={count}")["results"]
        assert row["last_message"]["content"] == character * count and row["content_truncated"]
    assert alice.inbox("?preview=5000")["results"][0]["content_truncated"] is False


def test_a_page_ends_where_it_becomes_too_long(server, alice):
    """As pages of a conversation. A character may be six bytes of JSON."""
    others = server.users(100)
    server.insert_messages([(other, alice, when(n), None, "\x01" * 10000) for n, other in enumerate(others)])
    query = "?page_size=100&preview=10000"
    assert len(alice.get(f"inbox/{query}").body) < 5_000_000
    pages = [shown(page) for page in walk(alice, query)]
    assert [partner for page in pages for partner, _, _ in page] == [other.id for other in reversed(others)]
    assert len(pages) == 2


@pytest.mark.parametrize("query, detail", [
    ("preview=10001", "preview must be a number from 0 to 10000."), ("preview=-1", "preview must be a number from 0 to 10000."),
    ("preview=", "preview must be a number from 0 to 10000."), ("preview=x", "preview must be a number from 0 to 10000."),
    ("unread=yes", "unread must be true, false, 1 or 0."), ("unread=", "unread must be true, false, 1 or 0."),
    ("blocked=2", "blocked must be true, false, 1 or 0."), ("page_size=0", "page_size must be a number from 1 to 100."),
    ("page_size=101", "page_size must be a number from 1 to 100.")])
def test_bad_parameters(alice, query, detail):
    answer = alice.get(f"inbox/?{query}")
    assert (answer.status, answer.json()) == (400, {"detail": detail})


def test_cursors_that_are_none(server, alice):
    others = server.users(2)
    for other in others:
        for _ in range(2):
            other.send(alice)
    own = alice.inbox("?page_size=1")["next"].split("cursor=")[1].split("&")[0]
    conversation = alice.conversation(others[0], "?page_size=1")["next"].split("cursor=")[1].split("&")[0]
    conversations = alice.partners("?page_size=1")["next"].split("cursor=")[1].split("&")[0]
    for cursor in ("x", "cD0x", "cj0x", "bz0x", conversation, conversations):
        answer = alice.get(f"inbox/?cursor={cursor}")
        assert (answer.status, answer.json()) == (404, {"detail": "Invalid cursor"}), cursor
    assert alice.get(f"inbox/?cursor={own}").status == 200
    assert alice.inbox("?cursor=") == alice.inbox()


def test_only_unread_ones(server, alice):
    others = server.users(8)
    for n, other in enumerate(others):
        other.send(alice)
        if n % 3 == 0:
            alice.send(other)
    for other in others[::2]:
        alice.conversation(other)
    assert partners(alice, "?unread=1") == [others[n].id for n in (7, 5, 3, 1)]
    assert partners(alice, "?unread=0") == partners(alice)
    check(server, alice, 2)


def test_unread_ones_among_very_many(server, alice):
    """More partners with unread messages than are listed at once."""
    others = server.users(620)
    server.insert_messages([(other, alice, when(n), None if n % 12 else when(n)) for n, other in enumerate(others)])
    check(server, alice, 50)


def test_unread_ones_at_the_far_end_of_a_long_inbox(server, alice):
    """Pages may be short, but none is left out."""
    others = server.users(700)
    rows = [(other, alice, when(n), None) for n, other in enumerate(others[:600])]
    rows += [(others[600 + n % 100], alice, when(700 + n), when(9000)) for n in range(100)]
    server.insert_messages(rows)
    check(server, alice, 100)


def test_unread_messages_are_counted_up_to_a_limit(server, alice, bob):
    with server.transaction() as connection:
        connection.execute(
            "INSERT INTO directmessages_message (sender_id, recipient_id, sent_at, content)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " SELECT ?, ?, '2025-06-06 12:00:00', 'x' FROM n", (MAX_UNREAD + 5, bob.id, alice.id))
    assert alice.inbox()["results"][0]["unread_count"] == MAX_UNREAD


# --- blocked partners


def block(user, partner):
    assert user.request("PUT", f"blocks/{partner.id}/").status == 204


def test_blocked_partners_are_shown_only_if_they_are_asked_for(server, alice):
    others = server.users(9)
    for other in others:
        other.send(alice)
    for other in others[::3]:
        block(alice, other)
    assert partners(alice) == [others[n].id for n in (8, 7, 5, 4, 2, 1)]
    assert partners(alice, "?unread=true") == partners(alice)
    blocked = alice.inbox("?blocked=true")["results"]
    assert [row["partner"]["id"] for row in blocked] == [others[n].id for n in (6, 3, 0)]
    assert all(row["blocked"] is True and row["unread_count"] == 0 for row in blocked)
    assert alice.page(f"inbox/{others[3].id}/") == blocked[1]
    assert alice.inbox("?blocked=true&unread=true")["results"] == []
    assert partners(others[0]) == [alice.id] and others[0].inbox()["results"][0]["blocked"] is False
    check(server, alice, 2)
    assert alice.request("DELETE", f"blocks/{others[6].id}/").status == 204
    assert partners(alice)[2] == others[6].id and alice.inbox()["results"][2]["unread_count"] == 1


@pytest.mark.parametrize("blocked", [range(0, 40), range(100, 700)])
def test_many_blocked_partners(server, alice, blocked):
    others = server.users(720)
    server.insert_messages([(other, alice, when(n)) for n, other in enumerate(reversed(others))])
    with server.transaction() as connection:
        for n in blocked:
            connection.execute("INSERT INTO directmessages_block (user_id, blocked_id, blocked_at) VALUES (?, ?, ?)",
                               (alice.id, others[n].id, n))
    check(server, alice, 60)


# --- one entry


def test_one_entry(server, alice, bob, carol):
    assert alice.page(f"inbox/{bob.id}/") == {
        "partner": {"id": bob.id, "username": bob.username, "first_name": "Bob", "last_name": "Baker"},
        "last_message": None, "content_truncated": False, "unread_count": 0, "blocked": False}
    bob.send(alice)
    alice.send(carol)
    assert [alice.page(f"inbox/{user.id}/") for user in (carol, bob)] == alice.inbox()["results"]
    assert alice.page(f"inbox/@{bob.username}/") == alice.page(f"inbox/{bob.id}/")
    assert alice.page(f"inbox/{alice.id}/")["last_message"] is None
    assert alice.get("inbox/999999999/").json() == {"detail": "No User matches the given query."}
    assert alice.get(f"inbox/{bob.id}/?preview=x").status == 400


# --- the table behind it


def test_a_quiet_server_writes_nothing(make_server, backend):
    if backend != "postgresql":
        pytest.skip("PostgreSQL counts rounds; SQLite is asked whether there is work")
    server = make_server()
    alice, bob = server.users(2)
    alice.send(bob)
    wait_folded(server)
    wait_forgotten(server)
    rounds = server.sql("SELECT round FROM directmessages_inbox_fold")
    since = time.monotonic()
    wait_until(lambda: time.monotonic() > since + 3, "some looks")
    assert server.sql("SELECT round FROM directmessages_inbox_fold") == rounds


def test_an_entry_names_a_user_of_another_name(server, alice):
    other = server.user(first_name="J\u00fcrgen", last_name="O'Neill")
    assert isinstance(other, User)
    alice.send(other)
    (row,) = alice.inbox()["results"]
    assert row["partner"]["first_name"] == "J\u00fcrgen" and row["partner"]["last_name"] == "O'Neill"
