# SPDX-License-Identifier: MIT
"""The outbox: whatever happens to a server, what was acknowledged is delivered; several servers deliver it once."""

import collections
import http.client
import json
import os
import random
import threading

import pytest

from drill import told
from harness import LONG, wait_until
from ports import free_port
from webhook_receiver import LOCAL, Receiver, create, deliveries

pytestmark = pytest.mark.concurrent

SEED = int(os.environ.get("DIRECTMESSAGES_KILL_SEED", random.randrange(10**9)))
KILLS = 10 if LONG else 4
SENDERS = 4


class Sender(threading.Thread):
    """Sends without pause, and keeps the ids of what was acknowledged."""

    def __init__(self, one, two, number):
        super().__init__(daemon=True)
        self.one, self.two, self.number = one, two, number
        self.acknowledged = []
        self.stopping = False

    def run(self):
        while not self.stopping:
            try:
                answer = self.one.post(f"send/{self.two.id}/", {"content": f"{self.number}-{len(self.acknowledged)}"})
            except (OSError, http.client.HTTPException, AttributeError):
                continue  # it is down
            if answer.status == 201:
                self.acknowledged.append(answer.json()["id"])


def names_by_message(requests):
    found = collections.defaultdict(set)
    for request in requests:
        found[json.loads(request.body)["data"]["message"]["id"]].add(request.headers["webhook-id"])
    return found


def test_kill_9_loses_nothing_that_was_acknowledged(make_server):
    dice = random.Random(SEED)
    receiver = Receiver()
    server = make_server(listen=f"127.0.0.1:{free_port()}", env=LOCAL)
    one, two = server.users(2)
    create(server, receiver.url, "--events", "message_sent")
    senders = [Sender(one, two, number) for number in range(SENDERS)]
    try:
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            goal = len(receiver.requests) + dice.randrange(5, 60)
            wait_until(lambda goal=goal: len(receiver.requests) >= goal, "deliveries go on")
            server.kill()
            server.start()
        for sender in senders:
            sender.stopping = True
            sender.join(60)
        acknowledged = {identity for sender in senders for identity in sender.acknowledged}
        server.kill()
        wait_until(lambda: server.store.sessions() == 0, "PostgreSQL has ended what it was asked for, too")
        # The claims of those who were killed would end in half a minute.
        server.sql("UPDATE directmessages_delivery SET next_at = 1 WHERE state = 0")
        server.start()
        wait_until(lambda: acknowledged <= set(names_by_message(list(receiver.requests))), f"all are delivered, seed {SEED}")
        wait_until(lambda: not deliveries(server, "--state", "pending"), "nothing is left to do")
    finally:
        for sender in senders:
            sender.stopping = True
        receiver.close()
    names = names_by_message(receiver.requests)
    assert {len(of_message) for of_message in names.values()} == {1}, f"one id over all attempts, seed {SEED}"
    stored = {identity for (identity,) in server.sql("SELECT id FROM directmessages_message")}
    assert set(names) == stored
    assert len(acknowledged) > KILLS


def test_two_servers_deliver_once(make_server):
    receiver = Receiver()
    patient = {**LOCAL, "DIRECTMESSAGES_BUSY_TIMEOUT": 60_000}  # a machine that is busy makes no 503
    first = make_server(env=patient)
    second = make_server(first.database, env=patient)
    create(first, receiver.url, "--events", "message_sent")
    one, two = first.users(2)
    threads = []
    for number, server in enumerate([first, second] * 2):
        user = type(one)(server, one.token, one.id, one.username)
        send = lambda user=user, number=number: [user.send(two, f"{number}-{count}") for count in range(50)]  # noqa: E731
        threads.append(threading.Thread(target=send))
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        receiver.wait(200)
        wait_until(lambda: len(deliveries(first, "--state", "delivered", "--limit", 0)) == 200, "all are on record")
        first.stop()
        second.stop()
    finally:
        receiver.close()
    assert len(receiver.requests) == 200, "none twice"
    assert len(set(receiver.contents())) == 200
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 200


@pytest.mark.postgresql
def test_two_servers_that_are_killed_tell_everybody_once(backend):
    """Two endpoints by one id for each message, and streams that go on where they were."""
    result = told.run(4, SEED)
    assert (result.lost, result.untrue, result.twice) == (0, 0, 0), f"seed {SEED}: {result}"
    assert result.acknowledged > 50
