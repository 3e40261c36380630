# SPDX-License-Identifier: MIT
"""PUT, DELETE and GET blocks/: whom a user does not want to hear from."""

import json

import pytest

from commands import check_error as check_command_error
from harness import LONG, wait_until
from paging import after, ids, walk
from routes import check_error, compact, on_each_sending_route
from test_concurrent import at_once, keep_sending

BLOCKED = "You have blocked this user."
NOT_ALLOWED = "You are not allowed to message this user."
ONESELF = "You can't block yourself."
UNKNOWN = "No User matches the given query."


def block(user, other, name=None):
    answer = user.request("PUT", f"blocks/{name or other.id}/")
    assert (answer.status, answer.body) == (204, b""), answer
    assert "Content-Type" not in answer.headers and answer.headers["Allow"] == "PUT, DELETE, OPTIONS"


def unblock(user, other):
    answer = user.delete(f"blocks/{other.id}/")
    assert (answer.status, answer.body) == (204, b""), answer


def blocks(user, query=""):
    return user.page(f"blocks/{query}")


def unread_of(user):
    return [row["partner_id"] for row in user.get("conversations/unread/").json()]


# ---- the list


@pytest.mark.two_servers
def test_a_block_is_listed_with_names_and_its_time(server, alice, bob):
    assert blocks(alice) == {"next": None, "previous": None, "results": []}
    block(alice, bob)
    (row,) = blocks(alice)["results"]
    at = row.pop("blocked_at")
    assert row == {"id": bob.id, "username": bob.username, "first_name": "Bob", "last_name": "Baker"}
    assert blocks(bob)["results"] == [], "who is blocked is not told"
    block(alice, bob)
    assert blocks(alice)["results"] == [{**row, "blocked_at": at}], "to block again changes nothing"
    raw = alice.get("blocks/").body
    assert compact({**row, "blocked_at": at}) in raw
    sent = server.user().send(server.user())["sent_at"]
    assert at[:10] <= sent[:10] and at.endswith("Z")


@pytest.mark.two_servers
def test_unblocking_ends_it_also_where_there_was_none(alice, bob):
    unblock(alice, bob)
    block(alice, bob)
    unblock(alice, bob)
    unblock(alice, bob)
    assert blocks(alice)["results"] == []
    assert bob.send(alice) and alice.send(bob)


def test_pages_lead_through_all_newest_first(server, alice):
    others = server.users(7)
    for other in others:
        block(alice, other)
    newest_first = [other.id for other in reversed(others)]
    first = blocks(alice, "?page_size=3")
    pages = walk(lambda query: blocks(alice, query), first, "next")
    assert [ids(page) for page in pages] == [newest_first[:3], newest_first[3:6], newest_first[6:]]
    back = walk(lambda query: blocks(alice, query), pages[-1], "previous")
    assert [ids(page) for page in back] == [newest_first[6:], newest_first[3:6], newest_first[:3]]
    second = first["next"]
    block(alice, server.user())
    unblock(alice, others[5])
    assert ids(blocks(alice, after(second))) == newest_first[3:6], "what changes before a page does not move it"
    check_error(alice.get("blocks/?cursor=x"), 404, "Invalid cursor")
    check_error(alice.get("blocks/?page_size=0"), 400, "page_size must be a number from 1 to 100.")


def test_pages_with_equal_times_by_cursors_of_the_reference(server, alice):
    """As two servers may make them within a microsecond: an offset counts them, as in the reference."""
    others = server.users(5)
    for other in others:
        block(alice, other)
    server.sql("UPDATE directmessages_block SET blocked_at = 1764417600000000 WHERE user_id = ?", (alice.id,))
    pages = walk(lambda query: blocks(alice, query), blocks(alice, "?page_size=2"), "next")
    assert [identity for page in pages for identity in ids(page)] == [other.id for other in reversed(others)]


def test_who_is_gone_is_not_listed(server, alice, bob, carol):
    block(alice, bob)
    block(alice, carol)
    server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (carol.id,))
    server.sql("DELETE FROM auth_user WHERE id = ?", (carol.id,))
    assert ids(blocks(alice)) == [bob.id]


# ---- what is refused


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_nobody_blocks_oneself(alice, method):
    check_error(alice.request(method, f"blocks/{alice.id}/"), 400, ONESELF)
    check_error(alice.request(method, f"blocks/@{alice.username}/"), 400, ONESELF)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("user", ["999999999", "99999999999999999999", "@nobody-has-this"])
def test_a_user_who_does_not_exist(alice, method, user):
    check_error(alice.request(method, f"blocks/{user}/"), 404, UNKNOWN)


def test_methods_and_bodies(alice, bob):
    check_error(alice.get(f"blocks/{bob.id}/"), 405, 'Method "GET" not allowed.')
    check_error(alice.post("blocks/", {}), 405, 'Method "POST" not allowed.')
    check_error(alice.get("blocks/x/"), 404, "Not found.")
    answer = alice.request("PUT", f"blocks/@{bob.username}/", b"{ no JSON", {"Content-Type": "text/plain"})
    assert answer.status == 204, "a body is read and ignored"
    assert ids(blocks(alice)) == [bob.id]


# ---- sending


@pytest.mark.two_servers
@on_each_sending_route
def test_neither_sends_to_the_other(server, alice, bob, route):
    first = bob.send(alice)
    block(alice, bob)
    check_error(bob.post(route.path(alice.id), {"content": "x"}), 400, NOT_ALLOWED)
    check_error(alice.post(route.path(bob.id), {"content": "x"}), 400, BLOCKED)
    block(bob, alice)
    check_error(alice.post(route.path(bob.id), {"content": "x"}), 400, BLOCKED)
    unblock(alice, bob)
    check_error(bob.post(route.path(alice.id), {"content": "x"}), 400, BLOCKED)
    check_error(alice.post(route.path(bob.id), {"content": "x"}), 400, NOT_ALLOWED)
    assert [message["id"] for message in bob.conversation(alice)["results"]] == [first["id"]]
    unblock(bob, alice)
    assert bob.post(route.path(alice.id), {"content": "x"}).status == 201


def test_a_block_is_between_two(alice, bob, carol):
    block(alice, bob)
    assert alice.send(carol) and carol.send(alice) and bob.send(carol) and carol.send(bob)


def test_what_is_wrong_with_the_message_comes_first(alice, bob):
    block(alice, bob)
    check_error(bob.post(f"send/{alice.id}/", {}), 400, "content is required")
    check_error(bob.post(f"send/{alice.id}/", b"{"), 400, bob.post(f"send/{bob.id}/", b"{").json()["detail"])


def test_the_allow_list_does_not_help_against_a_block(make_server):
    server = make_server(env={"DIRECTMESSAGES_ALLOWED_RECIPIENTS": "1"})
    staff, other = server.users(2)
    assert staff.id == 1
    block(other, staff)
    check_error(staff.post(f"send/{other.id}/", {"content": "x"}), 400, NOT_ALLOWED)
    check_error(other.post(f"send/{staff.id}/", {"content": "x"}), 400, BLOCKED)


def test_administration_passes_blocks(admin_server):
    one, two = admin_server.users(2)
    block(one, two)
    body = json.dumps({"from": f"@{two.username}", "to": f"@{one.username}", "content": "x"}).encode()
    assert admin_server.admin("POST", "messages/", body).status == 201
    assert admin_server.run("message", "send", two.username, one.username, "y").returncode == 0
    check_error(two.post(f"send/{one.id}/", {"content": "z"}), 400, NOT_ALLOWED)


# ---- reading


@pytest.mark.two_servers
def test_what_a_blocked_user_has_sent_is_not_unread(alice, bob, carol):
    for sender in (bob, bob, carol):
        sender.send(alice)
    bob.send(carol)
    assert (alice.unread(), unread_of(alice)) == (3, [bob.id, carol.id])
    block(alice, bob)
    assert (alice.unread(), unread_of(alice)) == (1, [carol.id])
    assert (carol.unread(), unread_of(carol)) == (1, [bob.id]), "the blocks of others do not count"
    block(alice, carol)
    assert (alice.unread(), alice.get("conversations/unread/").body) == (0, b"[]")
    unblock(alice, bob)
    assert (alice.unread(), unread_of(alice)) == (2, [bob.id])


@pytest.mark.two_servers
def test_opening_the_history_marks_nothing(alice, bob):
    sent = bob.send(alice)
    block(alice, bob)
    assert alice.conversation(bob)["results"] == [{**sent, "direction": "in"}]
    assert ids(alice.partners()) == [bob.id], "the history stays"
    assert bob.conversation(alice)["results"] == [sent]
    unblock(alice, bob)
    assert alice.unread() == 1
    assert alice.conversation(bob)["results"][0]["read_at"] is not None


def test_who_is_blocked_still_reads(alice, bob):
    alice.send(bob)
    block(alice, bob)
    assert bob.unread() == 1
    assert bob.conversation(alice)["results"][0]["read_at"] is not None
    assert bob.unread() == 0


def test_many_unread_messages_of_many_blocked(server, alice):
    others = server.users(12)
    server.insert_messages([(other, alice, f"2025-06-06 12:00:{n:02}") for n, other in enumerate(others * 4)])
    for other in others[:5]:
        block(alice, other)
    assert alice.unread() == 28
    assert alice.get("conversations/unread/").json() == [
        {"partner_id": other.id, "partner_username": other.username, "unread_count": 4} for other in others[5:]
    ]


# ---- administration, erasing


def test_commands(make_server):
    server = make_server()
    jane, mary = server.user("jane"), server.user("mary")

    def done(*arguments):
        result = server.run("block", *arguments)
        assert (result.returncode, result.stderr) == (0, ""), result
        return result.stdout

    assert done("create", "jane", "mary") == "jane blocks mary\n"
    (row,) = blocks(jane)["results"]
    assert done("list", "jane") == f"id\tusername\ttime\n{mary.id}\tmary\t{row['blocked_at']}\n"
    assert [json.loads(line) for line in done("list", "jane", "--json").splitlines()] == [row]
    assert done("delete", "jane", "mary") == "jane does not block mary\n"
    assert done("list", "mary") == "id\tusername\ttime\n"
    check_command_error(server.run("block", "create", "jane", "jane"), 1)
    check_command_error(server.run("block", "create", "jane", "nobody"), 1)


def test_an_export_has_them_and_erasing_removes_both_directions(admin_server):
    one, two, three = admin_server.users(3)
    block(one, two)
    block(two, one)
    block(three, two)
    block(one, three)
    exported = [json.loads(line) for line in admin_server.admin("GET", f"users/{one.id}/export/").text.splitlines()]
    listed = blocks(one)["results"]
    assert exported[1:] == [{"block": {key: row[key] for key in ("id", "username", "blocked_at")}} for row in listed]
    assert [row["id"] for row in listed] == [three.id, two.id]
    printed = admin_server.run("user", "export", one.username).stdout
    assert [json.loads(line) for line in printed.splitlines()] == exported
    assert admin_server.admin("POST", f"users/{one.id}/erase/").json()["complete"]
    sql = "SELECT user_id, blocked_id FROM directmessages_block WHERE user_id IN (?, ?, ?)"
    assert admin_server.sql(sql, (one.id, two.id, three.id)) == [(three.id, two.id)]


def test_erasing_who_blocks_thousands_goes_in_pieces(admin_server):
    one, two = admin_server.users(2)
    with admin_server.transaction() as connection:
        for n in range(2500):
            pair = (one.id, 10**9 + n) if n % 2 else (10**9 + n, one.id)
            connection.execute("INSERT INTO directmessages_block VALUES (?, ?, ?)", (*pair, n))
        connection.execute("INSERT INTO directmessages_block VALUES (?, ?, ?)", (two.id, 10**9, 1))
    assert admin_server.admin("POST", f"users/{one.id}/erase/").json()["complete"]
    count = "SELECT count(*) FROM directmessages_block WHERE user_id = ? OR blocked_id = ?"
    assert admin_server.sql(count, (one.id, one.id)) == [(0,)]
    assert admin_server.sql(count, (two.id, two.id)) == [(1,)]


# ---- at once

SENDS = 10_000 if LONG else 2_000


@pytest.mark.concurrent
@pytest.mark.two_servers
def test_no_message_is_stored_after_the_answer_of_a_block(server):
    """Many sends from both sides against block and unblock."""
    alice, bob = server.users(2)
    count = "SELECT count(*) FROM directmessages_message WHERE sender_id IN (?, ?)"
    senders = [(bob, alice)] * 5 + [(alice, bob)] * 3
    sending = [True] * len(senders)

    def stored():
        return server.sql(count, (alice.id, bob.id))[0][0]

    def send_many(number):
        told = keep_sending(server, *senders[number], ["x"] * (SENDS // len(senders)), refused=(BLOCKED, NOT_ALLOWED))
        sending[number] = False
        return told

    def block_and_unblock():
        rounds = 0
        while any(sending):
            block(alice, bob)
            at_answer = stored()
            for sender, recipient, detail in ((bob, alice, NOT_ALLOWED), (alice, bob, BLOCKED)):
                check_error(sender.post(f"send/{recipient.id}/", {"content": "y"}), 400, detail)
            assert stored() == at_answer
            unblock(alice, bob)
            rounds += 1
            wait_until(lambda: stored() > at_answer or not any(sending), "a message after unblocking")
        return rounds

    *told, rounds = at_once([*(lambda n=n: send_many(n) for n in range(len(senders))), block_and_unblock])
    assert stored() == sum(len(messages) for messages in told) > 0
    assert rounds > 1
