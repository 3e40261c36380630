# SPDX-License-Identifier: MIT
"""Who may message whom."""

import pytest

import harness
from routes import check_error, on_each_sending_route

TO_ONESELF = "You can't send messages to yourself."
NOT_ALLOWED = "You are not allowed to message this user."


@on_each_sending_route
def test_nobody_messages_oneself(server, alice, route):
    check_error(alice.post(route.path(alice.id), {"content": "x"}), 400, TO_ONESELF)
    assert server.sql("SELECT 1 FROM directmessages_message WHERE sender_id = ?", (alice.id,)) == []
    assert alice.unread() == 0


def test_the_database_refuses_messages_to_oneself(server, alice):
    with pytest.raises(server.store.IntegrityError):
        server.insert_messages([(alice, alice, "2025-06-06 12:00:00")])


def test_without_a_list_anyone_may_message_anyone(alice, bob, carol):
    users = (alice, bob, carol)
    assert all(one.send(other) for one in users for other in users if one is not other)


def test_empty_list_is_no_restriction(make_server):
    alice, bob = make_server(env={"DIRECTMESSAGES_ALLOWED_RECIPIENTS": ""}).users(2)
    assert alice.send(bob)["recipient"] == bob.id


@pytest.fixture(scope="module")
def restricted():
    """A server where users 1 and 3 are the allowed recipients of four."""
    running = harness.Server(env={"DIRECTMESSAGES_ALLOWED_RECIPIENTS": "1,3"})
    try:
        running.start()
        running.members = {user.id: user for user in running.users(4)}
        assert sorted(running.members) == [1, 2, 3, 4]
        yield running
    finally:
        running.close()


@on_each_sending_route
@pytest.mark.parametrize("sender", [1, 2, 3, 4])
@pytest.mark.parametrize("recipient", [1, 2, 3, 4])
def test_only_users_of_the_list_message_or_are_messaged_by_anyone(restricted, route, sender, recipient):
    answer = restricted.members[sender].post(route.path(recipient), {"content": "x"})
    if sender == recipient:
        check_error(answer, 400, TO_ONESELF)
    elif sender in (1, 3) or recipient in (1, 3):
        assert answer.status == 201
    else:
        check_error(answer, 400, NOT_ALLOWED)


def test_the_list_does_not_hide_what_was_sent_before(restricted):
    two, four = restricted.members[2], restricted.members[4]
    (identity,) = restricted.insert_messages([(two, four, "2025-06-06 12:00:00")])
    assert [message["id"] for message in four.conversation(two)["results"]] == [identity]
    assert four.delete(f"messages/{identity}/").status == 204


def test_list_may_name_users_that_do_not_exist(make_server):
    server = make_server(env={"DIRECTMESSAGES_ALLOWED_RECIPIENTS": "1,777"})
    one, two, three = server.users(3)
    assert two.send(one)["recipient"] == one.id
    check_error(two.post(f"send/{three.id}/", {"content": "x"}), 400, NOT_ALLOWED)
    check_error(two.post("send/777/", {"content": "x"}), 404, "No User matches the given query.")
