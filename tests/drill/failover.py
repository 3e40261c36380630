# SPDX-License-Identifier: MIT
"""Two servers, a primary and its standby: a server is killed, or the primary is killed or frozen and the standby promoted."""

import contextlib
import random
import statistics

from drill.ends import Load, longest_pause, two_servers
from drill.standby import TakingTurns


class Ends:
    """What may end, under the load of clients that go on; and how long nobody got a 201, in seconds by what had ended."""

    def __init__(self, database, servers, seed):
        self.database, self.servers, self.random = database, servers, random.Random(seed)
        self.pauses = {"killed": [], "frozen": []}

    def server(self, load, senders):
        one = self.random.choice(self.servers)
        one.kill()
        load.more(senders, 5)
        one.start()
        load.more(senders)

    def killed(self, load, senders):
        self.database.follow()
        with longest_pause(senders) as pauses:
            self.database.cluster.kill()
            old = self.database.promote()
            load.more(senders)
        self.pauses["killed"] += pauses
        old.close()

    def frozen(self, load, senders):
        """It wakes up again beside its successor, without a standby: it confirms nothing."""
        self.database.follow()
        with longest_pause(senders) as pauses:
            self.database.freeze()
            old = self.database.promote()
            load.more(senders)
        self.pauses["frozen"] += pauses
        self.database.thaw(old)
        load.more(senders)
        old.kill()
        old.close()


def run(servers, killed, frozen, seed, synchronous=True, told=lambda pauses: None, **options):
    """So many ends of each, in random order. The options are the servers'."""
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(contextlib.closing(TakingTurns(synchronous)))
        first, second, both = stack.enter_context(two_servers(database, **options))
        ends = Ends(database, (first, second), seed)
        order = [ends.server] * servers + [ends.killed] * killed + [ends.frozen] * frozen
        ends.random.shuffle(order)
        load = Load(both, seed)
        for end in order:
            with load.at_work() as senders:
                end(load, senders)
        told(ends.pauses)
        return load.judge()


def describe(pauses):
    """A line for people."""
    return "; ".join(f"primary {what}, {len(seconds)} times: no 201 for {statistics.median(seconds):.1f} s (median),"
                     f" {max(seconds):.1f} s at most" for what, seconds in pauses.items() if seconds)
