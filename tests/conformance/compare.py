# SPDX-License-Identifier: MIT
"""Compares two answers to one request, after each side's times are replaced by the operations that made them."""

import base64
import binascii
import dataclasses
import json
import re
import urllib.parse

from conformance.sides import Answer, Request

HEADERS = ["Content-Type", "Allow", "WWW-Authenticate", "Location", "Retry-After", "X-Content-Type-Options"]
# Inside a string of JSON each quote has a backslash, so these are found where they are keys.
TIME = re.compile(r'"(sent_at|read_at)":"([^"\\]*)"')
LINK = re.compile(r'"(next|previous)":"([^"\\]*)"')
# The reference's values of Allow where ours has methods more (docs/compatibility.md); each is of one path alone.
MORE_METHODS = {
    "DELETE, OPTIONS": "GET, DELETE, HEAD, OPTIONS",
    "GET, POST, HEAD, OPTIONS": "GET, POST, DELETE, HEAD, OPTIONS",
}
NOTHING = object()


@dataclasses.dataclass
class Difference:
    """`where` is `status`, a header, `body`, `next`, `previous`, `ranks of sent_at` or `ranks of read_at`."""

    where: str
    ours: object
    theirs: object

    def __str__(self):
        return f"{self.where}\n    ours:   {self.ours!r}\n    theirs: {self.theirs!r}"


@dataclasses.dataclass
class Exchange:
    """One request, and what both answered."""

    number: int
    request: Request
    ours: Answer
    theirs: Answer

    @property
    def statuses(self):
        return self.ours.status, self.theirs.status

    def json(self, side):
        """A body as values; None where it is no JSON."""
        try:
            return json.loads((self.ours if side == "ours" else self.theirs).body)
        except ValueError:
            return None

    @property
    def sent(self):
        """The request's body as JSON read by Python; NOTHING where it is none."""
        try:
            return json.loads((self.request.body or b"").decode("utf-8"))
        except ValueError:
            return NOTHING

    @property
    def scalars(self):
        """All texts and numbers of that JSON, those of keys given twice too."""
        found = []

        def take(pairs):
            for name, value in pairs:
                found.extend([name, value])
            return pairs

        try:
            whole = json.loads((self.request.body or b"").decode("utf-8"), object_pairs_hook=take)
        except ValueError:
            return []
        found.append(whole)
        return list(_flat(found))

    @property
    def content(self):
        """The content that was sent as JSON."""
        return self.sent.get("content") if isinstance(self.sent, dict) else None

    @property
    def detail(self):
        """The sentence of our error."""
        body = self.json("ours")
        return body.get("detail", "") if isinstance(body, dict) else ""


def _flat(values):
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _flat(value)
        elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
            yield value


def link_parts(url):
    """A link as (what stands around the cursor, the cursor's tokens); tokens are None where it is no cursor."""
    parts = urllib.parse.urlsplit(url)
    pairs = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    around = f"{parts.scheme}://{parts.netloc}{parts.path}?" + urllib.parse.urlencode(
        [(name, value if name != "cursor" else "") for name, value in pairs]
    )
    try:
        text = base64.b64decode(dict(pairs)["cursor"], validate=True).decode("ascii")
        return around, urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    except (KeyError, ValueError, binascii.Error):
        return url, None


def _position(clock, value):
    """A position, in which a time is replaced."""
    if re.fullmatch(r"[0-9]+", value):
        return value
    at, zone = value[:-6], value[-6:]
    return clock.label(at.replace(" ", "T") + "Z") if zone == "+00:00" else f"no position: {value}"


def _link(clock, url):
    around, tokens = link_parts(url)
    if tokens is None:
        return around, None
    return around, [(name, _position(clock, value) if name == "p" else value) for name, value in tokens]


def _ranks(text, names=("sent_at", "read_at")):
    """The rank of each time among the different ones of a body."""
    found = [time for name, time in TIME.findall(text) if name in names]
    times = [time.replace("Z", ".000000Z") if "." not in time else time for time in found]
    order = {time: rank for rank, time in enumerate(sorted(set(times)))}
    return [order[time] for time in times]


def _body(clock, text):
    """A body with times replaced and links cut out, and those links."""
    text = TIME.sub(lambda match: f'"{match[1]}":"{clock.label(match[2])}"', text)
    links = dict(LINK.findall(text))
    return LINK.sub(r'"\1":"..."', text), links


def differences(exchange, our_clock, their_clock):
    """All that differs between the two answers."""
    ours, theirs = exchange.ours, exchange.theirs
    found = [Difference("status", *exchange.statuses)] if ours.status != theirs.status else []
    for name in HEADERS:
        pair = ours.headers.get_all(name), theirs.headers.get_all(name)
        if name == "Allow" and pair[1]:
            pair = pair[0], [MORE_METHODS.get(value, value) for value in pair[1]]
        if pair[0] != pair[1]:
            found.append(Difference(name, *pair))
    if ours.body == theirs.body:
        return found
    texts = [answer.body.decode("utf-8", "surrogateescape") for answer in (ours, theirs)]
    bodies = [_body(clock, text) for clock, text in zip((our_clock, their_clock), texts)]
    if bodies[0][0] != bodies[1][0]:
        return found + [Difference("body", bodies[0][0], bodies[1][0])]
    if _ranks(texts[0], ["sent_at"]) != _ranks(texts[1], ["sent_at"]):
        found.append(Difference("ranks of sent_at", *map(_ranks, texts)))
    elif _ranks(texts[0]) != _ranks(texts[1]):
        found.append(Difference("ranks of read_at", *map(_ranks, texts)))
    for name, url in bodies[0][1].items():
        pair = _link(our_clock, url), _link(their_clock, bodies[1][1][name])
        if pair[0] != pair[1]:
            found.append(Difference(name, *pair))
    return found
