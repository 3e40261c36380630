# SPDX-License-Identifier: MIT
"""Commands about people are run while a call of them fails: each does all of it, or says why not; run again it does what is left."""

import contextlib
import re
import subprocess

import harness
from drill.attacks import PATIENCE
from drill.people import SEVERAL_PIECES, left_of, talk
from drill.trials import NEVER, Result

ERROR = re.compile(r"directmessages: .+; .+")
SHARED = 100  # calls at the end of the start that are tried all the same
BATCHES = 700  # messages to be purged; a commit has 300 at most


class Typed:
    """A command that reads: it prints what it always prints."""

    count = SEVERAL_PIECES // 2

    def __init__(self, server):
        self.server = server
        self.person, self.partner = server.users(2)
        self.prepare()

    def prepare(self):
        talk(self.server, self.person, self.partner, self.count)
        self.known = self.lines(self.run())

    def lines(self, done):
        assert done.returncode == 0, done.stderr
        return sorted(done.stdout.splitlines())

    def before(self):
        """What is made ready while nothing fails yet."""

    def run(self, faults=None, words=None):
        command = [harness.PROGRAM, "--database", self.server.url, *map(str, words or self.words())]
        env = harness.environment(**(faults.environment if faults else {}))
        return subprocess.run(command, env=env, cwd=self.server.directory, capture_output=True, text=True, timeout=PATIENCE)

    def check(self, done):
        """What was untrue in a success."""
        told = self.lines(done)
        return None if told == self.known else f"status 0, and {len(told)} lines of {len(self.known)}"


class UserExport(Typed):
    def words(self):
        return "user", "export", self.person.username


class MessageFind(Typed):
    def words(self):
        return "message", "find", "--user", self.person.username, "--limit", 2 * self.count, "--json"


class UserErase(Typed):
    def prepare(self):
        pass

    def before(self):
        self.person = self.server.user()
        talk(self.server, self.person, self.partner)

    def words(self):
        (name,) = self.server.sql("SELECT username FROM auth_user WHERE id = ?", (self.person.id,))[0]
        return "user", "erase", name, "--yes"

    def check(self, done):
        left = left_of(self.server, self.person)
        return f"status 0, and there is {left}" if left else None


class MessagePurge(Typed):
    def prepare(self):
        pass

    def before(self):
        have = self.stored()
        talk(self.server, self.person, self.partner, (BATCHES - have) // 2)

    def stored(self):
        return self.server.sql("SELECT count(*) FROM directmessages_message")[0][0]

    def words(self):
        return "message", "purge", "--older-than", 1

    def check(self, done):
        return f"status 0, and there are {self.stored()} messages" if self.stored() else None


COMMANDS = [UserErase, UserExport, MessageFind, MessagePurge]


def run(backend, faults, make, kind, forever=False, step=1, about=None):
    """Fails each call of a command in turn, `step` apart, or `about` so many; the counts, and what went wrong as sentences."""
    counts, wrong = dict.fromkeys(Result._fields[:-1], 0), []
    with contextlib.closing(harness.Server(backend=backend)) as server:
        server.start()
        typed = make(server)
        typed.before()
        calls = calls_of(typed, faults, kind)
        # All commands start alike, and `starts` is of that.
        n = max(min(calls, calls_of(typed, faults, kind, ["user", "show", typed.partner.username])) - SHARED, 1)
        if about is not None:
            step = max((calls - n) // about, 1)
        while (what := one(typed, faults, kind, n, forever, counts)) is not None:
            wrong += [f"{kind} {n}{' and on' if forever else ''}: {what}"] if what else []
            n += step
    return Result(*counts.values(), wrong)


def calls_of(typed, faults, kind, words=None):
    """How many calls a command makes."""
    with faults.armed(kind, NEVER):
        typed.run(faults, words)
    return faults.counted


def one(typed, faults, kind, n, forever, counts):
    """What was wrong, or an empty text; None where there was no such call."""
    typed.before()
    with faults.armed(kind, n, forever):
        done = typed.run(faults)
    if not faults.failed:
        assert done.returncode == 0, done
        return None
    counts["tried"] += 1
    counts["refused" if done.returncode else "acknowledged"] += 1
    if done.returncode == 0:
        return typed.check(done) or ""
    lines = done.stderr.splitlines()
    if done.returncode not in (1, 2) or not lines or not ERROR.fullmatch(lines[-1]):
        return f"ended with {done.returncode}: {done.stderr[-300:]}"
    again = typed.run()
    if again.returncode == 0:
        return typed.check(again) or ""
    return f"run again it ended with {again.returncode}: {again.stderr}"
