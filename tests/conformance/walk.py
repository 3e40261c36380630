# SPDX-License-Identifier: MIT
"""The random walk: operations drawn from a seed, on what the walk itself has made so far."""

import base64
import dataclasses
import random
import urllib.parse

from conformance import bad, content, sending
from conformance.compare import link_parts
from conformance.sides import Request

OPEN_PAGES = 40


@dataclasses.dataclass
class Page:
    """A page that both sides have shown, with each side's links."""

    user: int
    path: str
    ours: dict
    theirs: dict


class Walk:
    """Draws operations; `runner` has them done."""

    def __init__(self, runner, seed):
        self.runner = runner
        self.model = runner.model
        self.random = random.Random(seed)
        self.pages = []
        self.kinds = [
            (31, self.send),
            (12, self.conversation),
            (14, self.follow),
            (5, self.follow_crosswise),
            (2, self.partners),
            (5, self.unread),
            (5, self.unread_by_partner),
            (9, self.delete),
            (3, self.post_to_conversation),
            (2, self.head),
            (2, self.refused_cursor),
            (12, self.bad),
        ]

    def step(self):
        """One operation."""
        weights = [weight for weight, _ in self.kinds]
        ((_, kind),) = self.random.choices(self.kinds, weights)
        kind()

    # --- whom

    def talker(self):
        """Mostly one of those who talk a lot, so that conversations grow beyond a page."""
        return self.random.choice(content.TALKERS if self.random.random() < 0.85 else content.ALL)

    def user(self):
        while True:
            user = self.talker()
            if user != content.INACTIVE:
                return user

    def pair(self):
        """A user and somebody else."""
        user = self.user()
        if user in (1, 2, 3) and self.random.random() < 0.5:
            return user, self.random.choice([other for other in (1, 2, 3) if other != user])
        while True:
            other = self.talker()
            if other != user:
                return user, other

    # --- what

    def send(self):
        user, other = self.pair()
        headers, body = sending.body(self.random)
        self.runner.ask(Request("POST", f"send/{other}/", user, headers, body))

    def post_to_conversation(self):
        user, other = self.pair()
        headers, body = sending.body(self.random)
        self.runner.ask(Request("POST", f"conversations/{other}/", user, headers, body))

    def unread(self):
        self.runner.ask(Request("GET", "unread/", self.user()))

    def unread_by_partner(self):
        self.runner.ask(Request("GET", "conversations/unread/", self.user()))

    def partners(self):
        user = content.MANY_PARTNERS if self.random.random() < 0.4 else self.user()
        self.page(Request("GET", "conversations/" + self.query(), user))

    def conversation(self):
        user, other = self.pair()
        self.page(Request("GET", f"conversations/{other}/" + self.query(), user))

    def query(self):
        """Other parameters, which the links have to keep."""
        return self.random.choice([""] * 8 + ["?x=1", "?cursor=", "?b=%C3%A4+%26&a=&b=2"])

    def delete(self):
        """Mostly of one's own, sometimes of others or of nobody."""
        identity = self.random.choice(list(self.model.messages))
        message = self.model.messages[identity]
        identity += max(self.model.messages) * (self.random.random() < 0.05)
        user = self.random.choice([message.sender, message.recipient, message.sender, message.recipient, self.user()])
        if user != content.INACTIVE:
            self.runner.ask(Request("DELETE", f"messages/{identity}/", user))

    def head(self):
        """HEAD must not mark: the count of unread messages tells; a GET makes both sides alike again."""
        user, other = self.pair()
        self.runner.ask(Request("HEAD", f"conversations/{other}/", user))
        self.settle("after HEAD", user, other)

    def refused_cursor(self):
        user, other = self.pair()
        self.runner.ask(Request("GET", f"conversations/{other}/?cursor={bad.cursor(self.random)}", user))
        self.settle("after refusal", user, other)

    def settle(self, tag, user, other):
        self.runner.ask(Request("GET", "unread/", user, tag=f"{tag}:{other}"), same=True)
        self.runner.ask(Request("GET", f"conversations/{other}/", user), same=True)

    def bad(self):
        user, other = self.pair()
        self.runner.ask(bad.request(self.random, user, other))

    # --- pages

    def page(self, request):
        exchange = self.runner.ask(request)
        if exchange.statuses != (200, 200):
            return
        ours, theirs = (
            {name: url for name, url in exchange.json(side).items() if name in ("next", "previous") and url}
            for side in ("ours", "theirs")
        )
        if ours and theirs:
            self.pages.append(Page(request.user, request.path.partition("?")[0], ours, theirs))
            if len(self.pages) > OPEN_PAGES:
                self.pages.pop(self.random.randrange(OPEN_PAGES))

    def draw_links(self):
        """Two links that lead to the same place, of a page not long ago; None where there is none."""
        for page in self.random.sample(self.pages, len(self.pages)):
            if page.path == "conversations/" and self.random.random() < 0.7:
                continue  # the reference takes its time for these
            names = sorted(set(page.ours) & set(page.theirs))
            if names:
                name = self.random.choice(names)
                return page, page.ours[name], page.theirs[name]
        return None

    def follow(self):
        """Each follows its own link."""
        drawn = self.draw_links()
        if drawn is None:
            return self.conversation()
        page, ours, theirs = drawn
        return self.page(Request("GET", page.path + _query(ours), page.user, theirs=page.path + _query(theirs)))

    def follow_crosswise(self):
        """Each follows the other's link, its times of sending put right for the other database."""
        drawn = self.draw_links()
        if drawn is None:
            return self.conversation()
        page, ours, theirs = drawn
        for_us, for_them = self.translated(theirs, "ours"), self.translated(ours, "theirs")
        return self.page(Request("GET", page.path + _query(for_us), page.user, theirs=page.path + _query(for_them)))

    def translated(self, url, into):
        _, tokens = link_parts(url)
        changed = [(name, self.position(value, into) if name == "p" else value) for name, value in tokens]
        parts = urllib.parse.urlsplit(url)
        pairs = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        cursor = base64.b64encode(urllib.parse.urlencode(changed).encode()).decode()
        query = [(name, cursor if name == "cursor" else value) for name, value in pairs]
        return parts._replace(query=urllib.parse.urlencode(query)).geturl()

    def position(self, value, into):
        if not value.endswith("+00:00"):
            return value
        time = value.removesuffix("+00:00").replace(" ", "T") + "Z"
        return self.model.translated(time, into).replace("T", " ").removesuffix("Z") + "+00:00"


def _query(url):
    return "?" + urllib.parse.urlsplit(url).query
