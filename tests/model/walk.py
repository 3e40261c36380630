# SPDX-License-Identifier: MIT
"""Random operations, and the shortest list of them that still finds what a walk has found."""

import random
import time

from model.player import FIRST, Differs, Player

USERS = 6
CHECK_ALL_EVERY = 50
# How often; together 100 or so. Who is erased takes everything along, so that is seldom.
WEIGHTS = {
    "send": 34, "open": 6, "look": 3, "read": 9, "unread": 9, "read_all": 3, "hide": 10, "show": 4, "hide_all": 2, "block": 4,
    "unblock": 5, "inbox": 8, "inbox_meanwhile": 3, "fold": 0.7, "erase": 1.5,
}  # fmt: skip
WORDS = ["a", "Hallo", "\u00e9t\u00e9", "\U0001f600", "\u4e2d\u6587", '"', "\\", "\n", "\u2028", " "]


class Walk:
    """Chooses operations by what is there, so that most of them have something to do."""

    def __init__(self, server, seed):
        self.random = random.Random(seed)
        self.player = Player(server, USERS)
        self.operations = []
        self.keys = []  # (user, other, content, key) of sends with a key

    def labels(self):
        """Of all who act."""
        return [label for label, person in self.player.people.items() if person in self.player.clients]

    def step(self):
        number = len(self.operations) + 1
        kind = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        operation = (("made by", number), kind, self.arguments(kind, number))
        self.operations.append(operation)
        self.player.play(operation)
        if number % CHECK_ALL_EVERY == 0:
            self.player.check_all()

    def arguments(self, kind, number):
        choose = self.random.choice
        if kind == "fold":
            return {}
        if kind == "erase":
            return {"other": choose(self.labels()), "how": choose(["blank", "delete", "keep"])}
        user = choose(self.labels())
        others = [label for label in self.player.people if label != user]
        other = choose(others if self.random.random() < 0.1 else [label for label in others if label in self.labels()])
        messages = list(self.player.messages)
        if kind in ("hide", "show"):
            if not messages:
                return self.arguments_of_nothing(kind, user)
            label = choose(messages[-40:] if self.random.random() < 0.7 else messages)
            sides = [one for one in self.labels() if self.player.people[one] in self.player.messages[label].users()]
            return {"user": choose(sides or [user]) if self.random.random() < 0.9 else user, "message": label}
        if kind in ("read", "unread"):
            return {"user": user, "other": other, "message": self.message(user, other)}
        if kind == "send":
            return self.sending(user, other, number)
        if kind in ("open", "look", "inbox_meanwhile"):
            return {"user": user, "other": other, "size": choose([1, 2, 3, 7, 50])}
        if kind == "inbox":
            flags = {name: self.random.random() < 0.3 for name in ("unread", "blocked")}
            return {"user": user, "size": choose([1, 2, 3]), "preview": choose([0, 1, 5, 200]), **flags}
        return {"user": user, "other": other}

    @staticmethod
    def arguments_of_nothing(kind, user):
        return {"user": user, "message": ("made by", 0)}  # is passed over

    def message(self, user, other):
        """A message of the conversation, now and then one of another, or None."""
        if self.random.random() < 0.4:
            return None
        sides = {self.player.people[user], self.player.people[other]}
        found = [label for label, one in self.player.messages.items() if set(one.users()) == sides]
        if not found or self.random.random() < 0.1:
            found = list(self.player.messages)
        return self.random.choice(found) if found else None

    def sending(self, user, other, number):
        content = "".join(self.random.choices(WORDS, k=self.random.choice([1, 3, 20, 210])))
        given = {"user": user, "other": other, "content": content, "key": None}
        given["in_conversation"] = self.random.random() < 0.25
        draw = self.random.random()
        usable = [one for one in self.keys[-60:] if one["user"] in self.labels()]
        if draw < 0.2 and usable:  # once more
            given.update({name: value for name, value in self.random.choice(usable).items() if name != "in_conversation"})
            if self.random.random() < 0.2 and other != given["user"]:
                given["other"] = other
            if self.random.random() < 0.2:
                given["content"] = content
        elif draw < 0.5:
            given["key"] = f"k{number}"
            self.keys.append(dict(given))
        elif draw < 0.52:
            given["other"] = user
        return given


def replay(server, operations, checks=False):
    """The difference that a list of operations ends with, or None."""
    try:
        player = Player(server, USERS)
        for operation in operations:
            player.play(operation, checks)
        player.check_all()
    except Differs as difference:
        return difference
    return None


def shorten(server, operations, seconds):
    """The shortest list found within that time that still differs, and how it does; (None, None) if it does not again.
    Leaves out ever smaller pieces; the last operation stays. Tried with comparisons at the end alone, then after each
    operation, then after a fold, which in the walk may have come by chance."""
    end = time.monotonic() + seconds
    folded = [*operations[:-1], (("made by", 0), "fold", {}), operations[-1]]
    ways = [(operations, False), (operations, True), (folded, False), (folded, True)]
    operations, checks, difference = next(
        ((one, checks, found) for one, checks in ways if (found := replay(server, one, checks))), (None, None, None)
    )
    if difference is None:
        return None, None
    size = max(1, len(operations) // 2)
    while time.monotonic() < end:
        start, before = 0, len(operations)
        while start < len(operations) - 1 and time.monotonic() < end:
            fewer = operations[:start] + operations[min(start + size, len(operations) - 1) :]
            found = replay(server, fewer, checks)
            if found is None:
                start += size
            else:
                operations, difference = fewer, found
        if size == 1 and len(operations) == before:
            break
        size = max(1, size // 2)
    return operations, difference


def run(server, seed, count, seconds=60):
    """A walk of so many operations. Returns what differs, told so that it can be done again, or None."""
    walk = Walk(server, seed)
    try:
        while len(walk.operations) < count:
            walk.step()
        walk.player.check_all()
    except Differs as difference:
        operations, again = shorten(server, walk.operations, seconds)
        told = [f"seed {seed}, operation {len(walk.operations)} {walk.operations[-1]}: {difference}"]
        if operations is None:
            told.append("It does not happen again with the same operations. The last ones were:")
            operations = walk.operations[-12:]
        else:
            told += [f"{again}", f"after these {len(operations)} operations, from users without messages:"]
        return "\n".join([*told, *(f"  {operation}" for operation in operations)])
    except Exception as error:
        error.add_note(f"seed {seed}, operation {len(walk.operations)}: {walk.operations[-1:]}")
        raise
    return None
