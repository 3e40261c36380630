# SPDX-License-Identifier: MIT
"""What the service has to show, by brute force: users, messages and blocks as plain objects.

Written from the contract alone; nothing here asks the database. Times are the server's: the model learns each when it is
shown first, and demands it from then on.
"""

import dataclasses

BLOCKED = "You have blocked this user."
NOT_ALLOWED = "You are not allowed to message this user."
NOT_TO_ONESELF = "You can't send messages to yourself."
REUSED = "This Idempotency-Key was used for another message."
GONE = "The message of this Idempotency-Key does not exist any more."


class Mark:
    """The time at which one request marked messages as read: the same for all of them."""

    def __init__(self):
        self.time = "a time"  # until it is shown


@dataclasses.dataclass(eq=False)
class Person:
    id: int
    username: str
    first_name: str = ""
    last_name: str = ""
    blocked: list = dataclasses.field(default_factory=list)  # oldest first
    blocked_at: dict = dataclasses.field(default_factory=dict)  # as far as it was shown
    keys: dict = dataclasses.field(default_factory=dict)  # (recipient, content, Message)

    def shown(self):
        names = ("id", "username", "first_name", "last_name")
        return {name: getattr(self, name) for name in names}


@dataclasses.dataclass(eq=False)
class Message:
    id: int
    sender: Person
    recipient: Person
    sent_at: str
    content: str
    read: Mark | None = None
    hidden_for: set = dataclasses.field(default_factory=set)
    is_gone: bool = False

    def users(self):
        return (self.sender, self.recipient)

    def place(self):
        return (self.sent_at.replace("Z", "") + ("" if "." in self.sent_at else ".000000"), self.id)

    def shown(self, viewer, preview=None):
        return {
            "id": self.id,
            "sender": self.sender.id,
            "recipient": self.recipient.id,
            "direction": "in" if self.recipient is viewer else "out",
            "sent_at": self.sent_at,
            "read_at": self.read and self.read.time,
            "content": self.content[:preview],
        }


class Model:
    def __init__(self):
        self.people = []  # in the order of their ids
        self.messages = []  # in the order in which they were sent

    # --- what is there

    def between(self, user, partner):
        """What the user sees of a conversation, newest first."""
        found = [one for one in self.messages if set(one.users()) == {user, partner} and user not in one.hidden_for]
        return sorted(found, key=Message.place, reverse=True)

    def inbound(self, user, partner):
        return [one for one in self.between(user, partner) if one.recipient is user]

    def count_unread(self, user, partner):
        """Also of a partner whom the user blocks."""
        return sum(one.read is None for one in self.inbound(user, partner))

    def partners(self, user):
        return [other for other in self.people if self.between(user, other)]

    # --- what is shown

    def unread(self, user):
        return {"id": user.id, "count": sum(row["unread_count"] for row in self.unread_by_partner(user))}

    def unread_by_partner(self, user):
        counts = [(other, self.count_unread(user, other)) for other in self.partners(user) if other not in user.blocked]
        return [
            {"partner_id": other.id, "partner_username": other.username, "unread_count": count}
            for other, count in counts
            if count
        ]

    def conversation(self, user, partner):
        return [one.shown(user) for one in self.between(user, partner)]

    def conversations(self, user):
        return [other.shown() for other in reversed(self.partners(user))]

    def entry(self, user, partner, preview=200):
        last = next(iter(self.between(user, partner)), None)
        return {
            "partner": partner.shown(),
            "last_message": last and last.shown(user, preview),
            "content_truncated": last is not None and len(last.content) > preview,
            "unread_count": 0 if partner in user.blocked else self.count_unread(user, partner),
            "blocked": partner in user.blocked,
        }

    def inbox(self, user, preview=200, unread=False, blocked=False, behind=None):
        """`behind`: only what is older than that message."""
        last = {other: self.between(user, other)[0].place() for other in self.partners(user)}
        order = sorted(last, key=last.get, reverse=True)
        shown = [self.entry(user, other, preview) for other in order if behind is None or last[other] < behind.place()]
        return [row for row in shown if row["blocked"] == blocked and (row["unread_count"] or not unread)]

    def blocks(self, user):
        return [one.shown() | {"blocked_at": user.blocked_at.get(one)} for one in reversed(user.blocked)]

    # --- what is done

    def refusal(self, user, other, content, key):
        """The status and the sentence for a message that is not stored; None where it is, or was."""
        known = user.keys.get(key)
        if user is other:
            return 400, NOT_TO_ONESELF
        if known is not None:
            recipient, words, message = known
            if (recipient, words) != (other, content):
                return 422, REUSED
            return (409, GONE) if message.is_gone else None
        if other in user.blocked:
            return 400, BLOCKED
        return (400, NOT_ALLOWED) if user in other.blocked else None

    def store(self, user, other, content, key, identity, sent_at):
        message = Message(identity, user, other, sent_at, content)
        self.messages.append(message)
        if key is not None:
            user.keys[key] = (other, content, message)
        return message

    def _read(self, messages):
        mark, unread = Mark(), [one for one in messages if one.read is None]
        for one in unread:
            one.read = mark
        return len(unread)

    def read(self, user, partner, up_to=None):
        """How many were marked: none of a partner whom the user blocks."""
        if partner in user.blocked:
            return 0
        inbound = self.inbound(user, partner)
        return self._read([one for one in inbound if up_to is None or one.place() <= up_to.place()])

    def read_all(self, user):
        partners = [other for other in self.partners(user) if other not in user.blocked]
        return self._read([one for other in partners for one in self.inbound(user, other)])

    def unmark(self, user, partner, since=None):
        inbound = self.inbound(user, partner)
        chosen = inbound[:1] if since is None else [one for one in inbound if one.place() >= since.place()]
        read = [one for one in chosen if one.read is not None]
        for one in read:
            one.read = None
        return len(read)

    def hide_all(self, user, partner):
        for one in self.between(user, partner):
            one.hidden_for.add(user)

    def block(self, user, other):
        if other not in user.blocked:
            user.blocked.append(other)

    def unblock(self, user, other):
        if other in user.blocked:
            user.blocked.remove(other)
            user.blocked_at.pop(other, None)

    def erase(self, user, how):
        """What was done to messages: blanked, hidden, deleted."""
        sent = [one for one in self.messages if one.sender is user]
        received = [one for one in self.messages if one.recipient is user]
        counts = {"blanked": 0, "hidden": 0, "deleted": 0}
        if how == "blank":
            counts["blanked"] = sum(one.content != "" or user not in one.hidden_for for one in sent)
            counts["hidden"] = sum(user not in one.hidden_for for one in received)
            for one in sent + received:
                one.content = "" if one.sender is user else one.content
                one.hidden_for.add(user)
        elif how == "delete":
            counts["deleted"] = len(sent + received)
            for one in sent + received:
                one.is_gone = True
            self.messages = [one for one in self.messages if not one.is_gone]
        user.keys.clear()
        for other in self.people:
            self.unblock(other, user)
            self.unblock(user, other)
        user.username, user.first_name, user.last_name = f"erased-{user.id}", "", ""
        return counts
