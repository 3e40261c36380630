# SPDX-License-Identifier: MIT
"""Servers or the database end without warning, under load."""

import collections
import contextlib
import random
import threading
import time

import harness
import postgres
import test_kill
from databases import PostgresDatabase

Result = collections.namedtuple("Result", "kills tried acknowledged lost untrue twice")


class Sender(test_kill.Sender):
    """Continues after a 503 (502, 504 from a proxy), which leaves open whether the message was stored, and ends when told to."""

    is_over = False

    def one(self, raw, number):
        if self.is_over:
            return False
        goes_on = super().one(raw, number)
        if self.odd and self.odd[-1].status in (502, 503, 504):
            ends = self.odd.pop().headers.get("Connection") == "close"
            time.sleep(0.01)
            return not ends
        return goes_on

    def run(self):
        while not self.is_over and not self.odd:
            super().run()
            time.sleep(0.01)  # its server is gone


@contextlib.contextmanager
def longest_pause(senders):
    """A list that has, after the block, for how many seconds at most nobody of them got a 201."""
    pauses, is_over = [], threading.Event()

    def watch():
        known, since, longest = -1, time.monotonic(), 0
        while not is_over.wait(0.01):
            count = sum(len(sender.acknowledged) for sender in senders)
            longest = max(longest, time.monotonic() - since)
            known, since = (known, since) if count == known else (count, time.monotonic())
        pauses.append(longest)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield pauses
    finally:
        is_over.set()
        watcher.join()


class Load:
    """Clients that send until they are told to end, and the responses that they got."""

    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        self.users = server.users(2 * test_kill.SENDERS)
        self.everybody, self.kills = [], 0

    @contextlib.contextmanager
    def at_work(self):
        senders = []
        for number in range(test_kill.SENDERS):
            sizes = [self.random.choice([1, 20, 500, 9000]) for _ in range(50)]
            pair = self.users[2 * number], self.users[2 * number + 1]
            label = f"round{self.kills}-{number}"
            senders.append(Sender(self.server, *pair, label, lambda at, sizes=sizes: sizes[at % 50]))
        for sender in senders:
            sender.start()
        self.everybody += senders
        try:
            test_kill.await_acknowledged(senders, self.random.randrange(1, 120))
            yield senders
        finally:
            for sender in senders:
                sender.is_over = True
        self.kills += 1
        test_kill.join(senders)

    def more(self, senders, count=20):
        """Waits until so many more were acknowledged, which shows that they make progress."""
        known = sum(len(sender.acknowledged) for sender in senders)
        test_kill.await_acknowledged(senders, known + count)

    def judge(self):
        """What is stored, compared with the responses that the clients got."""
        ours = ", ".join(str(user.id) for user in self.users)
        rows = self.server.sql(
            f"SELECT content, id, hidden_for_sender FROM directmessages_message WHERE sender_id IN ({ours})"
        )
        stored = collections.Counter(row[0] for row in rows)
        by_content = {row[0]: row for row in rows}
        hidden = {row[1] for row in rows if row[2] is not None}
        tried = {content for sender in self.everybody for content in sender.tried}
        told = {content: identity for sender in self.everybody for content, identity in sender.acknowledged.items()}
        events = self.server.sql(
            f"SELECT message_id FROM directmessages_event WHERE kind = 1 AND sender_id IN ({ours})"
        )
        told_of = collections.Counter(row[0] for row in events)
        return Result(
            kills=self.kills,
            tried=sum(len(sender.tried) for sender in self.everybody),
            acknowledged=len(told),
            lost=sum(content not in stored for content in told)
            + sum(identity not in hidden for sender in self.everybody for identity in sender.hidden)
            + sum(row[1] not in told_of for row in rows),
            untrue=sum(content not in tried for content in stored)
            + sum(content in stored and by_content[content][1] != identity for content, identity in told.items()),
            twice=sum(count - 1 for count in stored.values()) + sum(count - 1 for count in told_of.values()),
        )


def servers(backend, kills, seed):
    """kill -9 of the server."""
    with contextlib.closing(harness.Server(backend=backend)) as server:
        load = Load(server.start(), seed)
        for _ in range(kills):
            with load.at_work() as senders:
                server.kill()
                for sender in senders:
                    sender.is_over = True
            server.start()
        return load.judge()


def pair(kills, seed):
    """Two servers on one database: one of them ends (in each tenth round the database), and the other continues."""
    with contextlib.closing(postgres.Cluster().start()) as cluster, \
            two_servers(PostgresDatabase(cluster)) as (first, second, both):
        load = Load(both, seed)
        for number in range(kills):
            with load.at_work() as senders:
                if number % 10 == 9:
                    cluster.kill()
                    cluster.start()
                else:
                    one = second if number % 2 else first
                    one.kill()
                    load.more(senders, 5)
                    one.start()
                load.more(senders)
        return load.judge()


@contextlib.contextmanager
def two_servers(database, ports=(), **options):
    """They come back at other ports, unless these are given."""
    both = harness.TwoServers(database=database, **options)
    for one, port in zip((both, both.second), ports):
        one.listen = f"127.0.0.1:{port}"
    try:
        both.start()
        yield super(harness.TwoServers, both), both.second, both
    finally:
        both.close()
        both.second.close()
