# SPDX-License-Identifier: MIT
"""Carries out operations over HTTP and on the model, and compares what both say."""

import itertools
import json
import urllib.parse

from folding import wait_folded
from model.model import Model, Person

NOT_FOUND = "Message not found or not authorized."
INVALID_TOKEN = "Invalid token."
FIRST = "first"  # the label of users who are there from the beginning: ("first", n)


class Differs(Exception):
    """The server has said something else than the model."""


class Player:
    """One walk with users of its own on a server that is administered.

    Users and messages have the label of the operation that made them; so a list of operations of which some were left out
    can be played, too: what names something that was never made is passed over.
    """

    def __init__(self, server, count):
        self.server = server
        self.model = Model()
        self.clients, self.people, self.messages = {}, {}, {}
        for n in range(count):
            self._join((FIRST, n))

    def _join(self, label):
        client = self.server.user(first_name=f"First {label[1]}", last_name="Läst")
        self.people[label] = Person(client.id, client.username, client.first_name, client.last_name)
        self.clients[self.people[label]] = client
        self.model.people.append(self.people[label])

    # --- asking

    def ask(self, user, method, path, body=None, headers=(), status=200):
        data = None if body is None else json.dumps(body).encode()
        headers = [*headers, *([("Content-Type", "application/json")] if data else [])]
        response = self.clients[user].request(method, path, data, headers)
        if response.status != status:
            raise Differs(f"{method} {path} by {user.username}: {response}, and not {status}")
        return response

    def refused(self, user, method, path, status, detail, **more):
        self.same(self.ask(user, method, path, status=status, **more).json(), {"detail": detail}, f"{method} {path}", user)

    def same(self, got, wanted, what, user):
        if got == wanted:
            return
        if isinstance(got, list) and isinstance(wanted, list):
            at = next(n for n, (one, two) in enumerate(itertools.zip_longest(got, wanted)) if one != two)
            what += f" ({len(got)} rows, and not {len(wanted)}), row {at}," if len(got) != len(wanted) else f", row {at},"
            got, wanted = got[at : at + 1], wanted[at : at + 1]
        raise Differs(f"{what} by {user.username}:\n  the server: {got}\n  the model:  {wanted}")

    def learn(self, shown):
        """Takes over times that are shown for the first time, from a message, a block, or lists of them."""
        for row in filter(None, shown if isinstance(shown, list) else [shown]):
            message = self.by_id(row["id"])
            if message is not None and message.read is not None and message.read.time == "a time" and row["read_at"]:
                message.read.time = row["read_at"]

    def by_id(self, identity):
        return next((one for one in reversed(self.model.messages) if one.id == identity), None)

    def walk(self, user, path, size, query=""):
        """All rows of a list, by its links."""
        rows, path = [], f"{path}?page_size={size}{query}"
        while path is not None:
            page = self.ask(user, "GET", path).json()
            rows += page["results"]
            if len(page["results"]) != size and page["next"] or len(rows) > 5000:
                raise Differs(f"GET {path} by {user.username}: a page of {len(page['results'])} and a next, {len(rows)} rows")
            link = urllib.parse.urlsplit(page["next"] or "")
            path = page["next"] and link.path + "?" + link.query
        return rows

    # --- comparing

    def check_conversation(self, user, partner, size=50, query="&mark_read=false"):
        rows = self.walk(user, f"conversations/{partner.id}/", size, query)
        self.learn(rows)
        self.same(rows, self.model.conversation(user, partner), f"the conversation with {partner.username}", user)

    def check_inbox(self, user, size=50, preview=200, unread=False, blocked=False):
        query = f"&preview={preview}" + "&unread=true" * unread + "&blocked=true" * blocked
        rows = self.walk(user, "inbox/", size, query)
        self.learn([row["last_message"] for row in rows])
        self.same(rows, self.model.inbox(user, preview, unread, blocked), f"the inbox ({query})", user)

    def check_entry(self, user, partner):
        row = self.ask(user, "GET", f"inbox/{partner.id}/").json()
        self.learn(row["last_message"])
        self.same(row, self.model.entry(user, partner), f"the entry of {partner.username}", user)

    def check_blocks(self, user, size=50):
        rows = self.walk(user, "blocks/", size)
        for row in rows:
            other = next((one for one in user.blocked if one.id == row["id"]), None)
            if other is not None:
                user.blocked_at.setdefault(other, row["blocked_at"])
        self.same(rows, self.model.blocks(user), "the blocks", user)

    def check_counts(self, user):
        self.same(self.ask(user, "GET", "unread/").json(), self.model.unread(user), "unread/", user)
        by_partner = self.ask(user, "GET", "conversations/unread/").json()
        self.same(by_partner, self.model.unread_by_partner(user), "conversations/unread/", user)

    def check_pair(self, user, other):
        """What both see of what has just happened between them."""
        for one, partner in ((user, other), (other, user)):
            if one in self.clients:
                self.check_counts(one)
                self.check_conversation(one, partner)
                self.check_entry(one, partner)
                self.check_inbox(one)

    def check_all(self):
        for user in list(self.clients):
            self.check_counts(user)
            self.same(self.walk(user, "conversations/", 50), self.model.conversations(user), "conversations/", user)
            self.check_blocks(user)
            for unread, blocked in ((False, False), (True, False), (False, True), (True, True)):
                self.check_inbox(user, 3, 5, unread, blocked)
            for partner in self.model.people:
                if partner is not user:
                    self.check_entry(user, partner)
                    self.check_conversation(user, partner)

    # --- the operations; `label` is of what it makes

    def play(self, operation, checks=True):
        """Whether it could be played."""
        label, kind, arguments = operation
        given = dict(arguments)
        for name in ("user", "other"):
            if name in given:
                given[name] = self.people.get(given[name])
                if given[name] is None or (name == "user" and given[name] not in self.clients):
                    return False
        if "message" in given and given["message"] is not None:
            given["message"] = self.messages.get(given["message"])
            if given["message"] is None:
                return False
        affected = getattr(self, "do_" + kind)(label, **given)
        if checks and affected is not None:
            self.check_pair(*affected)
        return True

    def do_send(self, label, user, other, content, key, in_conversation):
        path, body = f"{'conversations' if in_conversation else 'send'}/{other.id}/", {"content": content}
        headers = [("Idempotency-Key", key)] if key is not None else []
        refusal = self.model.refusal(user, other, content, key)
        if refusal is not None:
            self.refused(user, "POST", path, *refusal, body=body, headers=headers)
            return user, other
        response = self.ask(user, "POST", path, body, headers, status=201)
        shown = response.json()
        known = user.keys.get(key)
        self.same(response.headers.get("Idempotency-Replayed"), "true" if known else None, f"the header of {path}", user)
        if known is None:
            first = shown[0] if in_conversation else shown
            self.messages[label] = self.model.store(user, other, content, key, first["id"], first["sent_at"])
            if any(one.place() >= self.messages[label].place() for one in self.model.messages[-2:-1]):
                raise Differs(f"POST {path} by {user.username}: {first} is not newer than the message before it")
        message = known[2] if known else self.messages[label]
        if in_conversation:
            self.model.read(user, other)
        self.learn(shown)
        wanted = self.model.conversation(user, other) if in_conversation else message.shown(user)
        self.same(shown, wanted, f"POST {path}", user)
        return user, other

    def do_open(self, label, user, other, size):
        self.model.read(user, other)
        self.check_conversation(user, other, size, "")
        return user, other

    def do_look(self, label, user, other, size):
        self.ask(user, "HEAD", f"conversations/{other.id}/")
        self.check_conversation(user, other, size)
        return user, other

    def _mark(self, user, other, message, path, name, do):
        where, body = f"conversations/{other.id}/{path}/", {} if message is None else {name: message.id}
        if message is not None and (message.is_gone or set(message.users()) != {user, other}):
            self.refused(user, "POST", where, 404, NOT_FOUND, body=body)
            return user, other
        shown = self.ask(user, "POST", where, body).json()
        wanted = {"partner_id": other.id, path: do(user, other, message), "unread_count": self.model.count_unread(user, other)}
        self.same(shown, wanted, f"POST {where} {body}", user)
        return user, other

    def do_read(self, label, user, other, message):
        return self._mark(user, other, message, "read", "up_to", self.model.read)

    def do_unread(self, label, user, other, message):
        return self._mark(user, other, message, "unread", "from", self.model.unmark)

    def do_read_all(self, label, user, other):
        shown = self.ask(user, "POST", "conversations/read/").json()
        self.same(shown, {"read": self.model.read_all(user)}, "POST conversations/read/", user)
        return user, other

    def do_hide(self, label, user, message):
        path = f"messages/{message.id}/"
        if message.is_gone or user not in message.users():
            self.refused(user, "DELETE", path, 404, NOT_FOUND)
            return None
        self.ask(user, "DELETE", path, status=204)
        message.hidden_for.add(user)
        self.refused(user, "GET", path, 404, NOT_FOUND)
        return message.users()

    def do_show(self, label, user, message):
        path = f"messages/{message.id}/"
        if message.is_gone or user not in message.users() or user in message.hidden_for:
            return self.refused(user, "GET", path, 404, NOT_FOUND)
        shown = self.ask(user, "GET", path).json()
        self.learn(shown)
        return self.same(shown, message.shown(user), f"GET {path}", user)

    def do_hide_all(self, label, user, other):
        self.ask(user, "DELETE", f"conversations/{other.id}/", status=204)
        self.model.hide_all(user, other)
        return user, other

    def do_block(self, label, user, other):
        self.ask(user, "PUT", f"blocks/{other.id}/", status=204)
        self.model.block(user, other)
        self.check_blocks(user, 2)
        return user, other

    def do_unblock(self, label, user, other):
        self.ask(user, "DELETE", f"blocks/{other.id}/", status=204)
        self.model.unblock(user, other)
        self.check_blocks(user, 2)
        return user, other

    def do_inbox(self, label, user, size, preview, unread, blocked):
        self.check_inbox(user, size, preview, unread, blocked)

    def do_inbox_meanwhile(self, label, user, other, size):
        """A message comes between the first page and the others: what is newer now is not shown, all else is."""
        page = self.ask(user, "GET", f"inbox/?page_size={size}").json()
        self.same(page["results"], self.model.inbox(user)[:size], "the first page", user)
        self.do_send(label, user, other, "meanwhile", None, False)
        if page["next"] is None:
            return user, other
        last = self.by_id(page["results"][-1]["last_message"]["id"])
        link = urllib.parse.urlsplit(page["next"])
        query = dict(urllib.parse.parse_qsl(link.query))
        rows = self.walk(user, "inbox/", size, f"&cursor={urllib.parse.quote(query['cursor'], safe='')}")
        self.same(rows, self.model.inbox(user, behind=last), "the later pages", user)
        return user, other

    def do_fold(self, label):
        """Waits until the order of inboxes is all in its table: from now on what is hidden has to be mended there."""
        wait_folded(self.server)

    def do_erase(self, label, other, how):
        """Another one joins in the place of who is erased."""
        if other not in self.clients:
            return
        client = self.clients.pop(other)
        response = self.server.admin("POST", f"users/{other.id}/erase/", {"messages": how})
        wanted = {"id": other.id, "complete": True} | self.model.erase(other, how)
        self.same((response.status, response.json()), (200, wanted), f"erasing ({how})", other)
        shown = client.get("unread/")
        self.same((shown.status, shown.json()), (401, {"detail": INVALID_TOKEN}), "a request of who is erased", other)
        self._join(label)
        self.check_all()
