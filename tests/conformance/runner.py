# SPDX-License-Identifier: MIT
"""Asks both sides the same, one request after the other, and keeps what nothing allows."""

import collections
import dataclasses

from conformance.compare import Difference, Exchange, differences
from conformance.departures import Allowed
from conformance.model import Model

RECENT = 12


class Stop(Exception):
    """There are as many failures as are wanted."""


class Runner:
    """One run against a pair of sides. `name` says in a failure where it happened."""

    def __init__(self, name, sides, ties=0, most_failures=1):
        self.name = name
        self.ours, self.theirs = sides
        self.allowed = Allowed()
        self.model = Model(ties)
        self.failures = []
        self.most_failures = most_failures
        self.number = 0
        self.recent = collections.deque(maxlen=RECENT)

    def ask(self, request, same=False):
        """Asks both; `same` where it belongs to the operation of the request before: times may be of either."""
        self.number += not same
        self.recent.append(f"{self.number}. {request}")
        exchange = Exchange(
            self.number, request, self.ours.ask(request, self.number), self.theirs.ask(request, self.number)
        )
        remedy = self._judge(exchange)
        if remedy is not None:
            self.recent.append(f"{self.number}. only to us: {remedy}")
            again = dataclasses.replace(exchange, ours=self.ours.ask(remedy, self.number))
            self._judge(again)
            self.model.learn(again)
        else:
            self.model.learn(exchange)
        return exchange

    def _judge(self, exchange):
        found = differences(exchange, self.ours.clock, self.theirs.clock)
        rest, remedy = self.allowed.sift(exchange, found, self.model)
        if rest:
            self.fail(exchange, "\n".join(f"  {one}" for one in rest))
        return remedy

    def fail(self, exchange, what):
        recent = "\n".join(f"  {line}" for line in self.recent)
        self.failures.append(
            f"{self.name}, operation {exchange.number}: {exchange.request}\n{what}\n"
            f"  ours:   {exchange.ours}\n  theirs: {exchange.theirs}\n  the last requests:\n{recent}"
        )
        if len(self.failures) >= self.most_failures:
            raise Stop

    def check_rows(self):
        """Both databases hold what our answers said."""
        rows = {"ours": self.ours.rows(), "theirs": self.theirs.rows(), "our answers": self.model.rows()}
        for name in ("theirs", "our answers"):
            for ours, other in zip(rows["ours"], rows[name]):
                if ours != other:
                    self.failures.append(f"{self.name}: a row differs\n  {Difference(f'against {name}', ours, other)}")
                    return
            if len(rows["ours"]) != len(rows[name]):
                self.failures.append(f"{self.name}: {len(rows['ours'])} rows in our database, {len(rows[name])} {name}")
                return
