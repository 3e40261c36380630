# SPDX-License-Identifier: MIT
"""Rows that another transaction holds: what needs them waits, and nothing else; servers never wait for each other."""

import concurrent.futures
import threading
import time

import pytest

from harness import wait_until
from webhook_receiver import LOCAL, create
from webhook_receiver import make_receiver  # noqa: F401 (fixture)

pytestmark = pytest.mark.postgresql

PATIENT = {"DIRECTMESSAGES_BUSY_TIMEOUT": 80_000}  # what is set apart waits a quarter of it
OTHERS = 40
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


class Waiting(threading.Thread):
    """A request whose answer is awaited by a thread."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self.ask, self.answer = ask, None
        self.start()

    def run(self):
        self.answer = self.ask()

    def result(self):
        self.join(60)
        return self.answer


def try_send(sender, recipient, content):
    return sender.post(f"send/{recipient.id}/", {"content": content})


def others_go_on(server, waiting):
    """Many requests of all kinds by others, one after the other, while it waits."""
    carol, dave = server.users(2)
    for number in range(OTHERS):
        message = carol.send(dave, str(number))
        if number % 10 == 0:
            assert dave.conversation(carol)["results"][0]["read_at"]
            assert carol.request("DELETE", f"messages/{message['id']}/").status == 204
    assert waiting.answer is None, "it was answered while another transaction held its row"


@pytest.mark.parametrize("whose", ["sender", "recipient"])
def test_a_user_whose_row_is_held(make_server, whose):
    """As by Django's select_for_update: the foreign key's check waits for it when the message is committed."""
    server = make_server(env=PATIENT)
    alice, bob = server.users(2)
    held = alice if whose == "sender" else bob
    with server.transaction() as other:
        other.execute("SELECT 1 FROM auth_user WHERE id = ? FOR UPDATE", (held.id,))
        waiting = Waiting(lambda: try_send(alice, bob, "waits"))
        others_go_on(server, waiting)
        more = Waiting(lambda: try_send(alice, bob, "too"))
        others_go_on(server, more)
    assert [waiting.result().status, more.result().status] == [201, 201]
    contents = [message["content"] for message in bob.conversation(alice)["results"]]
    assert sorted(contents) == ["too", "waits"]


def test_a_message_whose_row_is_held(make_server):
    server = make_server(env=PATIENT)
    alice, bob = server.users(2)
    one = alice.send(bob, "one")
    with server.transaction() as other:
        other.execute("SELECT 1 FROM directmessages_message WHERE id = ? FOR UPDATE", (one["id"],))
        reading = Waiting(lambda: bob.request("GET", f"conversations/{alice.id}/"))
        others_go_on(server, reading)
        hiding = Waiting(lambda: alice.request("DELETE", f"messages/{one['id']}/"))
        others_go_on(server, hiding)
        assert reading.answer is None
    assert [reading.result().status, hiding.result().status] == [200, 204]
    assert reading.answer.json()["results"][0]["read_at"]


def test_who_waits_for_too_long_is_told(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 800})
    alice, bob = server.users(2)
    with server.transaction() as other:
        other.execute("SELECT 1 FROM auth_user WHERE id = ? FOR UPDATE", (bob.id,))
        for _ in range(2):
            answer = try_send(alice, bob, "in vain")
            assert (answer.status, "Retry-After" in answer.headers) == (503, True)
    wait_until(lambda: try_send(alice, bob, "again").status == 201, "it is free")
    assert [message["content"] for message in bob.conversation(alice)["results"]] == ["again"]


# The connection that writes ends, which has nothing else to do.
END_WRITER = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'directmessages' AND query = 'COMMIT'"""


@pytest.mark.parametrize("is_connected", [True, False])
def test_a_table_that_is_held(make_server, is_connected):
    """As by a migration of Django's: all writes wait, and all are done afterwards. A connection that has to be made for them
    waits, too."""
    server = make_server(env=PATIENT)
    alice, bob = server.users(2)
    alice.send(bob, "before")
    with server.transaction() as other:
        other.execute("LOCK TABLE directmessages_message IN EXCLUSIVE MODE")
        if not is_connected:
            wait_until(lambda: server.sql(END_WRITER) == [(True,)], "it is ended")
        waiting = [Waiting(lambda n=n: try_send(alice, bob, str(n))) for n in range(20)]
        wait_until(lambda: server.sql(BLOCKED)[0][0], "they wait")
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 0.5, "the first statement has given up")
        assert [one.answer for one in waiting] == [None] * 20
    assert [one.result().status for one in waiting] == [201] * 20


def test_a_read_of_a_table_that_is_held_is_told(make_server):
    """As while a column is added."""
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 800})
    (alice,) = server.users(1)
    with server.transaction() as other:
        other.execute("LOCK TABLE directmessages_message IN ACCESS EXCLUSIVE MODE")
        answer = alice.get("unread/")
        assert (answer.status, "Retry-After" in answer.headers) == (503, True)
    wait_until(lambda: alice.get("unread/").status == 200, "it is free")


def test_a_stop_while_a_row_is_held(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 4000})
    alice, bob = server.users(2)
    with server.transaction() as other:
        other.execute("SELECT 1 FROM auth_user WHERE id = ? FOR UPDATE", (bob.id,))
        waiting = Waiting(lambda: try_send(alice, bob, "waits"))
        wait_until(lambda: server.sql(BLOCKED)[0][0], "it waits")
        server.stop()
    assert waiting.result().status == 503


@pytest.mark.concurrent
def test_two_servers_lock_in_one_order(make_server, make_receiver):
    """The same conversations opened on both by two devices each, and endpoints that fail: no response is 503."""
    receivers = [make_receiver(lambda request, turns=iter(range(10**9)): 204 if next(turns) % 2 else 500) for _ in range(4)]
    patient = {**LOCAL, "DIRECTMESSAGES_BUSY_TIMEOUT": 60_000}  # a machine that is busy makes no 503
    one = make_server(env=patient)
    two = make_server(database=one.database, env=patient)
    for receiver in receivers:
        create(one, receiver.url)
    alice, *readers = one.users(13)

    def open_all(server, order):
        path, client = f"conversations/{alice.id}/", server.anonymous()
        return [client.request("GET", path, headers={"Authorization": f"Token {reader.token}"}).status for reader in order]

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        for _ in range(6):
            one.insert_messages([(alice, reader, "2026-01-01 12:00:00") for reader in readers for _ in range(20)])
            orders = [readers, readers[::-1], readers[6:] + readers[:6], readers[3:][::-1] + readers[:3]] * 2
            asked = [pool.submit(open_all, (one, two)[at % 2], order) for at, order in enumerate(orders)]
            assert {status for answers in asked for status in answers.result()} == {200}
    assert one.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]
