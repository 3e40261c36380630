# SPDX-License-Identifier: MIT
"""Several clients at once: nothing is lost, doubled, skipped or out of order."""

import collections
import concurrent.futures
import http.client
import json
import threading

import pytest

from routes import check_error
from paging import after, ids

pytestmark = pytest.mark.concurrent

CLIENTS = 8


def at_once(works):
    """Runs functions in threads that start together; returns their results in order, or raises what one raised."""
    barrier = threading.Barrier(len(works))

    def run(work):
        barrier.wait(60)
        return work()

    with concurrent.futures.ThreadPoolExecutor(len(works)) as threads:
        return [done.result() for done in [threads.submit(run, work) for work in works]]


def full(time):
    """A time as shown, with the fraction that is left out where it is zero, so that times compare as text."""
    return time if "." in time else time.replace("Z", ".000000Z")


def check_in_order(stored):
    """The order of ids is that of times, and no time is there twice."""
    times = [full(message["sent_at"]) for message in sorted(stored, key=lambda message: message["id"])]
    assert times == sorted(set(times))


def keep_sending(server, sender, recipient, contents, refused=()):
    """Sends on one connection that is kept; returns the messages as they were answered, without those that were refused
    with one of these sentences."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    headers = {"Authorization": f"Token {sender.token}", "Content-Type": "application/json"}
    told = []
    for content in contents:
        connection.request("POST", f"/api/dm/send/{recipient.id}/", json.dumps({"content": content}), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 400 and json.loads(body)["detail"] in refused:
            continue
        assert answer.status == 201, body
        told.append(json.loads(body))
    connection.close()
    return told


def whole(user, partner):
    """All messages of a conversation, newest first, page by page."""
    page, told = user.conversation(partner), []
    while True:
        told += page["results"]
        if page["next"] is None:
            return told
        page = user.conversation(partner, after(page["next"]))


def test_senders_at_once_store_each_message_once(server, bob):
    senders = server.users(CLIENTS)
    contents = {user: [f"{user.id}/{n}" for n in range(40)] for user in senders}
    told = at_once([lambda user=user: keep_sending(server, user, bob, contents[user]) for user in senders])
    for user, own in zip(senders, told):
        assert [message["content"] for message in own] == contents[user]
        assert [message["id"] for message in own] == sorted(message["id"] for message in own)
        assert [message["id"] for message in whole(user, bob)] == [message["id"] for message in reversed(own)]
    everything = [message for own in told for message in own]
    assert len({message["id"] for message in everything}) == CLIENTS * 40
    check_in_order(everything)
    assert bob.unread() == CLIENTS * 40


def test_one_conversation_written_from_both_sides_at_once(server, alice, bob):
    work = [lambda: keep_sending(server, alice, bob, ["from alice"] * 30)] * (CLIENTS // 2)
    work += [lambda: keep_sending(server, bob, alice, ["from bob"] * 30)] * (CLIENTS // 2)
    told = [message for own in at_once(work) for message in own]
    check_in_order(told)
    expected = sorted((message["id"] for message in told), reverse=True)
    assert [message["id"] for message in whole(alice, bob)] == expected
    assert [message["id"] for message in whole(bob, alice)] == expected


def test_posts_to_a_conversation_at_once_each_show_their_own_message_and_all_before_it(alice, bob):
    def post(content):
        answer = alice.post(f"conversations/{bob.id}/", {"content": content})
        assert answer.status == 201, answer
        return content, answer.json()

    told = at_once([lambda n=n: post(str(n)) for n in range(CLIENTS)])
    expected = [message["id"] for message in whole(alice, bob)]
    assert len(expected) == CLIENTS
    for content, shown in told:
        assert ids({"results": shown}) == expected[len(expected) - len(shown) :]
        assert [message["content"] for message in shown].count(content) == 1


@pytest.mark.two_servers
def test_pages_are_exact_while_others_send(server, alice, bob):
    old = server.insert_messages([(alice, bob, f"2025-06-06 12:{n // 4 % 60:02}:00") for n in range(230)])
    walks_over = threading.Event()

    def send(sender, recipient):
        while not walks_over.is_set():
            sender.send(recipient)

    def walk(user, partner):
        """Forwards to the end, and backwards again: what was there before the walk comes once, in order."""
        seen, page = [], user.conversation(partner)
        while True:
            seen += ids(page)
            if page["next"] is None:
                break
            page = user.conversation(partner, after(page["next"]))
        back = ids(page)
        while page["previous"] is not None and old[-1] not in back:
            page = user.conversation(partner, after(page["previous"]))
            back = ids(page) + back
        return [[identity for identity in run if identity <= old[-1]] for run in (seen, back)]

    def walks():
        try:
            return at_once([lambda: walk(alice, bob), lambda: walk(bob, alice)] * 2)
        finally:
            walks_over.set()

    *_, runs = at_once([lambda: send(alice, bob), lambda: send(bob, alice), walks])
    expected = sorted(old, reverse=True)
    for seen, back in runs:
        assert (seen, back) == (expected, expected)


@pytest.mark.two_servers
def test_marking_at_once_gives_each_message_one_time(server, alice, bob):
    server.insert_messages([(alice, bob, "2025-06-06 12:00:00")] * 120)
    told = at_once([lambda: bob.conversation(alice)["results"]] * CLIENTS)
    shown = {json.dumps(page) for page in told}
    assert len(shown) == 1
    assert all(message["read_at"] for message in told[0])
    assert bob.unread() == 0


def test_messages_that_come_while_a_page_is_read_are_left_for_the_next_one(server, alice, bob):
    """A page shows unread only what came after it had marked, which is newer than all else; once read stays read."""

    def read():
        return [bob.conversation(alice)["results"] for _ in range(20)]

    _, *pages = at_once([lambda: keep_sending(server, alice, bob, ["x"] * 60)] + [read] * 3)
    read_at = collections.defaultdict(set)
    for page in [page for reader in pages for page in reader]:
        late = [message["read_at"] is None for message in page]
        assert late == sorted(late, reverse=True)
        for message in page:
            read_at[message["id"]].add(message["read_at"])
    assert all(len(times - {None}) <= 1 for times in read_at.values())
    assert all(message["read_at"] for message in bob.conversation(alice)["results"])
    assert bob.unread() == 0


@pytest.mark.two_servers
def test_deleting_at_once_hides_for_each_alone(alice, bob, carol):
    messages = [alice.send(bob) for _ in range(12)]
    paths = [f"messages/{message['id']}/" for message in messages]
    answers = at_once([lambda user=user: [user.delete(path) for path in paths] for user in (alice, alice, bob, carol)])
    assert all(answer.status == 204 for one in answers[:3] for answer in one)
    for answer in answers[3]:
        check_error(answer, 404, "Message not found or not authorized.")
    assert alice.conversation(bob)["results"] == bob.conversation(alice)["results"] == []


def test_counts_grow_one_by_one_while_messages_come(server, alice, bob):
    def count():
        return [bob.unread() for _ in range(60)]

    sent, *counts = at_once([lambda: keep_sending(server, alice, bob, ["x"] * 60)] + [count] * 3)
    for seen in counts:
        assert seen == sorted(seen)
    assert bob.unread() == len(sent)
    assert bob.get("conversations/unread/").json()[0]["unread_count"] == len(sent)
