# SPDX-License-Identifier: MIT
"""make drill: what happens to messages while calls fail, servers end and clients are slow; a table of what was lost."""

import argparse
import contextlib
import random
import sys
import time

import postgres
from drill import crowd, ends, failover, faults, patroni, starts, told, trials, typed
from drill.attacks import ATTACKS
from drill.people import PEOPLE

STORES = ["sqlite", "postgresql"]
FILES = {"sqlite": ["write", "sync", "open", "lock", "map", "truncate"], "postgresql": ["open", "map", "submit"]}
STARTS_APART = 29  # a start makes thousands of allocations
COMMANDS_APART = {"sqlite": 13, "postgresql": 7}
COLUMNS = ["what", "store", "faults", "tried", "acknowledged", "503", "no answer", "doubtful", "lost", "untrue", "twice", "s"]
WIDTHS = [34, 10, 7, 7, 12, 6, 9, 8, 5, 6, 5, 5]


def line(cells):
    print("  ".join(f"{cell!s:<{width}}" if at < 2 else f"{cell!s:>{width}}"
                    for at, (cell, width) in enumerate(zip(cells, WIDTHS))), flush=True)


class Drill:
    def __init__(self, given):
        self.given, self.problems = given, []

    def failing(self, name, store, start):
        """A row of calls that failed: each of them is one fault and one request."""
        result, seconds = timed(start)
        self.problems += [f"{name}, {store}: {what}" for what in result.wrong]
        line([name, store, result.tried, result.tried, result.acknowledged, result.refused, result.unanswered,
              result.doubtful, "-", len(result.wrong), "-", seconds])

    def ending(self, name, store, start, may_lose=lambda: False):
        """A row of ends: each of them is one fault. `may_lose` is asked when it is over."""
        result, seconds = timed(start)
        bad = result.untrue + result.twice + (0 if may_lose() else result.lost)
        self.problems += [f"{name}, {store}: {result}"] if bad or not result.acknowledged else []
        line([name, store, result.kills, result.tried, result.acknowledged, "-", "-", "-", result.lost, result.untrue,
              result.twice, seconds])

    def memory(self, store, failing):
        for attack in ATTACKS + PEOPLE:
            self.on_target(store, failing, attack, "memory", [False, True])

    def files(self, store, failing):
        for attack in ATTACKS + PEOPLE:
            for kind in FILES[store]:
                self.on_target(store, failing, attack, kind, [False, True])

    def on_target(self, store, failing, attack, kind, modes):
        with contextlib.closing(trials.Target(store, failing)) as target:
            for forever in modes:
                name = f"{attack.__name__}: {kind}{' and on' if forever else ''}"
                most = 1 if forever and kind == "lock" else None  # SQLite itself waits ten seconds for one
                step = 11 if forever and store == "postgresql" else 1  # its sessions have to connect again
                self.failing(name, store, lambda: trials.run(target, attack, kind, forever, most, step))

    def start(self, store, failing):
        for kind in ["memory", *FILES["sqlite"]]:
            step = STARTS_APART if kind == "memory" else 1
            self.failing(f"start: {kind}", store, lambda: starts.run(store, failing, kind, step))

    def commands(self, store, failing):
        for make in typed.COMMANDS:
            for kind in ["memory", *FILES[store]]:
                step = COMMANDS_APART[store] if kind == "memory" else 1
                self.failing(f"{make.__name__}: {kind}", store, lambda: typed.run(store, failing, make, kind, step=step))

    def kills(self, store):
        count = self.given.n // 2 if store == "sqlite" else self.given.n * 3 // 10
        self.ending("kill -9", store, lambda: ends.servers(store, count, self.given.seed))

    def pair(self, store):
        if store == "postgresql":
            self.ending("two servers, kill -9", store, lambda: ends.pair(self.given.n // 5, self.given.seed))

    def told(self, store):
        if store == "postgresql":
            self.ending("two servers, who is told", store, lambda: told.run(self.given.n // 5, self.given.seed))

    def failover(self, store):
        if store == "postgresql":
            servers, killed, frozen = self.given.n // 5, max(self.given.n // 25, 1), max(self.given.n // 100, 1)
            self.ending("failover", store, lambda: failover.run(servers, killed, frozen, self.given.seed, told=tell_pauses))
            self.ending("failover (async)", store, lambda: failover.run(0, 1, 0, self.given.seed, False), may_lose=lambda: True)

    def patroni(self, store):
        if store == "postgresql":
            for end in patroni.ENDS:
                for hosts in (False, True):
                    self.one_of_patroni(end, hosts)

    def one_of_patroni(self, end, hosts):
        name = f"{end.__name__.replace('_', ' ')}, {'hosts in the URL' if hosts else 'HAProxy'}"
        found = []

        def start():
            found.append(patroni.run(end, hosts, self.given.seed))
            return found[0].result

        self.ending(name, "postgresql", start, lambda: found[0].taken_back)
        back = ", and Patroni gave the lock back to who woke up: what was acknowledged meanwhile is gone"
        print(f"  no 201 for {found[0].pause:.1f} s at most{back if found[0].taken_back else ''}", flush=True)

    def crowd(self, store):
        seconds = 5 + self.given.n // 25
        self.ending("slow clients", store, lambda: crowd.run(store, seconds, self.given.seed))


def tell_pauses(pauses):
    print(f"  {failover.describe(pauses)}", flush=True)


def timed(start):
    begin = time.monotonic()
    return start(), round(time.monotonic() - begin)


FAILING = ["memory", "files", "start", "commands"]
PARTS = [*FAILING, "kills", "pair", "told", "failover", "patroni", "crowd"]


def run(drill, part, store):
    if part not in FAILING:
        getattr(drill, part)(store)
        return
    with contextlib.closing(faults.Faults()) as failing:
        getattr(drill, part)(store, failing)


def is_possible(part):
    reason = faults.why_not() if part in FAILING else patroni.why_not() if part == "patroni" else None
    if reason:
        print(f"drill: without {part}: {reason}")
    return not reason


def main():
    parser = argparse.ArgumentParser(prog="drill", description=__doc__)
    parser.add_argument("-n", type=int, default=500, help="so many kills (%(default)s)")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this (default: all)")
    parser.add_argument("--store", choices=STORES, action="append", help="only on this (default: both)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    drill = Drill(parser.parse_args())
    postgres.SETTINGS.append("fsync=on")  # the last one counts: a commit takes its time, in which a kill may come
    stores = [store for store in drill.given.store or STORES if store == "sqlite" or not postgres.why_not()]
    print(f"drill: {drill.given.n} kills, seed {drill.given.seed}, on {' and '.join(stores)}")
    line(COLUMNS)
    parts = [part for part in drill.given.part or PARTS if is_possible(part)]
    for part in parts:
        for store in stores:
            run(drill, part, store)
    if not parts:
        print("\ndrill: nothing could be tried")
        return 1
    for problem in drill.problems:
        print(f"\nWRONG: {problem}")
    print(f"\ndrill: {'failed' if drill.problems else 'passed'}: {len(drill.problems)} things that must not happen")
    return 1 if drill.problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
