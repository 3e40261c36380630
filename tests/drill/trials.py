# SPDX-License-Identifier: MIT
"""One attack on one server, once for each call that may fail: the first, the second, until there are no more."""

import collections
import time

import harness
import jwts
from drill.attacks import PATIENCE
from webhook_receiver import LOCAL

SESSIONS = 4
QUICK = {"DIRECTMESSAGES_BUSY_TIMEOUT": 500}  # milliseconds: a lock that fails is a lock that somebody holds
JWT = {"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET}

NEVER = 1 << 40  # the number of a call
BEYOND = 5  # a request takes a few calls more or fewer from time to time

Result = collections.namedtuple("Result", "tried acknowledged refused unanswered doubtful wrong")


class Target:
    """A server of one loop that the faults are preloaded into."""

    def __init__(self, backend, faults):
        self.faults = faults
        flags = ("--threads", 1, "--lanes", SESSIONS)
        env = faults.environment | LOCAL | QUICK | JWT
        self.server = harness.Server(backend=backend, flags=flags, env=env, administered=True).start()
        # Where the answer to a COMMIT has got lost on its way, nobody knows; docs/postgresql.md says so.
        self.server.may_doubt = backend == "postgresql"

    def close(self):
        if self.server.process.poll() is not None:  # it was told already
            self.server.kill()
        self.server.close()

    def trouble(self):
        """How a server ended that should have continued (it is then restarted); None if it continues."""
        status = self.server.process.poll()
        if status is None:
            return None
        tail = self.server.tail(5)
        self.server.kill()
        self.server.start()
        return f"ended with {status}: {tail}"


def run(target, make_attack, kind, forever, most=None, step=1, about=None):
    """Fails call after call, at most `most` of them, `step` apart or `about` so many; the counts, and what went wrong as sentences."""
    attack = make_attack(target.server)
    counts, wrong = collections.Counter(), []
    n, beyond = 1, 0
    try:
        if about is not None:
            step = max(calls_of(target, attack, kind) // about, 1)
        while beyond < BEYOND and (most is None or counts["tried"] < most):
            fault = one(target, attack, kind, n, forever, counts)
            beyond = beyond + 1 if fault is None else 0
            wrong += [f"{kind} {n}{' and on' if forever else ''}: {what}" for what in fault or []]
            n += step
    finally:
        attack.close()
    counts["doubtful"] = attack.doubtful
    return Result(*(counts[name] for name in Result._fields[:-1]), wrong)


def calls_of(target, attack, kind):
    """How many calls an attack makes once caches are full; other releases of a library make fewer or more."""
    for _ in range(2):
        attack.before(0)
        with target.faults.armed(kind, NEVER):
            attack.attempt(0)
    return target.faults.counted


def one(target, attack, kind, n, forever, counts):
    """What was wrong where that call failed; None where there was no such call."""
    attack.before(n)
    with target.faults.armed(kind, n, forever):
        answer = attack.attempt(n)
    if not target.faults.failed:
        check_good(attack, n, answer)
        return None
    wrong = [target.trouble(), attack.judge(n, answer), recovers(attack), target.trouble()]
    counts["tried"] += 1
    refused = getattr(answer, "status", None) == 503
    counts["unanswered" if answer is None else "refused" if refused else "acknowledged"] += 1
    wrong = [what for what in wrong if what]
    if wrong and target.server.process.poll() is None:
        wrong.append(" < ".join(target.faults.where(target.server.process.pid)[:8]))
    return wrong


def check_good(attack, n, answer):
    """Without a fault the attack is a plain request; a session of the store that broke before may still be away."""
    end = time.monotonic() + PATIENCE
    while True:
        wrong = attack.judge(n, answer)
        if wrong is None and getattr(answer, "status", None) == attack.status:
            return
        assert wrong is None and time.monotonic() < end, f"no fault: {answer} {wrong}\n{attack.server.tail(9)}"
        attack.before(n)
        answer = attack.attempt(n)


def recovers(attack):
    """Good answers one after the other, since each may come by another session of the store."""
    end, good = time.monotonic() + PATIENCE, 0
    while good < SESSIONS:
        good = good + 1 if attack.works() else 0
        if time.monotonic() > end:
            return f"it does not work {PATIENCE} s later"
        time.sleep(0 if good else 0.01)
    return None
