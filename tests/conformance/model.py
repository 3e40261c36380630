# SPDX-License-Identifier: MIT
"""What both databases hold according to our answers: for requests that make sense, and for some departures."""

import json
import urllib.parse

from conformance import content


class Model:
    """The messages by id, what each of our answers has done to them, and both sides' times of sending."""

    def __init__(self, ties):
        self.messages = {message.id: message for message in content.messages(ties)}
        self.times = {"ours": {}, "theirs": {}}
        self.sent_at = {"ours": {}, "theirs": {}}

    def between(self, one, other):
        return [m for m in self.messages.values() if {m.sender, m.recipient} == {one, other}]

    def unread(self, user):
        return sum(message.unread_by(user) for message in self.messages.values())

    def partners(self, user):
        """Ids of those with whom the user can see a message, highest first: the contract's list."""
        return self._partners(user, lambda message, partner: message.visible_to(user))

    def partners_by_their_flags(self, user):
        """The reference's list: of those who can see a message with the user themselves."""
        return self._partners(user, lambda message, partner: message.visible_to(partner))

    def _partners(self, user, listed):
        found = set()
        for message in self.messages.values():
            if user in (message.sender, message.recipient):
                partner = message.recipient if message.sender == user else message.sender
                if listed(message, partner):
                    found.add(partner)
        return sorted(found, reverse=True)

    def mark_read(self, user, partner):
        for message in self.between(user, partner):
            if message.unread_by(user):
                message.read = True

    def learn(self, exchange):
        """Takes what the request changed from the answers."""
        request, status = exchange.request, exchange.ours.status
        kind, _, rest = urllib.parse.unquote(request.path.partition("?")[0]).partition("/")
        target = int(rest.strip("/")) if rest.strip("/").isdigit() else None
        if kind == "send" and status == 201:
            self._sent(exchange.json("ours"), exchange.json("theirs"))
        elif kind == "conversations" and target is not None and (request.method, status) == ("POST", 201):
            self._sent(exchange.json("ours")[0], exchange.json("theirs")[0])
            self.mark_read(request.user, target)
        elif kind == "conversations" and target is not None and (request.method, status) == ("GET", 200):
            self.mark_read(request.user, target)
        elif kind == "messages" and status == 204:
            self.messages[target].hidden_for.add(request.user)

    def _sent(self, ours, theirs):
        self.messages[ours["id"]] = content.Message(ours["id"], ours["sender"], ours["recipient"], ours["content"])
        for side, message in (("ours", ours), ("theirs", theirs)):
            self.times[side][message["sent_at"]] = message["id"]
            self.sent_at[side][message["id"]] = message["sent_at"]

    def translated(self, time, into):
        """A time of sending of the other side as the side `into` has it; both as in an answer."""
        identity = self.times["theirs" if into == "ours" else "ours"].get(time)
        return self.sent_at[into][identity] if identity is not None else time  # the content's own are the same

    def rows(self):
        """As sides.ROWS gives them."""
        return [
            (m.id, m.sender, m.recipient, m.content, int(m.read), int(m.sender in m.hidden_for))
            + (int(m.recipient in m.hidden_for),)
            for m in self.messages.values()
        ]


def error(detail):
    """An error's body."""
    return json.dumps({"detail": detail}, separators=(",", ":"), ensure_ascii=False).encode()
