# SPDX-License-Identifier: MIT
"""DELETE conversations/<user>/, and what streams and webhooks tell of marking and hiding."""

import json
import threading

import pytest

from harness import wait_until
from paging import time
from routes import check_error
from streams import Stream, settle
from test_marking import Sending, events, pile_up
from test_marking_at_will import UNREAD, mark
from webhook_receiver import create, endpoints
from webhook_receiver import make_receiver, receiver  # noqa: F401 (fixtures)

HIDDEN_FOR_SENDER, HIDDEN_FOR_RECIPIENT, CONVERSATION = 5, 6, 7  # directmessages_event.kind


def hide(user, partner):
    answer = user.delete(f"conversations/{partner.id}/")
    assert (answer.status, answer.body) == (204, b""), answer


def seen(user, partner):
    return [message["id"] for message in user.conversation(partner, "?mark_read=0")["results"]]


@pytest.mark.two_servers
def test_a_conversation_is_hidden_from_the_caller_alone(server, alice, bob, carol):
    ids = [alice.send(bob)["id"], bob.send(alice)["id"], alice.send(bob)["id"]]
    other = carol.send(bob)["id"]
    for _ in range(2):
        hide(bob, alice)
        assert (seen(bob, alice), seen(bob, carol), seen(alice, bob)) == ([], [other], ids[::-1])
    assert [partner["id"] for partner in bob.partners()["results"]] == [carol.id]
    assert bob.unread() == 1 and mark(bob, alice) == (0, 0)
    check_error(bob.get(f"messages/{ids[0]}/"), 404, "Message not found or not authorized.")
    again = alice.send(bob)["id"]
    assert seen(bob, alice) == [again]
    hide(alice, bob)
    assert (seen(alice, bob), seen(bob, alice)) == ([], [again])
    assert len(server.sql("SELECT 1 FROM directmessages_message WHERE sender_id IN (?, ?)", (alice.id, bob.id))) == 4


def test_what_is_there_to_refuse(server, alice, bob):
    hide(alice, bob)
    hide(alice, alice)
    assert alice.delete(f"conversations/@{bob.username}/").status == 204
    check_error(alice.delete("conversations/999999999/"), 404, "No User matches the given query.")
    check_error(alice.delete("conversations/x/"), 404, "Not found.")
    check_error(server.anonymous().delete(f"conversations/{bob.id}/"), 401, "Authentication credentials were not provided.")


@pytest.mark.concurrent
def test_others_send_between_the_pieces_and_one_event_tells_of_all(make_server):
    server = make_server()
    alice, bob, carol, dan = server.users(4)
    ids = pile_up(server, alice, bob, 1700) + pile_up(server, bob, alice, 1700)
    before = len(events(server))
    with Sending(carol, dan) as sending, Sending(alice, bob) as arriving:
        hide(bob, alice)
    log = events(server)[before:]
    assert [kind for kind, _ in log if kind > UNREAD] == [CONVERSATION]
    assert dan.unread() == len(sending.ids) > 1
    hidden = [row[0] for row in server.sql("SELECT id FROM directmessages_message WHERE hidden_for_recipient IS NOT NULL OR hidden_for_sender IS NOT NULL ORDER BY id")]
    newest = [message for kind, message in log if kind == CONVERSATION][0]
    assert sorted(hidden) == sorted(ids + [one for one in arriving.ids if one <= newest]), "all that was there, and nothing behind it"
    left = {row[0] for row in server.sql("SELECT id FROM directmessages_message WHERE recipient_id = ? AND hidden_for_recipient IS NULL", (bob.id,))}
    assert left == {one for one in arriving.ids if one > newest}


@pytest.mark.concurrent
def test_two_devices_hide_and_mark_at_once(server, alice, bob):
    """No deadlock, no failure; in the end all is hidden."""
    server.insert_messages([(*pair, time(n)) for n in range(400) for pair in ((alice, bob), (bob, alice))])
    wrong = []

    def act(user, method, path):
        answer = user.request(method, path)
        if answer.status not in (200, 204):
            wrong.append(answer)

    here, there = f"conversations/{alice.id}/", f"conversations/{bob.id}/"
    acts = [(bob, "DELETE", here), (bob, "POST", here + "read/"), (bob, "POST", here + "unread/"), (alice, "DELETE", there)]
    acts += [(bob, "POST", "conversations/read/"), (bob, "DELETE", here), (alice, "POST", there + "read/")]
    threads = [threading.Thread(target=act, args=one) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and (seen(bob, alice), seen(alice, bob)) == ([], [])


def test_what_was_hidden_when_the_server_died_stays_and_the_rest_follows(make_server):
    """A machine may hide all of it before the server is killed; then it is tried again."""
    server = make_server()
    hidden = "SELECT count(*) FROM directmessages_message WHERE recipient_id = ? AND hidden_for_recipient IS NOT NULL"

    def forget(alice, bob):
        head = f"DELETE {server.path(f'conversations/{alice.id}/')} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {bob.token}\r\n\r\n"
        with server.raw(head.encode()) as raw:
            try:
                raw.response()
            except (OSError, AssertionError):
                pass

    def die():
        """What there was to hide, how much of it is hidden now, and whose it is."""
        alice, bob = server.users(2)
        ids = pile_up(server, alice, bob, 6000)
        thread = threading.Thread(target=forget, args=(alice, bob))
        thread.start()
        wait_until(lambda: server.sql(hidden, (bob.id,))[0][0] > 0, "a piece is hidden")
        server.kill()
        thread.join()
        server.start()
        return ids, server.sql(hidden, (bob.id,))[0][0], alice, bob

    ids, before, alice, bob = wait_until(lambda: (died := die())[1] < 6000 and died, "it dies before all is hidden")
    assert 0 < before < 6000
    hide(bob, alice)
    assert server.sql(hidden, (bob.id,))[0][0] == len(ids)
    log = [message for kind, message in events(server) if kind == CONVERSATION and message in ids]
    assert log == [ids[-1]], "it is told once, when all is hidden"


# ---- streams


def test_streams_tell_of_marking_both_and_of_hiding_the_one_alone(server, alice, bob, carol):
    first, second = alice.send(bob, "first"), alice.send(bob, "second")
    settle(server)
    with Stream(bob) as of_bob, Stream(bob) as device, Stream(alice) as of_alice, Stream(carol) as of_carol:

        def told(count, *streams):
            """The same in each of the streams. What is hidden before a stream has read of it is not told."""
            seen = [[(event.name, event.data) for event in stream.take(count)] for stream in streams]
            assert seen[1:] == seen[:-1]
            return seen[0]

        mark(bob, alice)
        mark(bob, alice, path="unread")
        events = told(3, of_bob, device)
        assert [name for name, _ in events] == ["message_read", "message_read", "message_unread"]
        assert events[2][1] == second | {"direction": "in", "read_at": None}
        events = told(3, of_alice)
        assert [name for name, _ in events] == ["message_read", "message_read", "message_unread"] and events[2][1] == second
        for message in (first, first, second):  # hiding it again tells nothing
            assert bob.delete(f"messages/{message['id']}/").status == 204
        third = bob.send(alice, "third")
        events = told(3, of_bob, device)
        assert events[:2] == [("message_hidden", {"id": one["id"], "partner_id": alice.id}) for one in (first, second)]
        hide(bob, alice)
        assert told(1, of_bob, device) == [("conversation_hidden", {"up_to": third["id"], "partner_id": alice.id})]
        assert alice.delete(f"messages/{first['id']}/").status == 204
        last = alice.send(bob, "last")
        events = told(3, of_alice)
        assert [name for name, _ in events] == ["message_sent", "message_hidden", "message_sent"]
        assert events[1][1] == {"id": first["id"], "partner_id": bob.id} and events[2][1] == last
        assert told(1, of_bob, device)[0][1]["id"] == last["id"]
        carol.send(carol.server.user())
        assert told(1, of_carol)[0][0] == "message_sent", "nothing of the others"


def test_they_are_replayed_as_they_were(alice, bob):
    sent = alice.send(bob)
    with Stream(bob) as stream:
        start = stream.last_id
    mark(bob, alice)
    mark(bob, alice, path="unread")
    mark(bob, alice)
    for user in (bob, alice):
        assert user.delete(f"messages/{sent['id']}/").status == 204
    other = alice.send(bob)
    hide(bob, alice)
    with Stream(bob, last_event_id=start) as stream:
        told = stream.take(2)
    assert [(event.name, event.data) for event in told] == [
        ("message_hidden", {"id": sent["id"], "partner_id": alice.id}),
        ("conversation_hidden", {"up_to": other["id"], "partner_id": alice.id}),
    ], "what the user has hidden since is not told, but that"


def test_a_read_that_was_undone_is_still_told_in_order(server, alice, bob):
    sent = alice.send(bob)
    settle(server)
    with Stream(alice) as stream:
        start = stream.last_id
    mark(bob, alice)
    mark(bob, alice, path="unread")
    mark(bob, alice)
    with Stream(alice, last_event_id=start) as stream:
        told = stream.take(3)
    assert [event.name for event in told] == ["message_read", "message_unread", "message_read"]
    assert [event.data["read_at"] is None for event in told] == [False, True, False]
    assert {event.data["id"] for event in told} == {sent["id"]}


def test_a_hidden_message_that_is_gone_for_good_is_still_told(alice, bob, server):
    sent = alice.send(bob)
    with Stream(bob) as stream:
        start = stream.last_id
    assert bob.delete(f"messages/{sent['id']}/").status == 204
    server.sql("DELETE FROM directmessages_message WHERE id = ?", (sent["id"],))
    with Stream(bob, last_event_id=start) as stream:
        assert stream.next().data == {"id": sent["id"], "partner_id": alice.id}


def test_no_event_of_these_has_the_time_of_its_message(make_server):
    """By which a server from before them leaves them out."""
    server = make_server()
    alice, bob = server.users(2)
    late = "2999-01-01 00:00:00.000001"
    (identity,) = server.insert_messages([(alice, bob, late, late)])
    mark(bob, alice, path="unread")
    assert bob.delete(f"messages/{identity}/").status == alice.delete(f"conversations/{bob.id}/").status == 204
    rows = server.sql("SELECT kind, at FROM directmessages_event WHERE kind > 3 ORDER BY kind")
    assert [kind for kind, _ in rows] == [UNREAD, HIDDEN_FOR_RECIPIENT, CONVERSATION]
    assert {at for _, at in rows} == {32472144000000002}


# ---- webhooks


def test_webhooks_tell_of_unread_messages_where_they_want_to(make_server, receiver):
    server = make_server(env={"DIRECTMESSAGES_WEBHOOK_ALLOW": "127.0.0.1"})
    alice, bob = server.users(2)
    create(server, receiver.url)
    create(server, receiver.url + "unread", "--events", "message_unread")
    assert [one["events"] for one in endpoints(server).values()] == ["message_sent,message_read", "message_unread"]
    sent = alice.send(bob)
    mark(bob, alice)
    mark(bob, alice, path="unread")
    assert bob.delete(f"messages/{sent['id']}/").status == 204
    alice.send(bob)
    hide(bob, alice)
    bodies = [json.loads(request.body) for request in receiver.wait(4)]
    assert sorted(body["type"] for body in bodies) == ["message.read", "message.sent", "message.sent", "message.unread"]
    (unread,) = [body for body in bodies if body["type"] == "message.unread"]
    assert unread["data"]["message"] == {name: value for name, value in sent.items() if name != "direction"}
    (read,) = [body for body in bodies if body["type"] == "message.read"]
    assert read["data"]["message"]["read_at"] is not None, "as it was then, though it was undone"
