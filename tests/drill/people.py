# SPDX-License-Identifier: MIT
"""What is asked of administration while a call fails: a person is erased, exported, and messages are found."""

import http.client

from drill.attacks import PATIENCE, Attack, Read, ask_until_served
from harness import wait_until

EACH_WAY = 12
SEVERAL_PIECES = 600  # messages; an export has 500 in a piece
SENT_AT = "2025-01-01 00:00:00"


def ask(server, method, path, body=None):
    """The whole answer, or None where the connection ended before: an export that is cut is none."""
    try:
        return server.admin(method, path, body)
    except (OSError, http.client.HTTPException):
        return None


def talk(server, one, two, count=EACH_WAY):
    server.insert_messages((one, two, SENT_AT, None, f"secret {number}") for number in range(count))
    server.insert_messages((two, one, SENT_AT, None, f"mine {number}") for number in range(count))


def left_of(server, person):
    """What there still is of a person who is said to be erased; None if nothing is."""
    name, active = server.sql("SELECT username, is_active FROM auth_user WHERE id = ?", (person.id,))[0]
    if name != f"erased-{person.id}" or active:
        return f"{name}, who is {'active' if active else 'not active'}"
    count = "SELECT count(*) FROM directmessages_message WHERE"
    (words,) = server.sql(f"{count} sender_id = ? AND (content <> '' OR hidden_for_sender IS NULL)", (person.id,))[0]
    (shown,) = server.sql(f"{count} recipient_id = ? AND hidden_for_recipient IS NULL", (person.id,))[0]
    (tokens,) = server.sql("SELECT count(*) FROM authtoken_token WHERE user_id = ?", (person.id,))[0]
    return f"{words} messages not blank, {shown} not hidden, {tokens} tokens" if words or shown or tokens else None


class Erase(Attack):
    """Asked again after each failure: then nothing is left, whatever was done before."""

    status = 200

    def before(self, number):
        self.person = self.server.user()
        talk(self.server, self.person, self.bob)

    def attempt(self, number):
        return ask(self.server, "POST", f"users/{self.person.id}/erase/", {})

    def check(self, number, answer):
        if not answer.json()["complete"]:
            return f"200, and not complete: {answer.text}"
        left = left_of(self.server, self.person)
        return f"200, and there is {left}" if left else None

    def check_refused(self, number, answer):
        again = wait_until(lambda: (one := self.attempt(number)) and one.status == 200 and one, "it is erased", PATIENCE)
        return self.check(number, again)


class Export(Read):
    def prepare(self):
        talk(self.server, self.alice, self.bob, SEVERAL_PIECES // 2)
        self.known = self.plain(ask_until_served(lambda: self.attempt(0)))
        assert len(self.known) == SEVERAL_PIECES + 1

    def attempt(self, number):
        return ask(self.server, "GET", f"users/{self.alice.id}/export/")

    def plain(self, answer):
        return sorted(answer.text.splitlines())


class Find(Read):
    def prepare(self):
        talk(self.server, self.alice, self.bob, 60)
        self.path = f"messages/?user={self.alice.id}&partner=@{self.bob.username}&since=2024-12-31T00:00:00Z"
        self.known = ask_until_served(lambda: self.attempt(0)).json()
        assert self.known["next"] and len(self.known["results"]) == 100

    def attempt(self, number):
        return ask(self.server, "GET", self.path)


PEOPLE = [Erase, Export, Find]
