# SPDX-License-Identifier: MIT
"""THE table of differences that are allowed, each by name, with the words that allow it and a test that it is just that."""

import base64
import collections
import dataclasses
import datetime
import json
import math
import re
import urllib.parse
from collections.abc import Callable

import drf_cursor
from conformance.compare import NOTHING
from conformance.content import User
from conformance.model import error
from conformance.sides import Request

RULES = ["You can't send messages to yourself.", "You are not allowed to message this user."]
FAILED = ("status", "Content-Type", "Allow", "body")  # what a 500 of Django differs in from an answer
PLACE = re.compile(r": line \d+ column \d+ \(char \d+\)$")
BIGGEST = 2**63 - 1


@dataclasses.dataclass(frozen=True)
class Departure:
    """`where` are the places of differences it allows, where `applies(exchange, model)` is true.

    `remedy(exchange)` is the request that makes our side as theirs now is, where theirs did something.
    """

    name: str
    words: str
    where: tuple
    applies: Callable
    remedy: Callable | None = None


def _refused(exchange, status, detail):
    body = b"" if exchange.request.method == "HEAD" else error(detail)
    return exchange.ours.status == status and exchange.ours.body == body


def _their_detail(exchange):
    body = exchange.json("theirs")
    return body.get("detail", "") if isinstance(body, dict) and exchange.theirs.status >= 400 else ""


def _parse_error(exchange):
    refused = exchange.ours.status == 400 and exchange.detail.startswith("JSON parse error - ")
    return refused and PLACE.search(exchange.detail) is not None


def _unknown_path(exchange, _):
    html = exchange.theirs.headers.get("Content-Type", "").startswith("text/html")
    return html and exchange.theirs.status == 404 and _refused(exchange, 404, "Not found.")


def _big_id(exchange, _):
    big = any(int(digits) > BIGGEST for digits in re.findall(r"\d+", exchange.request.path.partition("?")[0]))
    return big and exchange.statuses == (404, 500)


def _not_an_object(exchange, _):
    if exchange.sent is NOTHING or isinstance(exchange.sent, dict) or exchange.theirs.status != 500:
        return False
    return _refused(exchange, 400, f"Invalid data. Expected a dictionary, but got {type(exchange.sent).__name__}.")


def _marked_by(kind):
    """For the unread count after a request that must not mark; its tag names that and the conversation's partner."""

    def applies(exchange, model):
        tag, _, partner = exchange.request.tag.partition(":")
        if tag != kind or exchange.statuses != (200, 200):
            return False
        user = exchange.request.user
        waiting = model.unread(user)
        marked = sum(message.unread_by(user) for message in model.between(user, int(partner)))
        counts = exchange.json("ours")["count"], exchange.json("theirs")["count"]
        return counts == (waiting, waiting - marked)

    return applies


def _cursor(path):
    """The place that the cursor of a path tells, read as DRF reads it."""
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    text = base64.b64decode(query["cursor"][0]).decode("ascii") if "cursor" in query else ""
    tokens = {name: values[0] for name, values in urllib.parse.parse_qs(text, keep_blank_values=True).items()}
    position = str(max(int(tokens["p"]), 0)) if "p" in tokens else None
    return drf_cursor.Cursor(int(tokens.get("o", 0)), int(tokens.get("r", 0)) != 0, position)


def _partners_as(body, path, partners):
    """Whether the page holds what it must, were these the partners: rows, and which links there are."""
    ids, onward, back = drf_cursor.Model([(partner, partner) for partner in partners]).page(_cursor(path))
    links = [url and drf_cursor.cursor_of(drf_cursor.link_tokens(url)) for url in _links(body)]
    rewritten = [link and dataclasses.replace(link, position=link.position and str(max(int(link.position), 0))) for link in links]
    return body["results"] == [User(identity).row for identity in ids] and rewritten == [onward, back]


def _links(body):
    return body["next"], body["previous"]


def _partners(exchange, model):
    request = exchange.request
    if not re.fullmatch(r"conversations/(\?.*)?", request.path) or exchange.statuses != (200, 200):
        return False
    lists = model.partners(request.user), model.partners_by_their_flags(request.user)
    return (
        lists[0] != lists[1]
        and _partners_as(exchange.json("ours"), request.target("ours"), lists[0])
        and _partners_as(exchange.json("theirs"), request.target("theirs"), lists[1])
    )


def _rule_in_conversation(exchange, _):
    return exchange.statuses == (400, 500) and exchange.detail in RULES and _told_by_a_rule(exchange)


def _stored(exchange):
    """What the reference stored."""
    body = exchange.json("theirs")
    if exchange.theirs.status != 201 or body is None:
        return None
    return (body[0] if isinstance(body, list) else body)["content"]


def _send_what_they_stored(exchange):
    body = json.dumps({"content": _stored(exchange)}).encode()
    return dataclasses.replace(exchange.request, headers=[("Content-Type", "application/json")], body=body)


def _number(exchange, _):
    numbers = [value for value in exchange.scalars if isinstance(value, (int, float))]
    beyond = any(math.isinf(value) if isinstance(value, float) else not -BIGGEST - 1 <= value <= BIGGEST for value in numbers)
    return beyond and _parse_error(exchange) and _took(exchange)


def _took(exchange):
    """The reference took the content: stored it as Python writes it, found it empty, or went on to a rule."""
    stored = _stored(exchange)
    if stored is not None:
        return stored == str(exchange.content)
    empty = not exchange.content and _their_detail(exchange) == "content is required"
    return empty or _told_by_a_rule(exchange)


def _told_by_a_rule(exchange):
    """In the reference's form: Python's list repr, or a 500 where it is sent to a conversation."""
    if exchange.request.path.startswith("conversations/"):
        return exchange.theirs.status == 500
    return any(_their_detail(exchange) in (f"['{rule}']", f'["{rule}"]') for rule in RULES)


def _no_string(exchange, _):
    value = exchange.content
    repr_stored = isinstance(value, (bool, list, dict)) and _stored(exchange) == str(value)
    return repr_stored and _refused(exchange, 400, "content must be a string.")


def _surrogate(exchange, _):
    texts = [value for value in exchange.scalars if isinstance(value, str)]
    lone = any("\ud800" <= character <= "\udfff" for text in texts for character in text)
    return lone and _parse_error(exchange) and (exchange.theirs.status == 500 or _took(exchange))


def _is_utf8(data):
    try:
        return data.decode("utf-8") is not None
    except UnicodeDecodeError:
        return False


def _form_not_utf8(exchange, _):
    """The reference replaces such bytes where they are quoted, and takes a form with raw ones for Latin-1."""
    stored, body = _stored(exchange), exchange.request.body
    if stored is None:
        return False
    latin = not _is_utf8(body) and stored in urllib.parse.parse_qs(body.decode("latin-1")).get("content", [])
    return ("\ufffd" in stored or latin) and _refused(exchange, 400, "content is not valid UTF-8.")


def _null(exchange, _):
    if "\0" in (_stored(exchange) or "") and exchange.ours.status == 201:
        return exchange.json("ours")["content"] == "-"  # the remedy
    theirs = exchange.theirs.status == 500 or "\0" in (_stored(exchange) or "")
    return theirs and _refused(exchange, 400, "Null characters are not allowed.")


def _send_another(exchange):
    """What holds the place, for ids; nothing else can be done about it."""
    return dataclasses.replace(exchange.request, headers=[("Content-Type", "application/json")], body=b'{"content":"-"}')


def _tied(exchange, _):
    return exchange.request.tag == "ties" and exchange.statuses == (200, 200)


def _bad_position(exchange, _):
    return exchange.theirs.status == 500 and "cursor=" in exchange.request.path and _refused(exchange, 404, "Invalid cursor")


def _with_id(exchange, _):
    pairs = zip(_links(exchange.json("ours")), _links(exchange.json("theirs")))
    for ours, theirs in pairs:
        if (ours is None) != (theirs is None):
            return False
        if ours is not None:
            names = list(drf_cursor.link_tokens(ours)), list(drf_cursor.link_tokens(theirs))
            if names[0] != names[1] + ["i"]:
                return False
    return True


def _big_position(exchange, _):
    if exchange.statuses != (404, 200):
        return False
    pairs = urllib.parse.parse_qs(urllib.parse.urlsplit(exchange.request.path).query)
    tokens = urllib.parse.parse_qs(base64.b64decode(pairs["cursor"][0]).decode("latin-1")) if "cursor" in pairs else {}
    big = re.fullmatch(r"\d{19,}", tokens.get("p", [""])[0])
    return big and _refused(exchange, 404, "Invalid cursor")


def _rewritten(exchange, _):
    """A cursor that no server made, whose position comes back as it was written, or in the one form."""
    for ours, theirs in zip(_links(exchange.json("ours")), _links(exchange.json("theirs"))):
        if (ours is None) != (theirs is None):
            return False
        if ours is not None:
            cursors = drf_cursor.cursor_of(drf_cursor.link_tokens(ours)), drf_cursor.cursor_of(drf_cursor.link_tokens(theirs))
            if cursors[0].backwards != cursors[1].backwards or _instant(cursors[0]) != _instant(cursors[1]):
                return False
    return True


def _instant(cursor):
    """A position by its meaning."""
    text = (cursor.position or "").strip()
    if re.fullmatch(r"[+-]?\d*", text):
        return int(text or 0)
    at = datetime.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)


def _rule_in_list(exchange, _):
    return exchange.statuses == (400, 400) and exchange.detail in RULES and _told_by_a_rule(exchange)


def _parse_words(exchange, _):
    return exchange.theirs.status == 400 and _their_detail(exchange).startswith("JSON parse error - ") and _parse_error(exchange)


def _token_of_utf8(exchange, _):
    (value,) = [value for name, value in exchange.request.headers if name == "Authorization"] or [b""]
    raw = value if isinstance(value, bytes) else value.encode("latin-1")
    told = "Invalid token header. Token string should not contain invalid characters."
    return not raw.isascii() and _their_detail(exchange) == "Invalid token." and _refused(exchange, 401, told)


def _multipart_words(exchange, _):
    start = "Multipart form parse error - "
    ours = _refused(exchange, 400, start + "the boundary or a part is malformed.")
    return ours and exchange.theirs.status == 400 and _their_detail(exchange).startswith(start)


def _indented(exchange, _):
    accept = " ".join(value for name, value in exchange.request.headers if name.lower() == "accept")
    same = exchange.json("ours") is not None and exchange.json("ours") == exchange.json("theirs")
    return "indent=" in accept and (same or exchange.statuses == (200, 200))


TABLE = [
    Departure("unknown path", "unknown path: 404 `Not found.` (DEPARTURE: the reference answers HTML)",
              ("Content-Type", "Allow", "body"), _unknown_path),
    Departure("big id", "`<id>` beyond 64 bits: 404 as for a missing user or message (DEPARTURE: reference 500)",
              FAILED, _big_id),
    Departure("redirect of other methods", "no trailing slash, other methods: 308 likewise (DEPARTURE: reference 301,"
              " which loses the body)", ("status",), lambda exchange, _: exchange.statuses == (308, 301)),
    Departure("no object", "JSON body that is not an object: 400 (DEPARTURE: reference 500)", FAILED, _not_an_object),
    Departure("HEAD", "HEAD answers as GET without a body, and has no side effect (DEPARTURE: in the reference HEAD marks"
              " read)", ("body",), _marked_by("after HEAD")),
    Departure("partners", "A partner is listed while at least one message between the two is visible to the caller"
              " (DEPARTURE: the reference looks at the partner's hide flags instead of the caller's)",
              ("body", "next", "previous"), _partners),
    Departure("rule in a conversation", "POST conversations/<id>/: the errors are those of send/ (DEPARTURE: the reference"
              " answers 500 where a rule forbids the message)", FAILED, _rule_in_conversation),
    Departure("big number", "a number beyond 64 bits or a double's range: 400, a JSON parse error (DEPARTURE: reference"
              " stores it, or `inf`)", FAILED, _number, _send_what_they_stored),
    Departure("no string", "`content` `true`, an array or an object: 400 `content must be a string.` (DEPARTURE: reference"
              " stores Python's repr)", FAILED, _no_string, _send_what_they_stored),
    Departure("lone surrogate", "lone surrogate in JSON: 400, a JSON parse error (DEPARTURE: reference 500)",
              FAILED, _surrogate, _send_what_they_stored),
    Departure("form not UTF-8", "bytes that are not UTF-8 in a form: 400 `content is not valid UTF-8.` (DEPARTURE: the"
              " reference stores U+FFFD)", FAILED, _form_not_utf8, _send_what_they_stored),
    Departure("ties", "Ours add `i=`, the id of the row at the position, which breaks ties exactly (DEPARTURE: with more"
              " than 1,000 equal positions the reference serves the same page for ever)",
              ("body", "next", "previous", "ranks of sent_at", "ranks of read_at"), _tied),
    Departure("id in a cursor", "Ours add `i=`, the id of the row at the position", ("next", "previous"), _with_id),
    Departure("no position", "A cursor with a position that is no time or id: 404 `Invalid cursor` (DEPARTURE: reference"
              " 500)", FAILED, _bad_position),
    Departure("refused cursor", "A request that is refused changes nothing (DEPARTURE: the reference marks messages as read"
              " before it looks at the cursor)", ("body",), _marked_by("after refusal")),
    Departure("form: big position", "compatibility.md: a position beyond 64 bits is none: 404 `Invalid cursor`", FAILED,
              _big_position),
    Departure("form: position", "compatibility.md: a position that a client wrote in another form comes back in the usual one",
              ("next", "previous"), _rewritten),
    Departure("form: rule's sentence", "The last two DEPART in form only: the reference wraps the text in Python's list"
              ' repr (`["..."]`)', ("body",), _rule_in_list),
    Departure("form: JSON error", "compatibility.md: the words between are those of the JSON library", ("body",),
              _parse_words),
    Departure("form: token of UTF-8", "non-ASCII bytes in the token: 401 `Invalid token header. Token string should not contain"
              " invalid characters.`; compatibility.md: the reference says so only where they are no UTF-8", ("body",),
              _token_of_utf8),
    Departure("form: multipart error", "compatibility.md: a body that it can't read is 400 `Multipart form parse error -"
              " the boundary or a part is malformed.`", ("body",), _multipart_words),
    Departure("form: redirect's page", "compatibility.md: redirects have no body of HTML", ("Content-Type", "body"),
              lambda exchange, _: exchange.ours.status in (301, 308) and exchange.theirs.status == 301),
    Departure("form: indent", "compatibility.md: `indent` in Accept is not heard", ("body",), _indented),
    Departure("form: one read_at", "compatibility.md: messages that one request marks as read have one `read_at`",
              ("ranks of read_at",), lambda exchange, _: True),
    Departure("null characters", "compatibility.md: U+0000 in content is refused; the reference stores it (SQLite) or"
              " answers 500 (PostgreSQL)", FAILED, _null, _send_another),
]
# Not to be seen in an answer, and so not counted: "`message_read` after a message is durably marked as read (DEPARTURE:
# the reference fires it before it saves)"; tests/unit/test_library_signals.c has it.


class Allowed:
    """Counts the differences that the table allows."""

    def __init__(self):
        self.counts = collections.Counter()

    def sift(self, exchange, differences, model):
        """(the differences that nothing allows, the request that makes our side as theirs now is, or None)."""
        rest, used = [], {}
        for difference in differences:
            entry = next((e for e in TABLE if difference.where in e.where and e.applies(exchange, model)), None)
            if entry is None:
                rest.append(difference)
            else:
                used[entry.name] = entry.remedy
        self.counts.update(list(used))
        if exchange.ours.status == 201 or _stored(exchange) is None:
            return rest, None
        # Also where nothing allows it, so that what follows is not a mere consequence.
        remedy = next((remedy for remedy in used.values() if remedy is not None), _send_what_they_stored)
        return rest, remedy(exchange)
