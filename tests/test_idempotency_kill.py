# SPDX-License-Identifier: MIT
"""SIGKILL while keyed sends are repeated blindly: each content is stored once. DIRECTMESSAGES_KEYED_SENDS=1000 is the
long run."""

import http.client
import os
import random
import threading

import pytest

import harness
from harness import wait_until
from keyed import is_replayed, new_key, send

pytestmark = pytest.mark.concurrent

SENDS = int(os.environ.get("DIRECTMESSAGES_KEYED_SENDS", 120))
SEED = int(os.environ.get("DIRECTMESSAGES_KILL_SEED", random.randrange(10**9)))
SENDERS = 6
SENDS_OF_A_LIFE = 25


class Stubborn(threading.Thread):
    """Sends its contents one after the other, each with a key of its own, again and again until it is answered 201.
    Every other one is asked for by two at once."""

    def __init__(self, user, partner, label, count):
        super().__init__(daemon=True)
        self.user, self.partner = user, partner
        self.contents = [f"{label}-{n}" for n in range(count)]
        self.ids, self.odd, self.replays = {}, [], []
        self.start()

    def run(self):
        for number, content in enumerate(self.contents):
            key = new_key()
            twin = threading.Thread(target=self.insist, args=(content, key), daemon=True) if number % 2 else None
            if twin:
                twin.start()
            self.insist(content, key)
            if twin:
                twin.join()

    def insist(self, content, key):
        while not self.odd:
            try:
                answer = send(self.user, self.partner, content, key)
            except (OSError, http.client.HTTPException):
                continue
            if answer.status == 201:
                if is_replayed(answer):
                    self.replays.append(content)
                if self.ids.setdefault(content, answer.json()["id"]) != answer.json()["id"]:
                    self.odd.append(answer)
                return
            if answer.status != 503:
                self.odd.append(answer)


@pytest.mark.parametrize("servers", [1, 2])
def test_each_content_is_there_once(backend, servers):
    if servers == 2 and backend == "sqlite":
        pytest.skip("two servers on one file are a test of their own")
    rng = random.Random(SEED)
    print(f"seed {SEED}")
    server = harness.TwoServers() if servers == 2 else harness.Server(backend=backend)
    try:
        server.start()
        users = server.users(2 * SENDERS)
        senders = [Stubborn(users[n], users[n + SENDERS], f"{n}", SENDS // SENDERS) for n in range(SENDERS)]
        total = sum(len(sender.contents) for sender in senders)
        lives = 0

        def stored():
            return sum(len(sender.ids) for sender in senders)

        while stored() < total:
            before = stored()
            goal = min(total, before + rng.randrange(1, SENDS_OF_A_LIFE))
            wait_until(lambda: stored() >= goal or any(sender.odd for sender in senders), f"{goal} are stored")
            assert not any(sender.odd for sender in senders), [sender.odd for sender in senders]
            victim = server.second if servers == 2 and rng.random() < 0.5 else server
            harness.Server.kill(victim)
            harness.Server.start(victim)
            lives += 1
        for sender in senders:
            sender.join(60)
            assert not sender.is_alive() and not sender.odd
        rows = server.sql("SELECT content, id FROM directmessages_message")
        assert dict(rows) == {content: one for sender in senders for content, one in sender.ids.items()}
        assert len(rows) == total and lives >= 3 - servers  # while one of two begins anew, the other may store all
        assert server.sql("SELECT count(*) FROM directmessages_idempotency_key") == [(total,)]
        assert sum(len(sender.replays) for sender in senders) >= total // 2, "each second one was asked for twice"
    finally:
        server.close()
