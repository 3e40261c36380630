# SPDX-License-Identifier: MIT
"""Two servers on one database that are killed in turn, with two endpoints and streams: who got which message, and how often."""

import collections
import contextlib
import json
import threading

import postgres
from databases import PostgresDatabase
from drill.ends import Load, Result, two_servers
from harness import wait_until
from ports import free_ports
from streams import Stream
from webhook_receiver import LOCAL, Receiver, create

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


class Follower(threading.Thread):
    """A client of a user's stream. When a stream ends, it continues at the other server, behind its last event."""

    def __init__(self, user, servers):
        super().__init__(daemon=True)
        self.user, self.servers = user, servers
        self.heard, self.resets, self.is_over, self.stream = collections.Counter(), 0, False, None
        self.last_id, self.turn = None, 0
        self.start()

    def run(self):
        while not self.is_over:
            self.turn += 1
            with contextlib.suppress(OSError, ValueError, IndexError):
                with Stream(self.user, last_event_id=self.last_id, server=self.servers[self.turn % 2]) as self.stream:
                    self.listen()

    def listen(self):
        self.last_id = self.stream.last_id or self.last_id
        while self.stream.status == 200 and (event := self.stream.next()) is not None:
            self.last_id = event.id
            self.resets += event.name == "reset"
            if event.name == "message_sent":
                self.heard[event.data["id"]] += 1

    def wait_open(self):
        wait_until(lambda: self.last_id, "the stream is open")

    def end(self):
        self.is_over = True
        if self.stream is not None:
            with contextlib.suppress(OSError):
                self.stream.raw.sock.shutdown(2)


def names_by_message(receiver):
    names = collections.defaultdict(set)
    for request in list(receiver.requests):
        names[json.loads(request.body)["data"]["message"]["id"]].add(request.headers["webhook-id"])
    return names


def run(kills, seed):
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(contextlib.closing(postgres.Cluster().start()))
        receivers = [stack.enter_context(contextlib.closing(Receiver())) for _ in range(2)]
        first, second, both = stack.enter_context(
            two_servers(PostgresDatabase(cluster), free_ports(2), env=LOCAL))  # so that clients find them again
        for receiver in receivers:
            create(second, receiver.url, "--events", "message_sent")
        load = Load(both, seed)
        followers = [Follower(user, (both, second)) for user in load.users[1::2]]
        for follower in followers:
            follower.wait_open()
        for number in range(kills):
            with load.at_work() as senders:
                one = second if number % 2 else first
                one.kill()
                load.more(senders, 5)
                one.start()
                load.more(senders)
        return judge(load, both, receivers, followers)


def judge(load, both, receivers, followers):
    to = dict(both.sql("SELECT id, recipient_id FROM directmessages_message"))
    # The claims of those who were killed would end in half a minute.
    both.sql("UPDATE directmessages_delivery SET next_at = 1 WHERE state = 0")
    missing = doubled = 0
    for receiver in receivers:
        with contextlib.suppress(AssertionError):
            wait_until(lambda receiver=receiver: set(to) <= set(names_by_message(receiver)), "all are delivered")
        names = names_by_message(receiver)
        missing += len(set(to) - set(names))
        doubled += sum(len(of_message) - 1 for of_message in names.values())
    for follower in followers:
        wanted = {message for message, recipient in to.items() if recipient == follower.user.id}
        with contextlib.suppress(AssertionError):
            wait_until(lambda: wanted <= set(follower.heard), "all are heard of")
        missing += len(wanted - set(follower.heard))
        doubled += sum(follower.heard.values()) - len(follower.heard)
        follower.end()
    stored = load.judge()
    return Result(
        kills=load.kills,
        tried=stored.tried,
        acknowledged=stored.acknowledged,
        lost=stored.lost + missing,
        untrue=stored.untrue + sum(follower.resets for follower in followers) + both.sql(DEADLOCKS)[0][0],
        twice=stored.twice + doubled,
    )
