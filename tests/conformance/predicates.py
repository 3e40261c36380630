# SPDX-License-Identifier: MIT
"""The tests of the allowed differences: each says whether two answers differ just as its entry in departures.py allows.

They take the exchange and the model of the rows.
"""

import base64
import dataclasses
import datetime
import json
import math
import re
import urllib.parse

import drf_cursor
from conformance.compare import NOTHING
from conformance.content import User
from conformance.model import error

RULES = ["You can't send messages to yourself.", "You are not allowed to message this user."]
PLACE = re.compile(r": line \d+ column \d+ \(char \d+\)$")
BIGGEST = 2**63 - 1


def _refused(exchange, status, detail):
    body = b"" if exchange.request.method == "HEAD" else error(detail)
    return exchange.ours.status == status and exchange.ours.body == body


def _their_detail(exchange):
    body = exchange.json("theirs")
    return body.get("detail", "") if isinstance(body, dict) and exchange.theirs.status >= 400 else ""


def _parse_error(exchange):
    refused = exchange.ours.status == 400 and exchange.detail.startswith("JSON parse error - ")
    return refused and PLACE.search(exchange.detail) is not None


def unknown_path(exchange, _):
    html = exchange.theirs.headers.get("Content-Type", "").startswith("text/html")
    return html and exchange.theirs.status == 404 and _refused(exchange, 404, "Not found.")


def big_id(exchange, _):
    big = any(int(digits) > BIGGEST for digits in re.findall(r"\d+", exchange.request.path.partition("?")[0]))
    return big and exchange.statuses == (404, 500)


def not_an_object(exchange, _):
    if exchange.sent is NOTHING or isinstance(exchange.sent, dict) or exchange.theirs.status != 500:
        return False
    return _refused(exchange, 400, f"Invalid data. Expected a dictionary, but got {type(exchange.sent).__name__}.")


def marked_by(kind):
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
    rewritten = [
        link and dataclasses.replace(link, position=link.position and str(max(int(link.position), 0))) for link in links
    ]
    return body["results"] == [User(identity).row for identity in ids] and rewritten == [onward, back]


def _links(body):
    return body["next"], body["previous"]


def partners(exchange, model):
    request = exchange.request
    if not re.fullmatch(r"conversations/(\?.*)?", request.path) or exchange.statuses != (200, 200):
        return False
    lists = model.partners(request.user), model.partners_by_their_flags(request.user)
    return (
        lists[0] != lists[1]
        and _partners_as(exchange.json("ours"), request.target("ours"), lists[0])
        and _partners_as(exchange.json("theirs"), request.target("theirs"), lists[1])
    )


def rule_in_conversation(exchange, _):
    return exchange.statuses == (400, 500) and exchange.detail in RULES and _told_by_a_rule(exchange)


def they_stored(exchange):
    """What the reference stored."""
    body = exchange.json("theirs")
    if exchange.theirs.status != 201 or body is None:
        return None
    return (body[0] if isinstance(body, list) else body)["content"]


def send_what_they_stored(exchange):
    body = json.dumps({"content": they_stored(exchange)}).encode()
    return dataclasses.replace(exchange.request, headers=[("Content-Type", "application/json")], body=body)


def number(exchange, _):
    numbers = [value for value in exchange.scalars if isinstance(value, (int, float))]
    beyond = any(
        math.isinf(value) if isinstance(value, float) else not -BIGGEST - 1 <= value <= BIGGEST for value in numbers
    )
    return beyond and _parse_error(exchange) and _took(exchange)


def _took(exchange):
    """The reference took the content: stored it as Python writes it, found it empty, or went on to a rule."""
    stored = they_stored(exchange)
    if stored is not None:
        return stored == str(exchange.content)
    empty = not exchange.content and _their_detail(exchange) == "content is required"
    return empty or _told_by_a_rule(exchange)


def _told_by_a_rule(exchange):
    """In the reference's form: Python's list repr, or a 500 where it is sent to a conversation."""
    if exchange.request.path.startswith("conversations/"):
        return exchange.theirs.status == 500
    return any(_their_detail(exchange) in (f"['{rule}']", f'["{rule}"]') for rule in RULES)


def no_string(exchange, _):
    value = exchange.content
    repr_stored = isinstance(value, (bool, list, dict)) and they_stored(exchange) == str(value)
    return repr_stored and _refused(exchange, 400, "content must be a string.")


def surrogate(exchange, _):
    texts = [value for value in exchange.scalars if isinstance(value, str)]
    lone = any("\ud800" <= character <= "\udfff" for text in texts for character in text)
    return lone and _parse_error(exchange) and (exchange.theirs.status == 500 or _took(exchange))


def _is_utf8(data):
    try:
        return data.decode("utf-8") is not None
    except UnicodeDecodeError:
        return False


def form_not_utf8(exchange, _):
    """The reference replaces such bytes where they are quoted, and takes a form with raw ones for Latin-1."""
    stored, body = they_stored(exchange), exchange.request.body
    if stored is None:
        return False
    latin = not _is_utf8(body) and stored in urllib.parse.parse_qs(body.decode("latin-1")).get("content", [])
    return ("\ufffd" in stored or latin) and _refused(exchange, 400, "content is not valid UTF-8.")


def null(exchange, _):
    if "\0" in (they_stored(exchange) or "") and exchange.ours.status == 201:
        return exchange.json("ours")["content"] == "-"  # the remedy
    theirs = exchange.theirs.status == 500 or "\0" in (they_stored(exchange) or "")
    return theirs and _refused(exchange, 400, "Null characters are not allowed.")


def send_another(exchange):
    """What holds the place, for ids; nothing else can be done about it."""
    return dataclasses.replace(
        exchange.request, headers=[("Content-Type", "application/json")], body=b'{"content":"-"}'
    )


def tied(exchange, _):
    return exchange.request.tag == "ties" and exchange.statuses == (200, 200)


def bad_position(exchange, _):
    return (
        exchange.theirs.status == 500
        and "cursor=" in exchange.request.path
        and _refused(exchange, 404, "Invalid cursor")
    )


def with_id(exchange, _):
    pairs = zip(_links(exchange.json("ours")), _links(exchange.json("theirs")))
    for ours, theirs in pairs:
        if (ours is None) != (theirs is None):
            return False
        if ours is not None:
            names = list(drf_cursor.link_tokens(ours)), list(drf_cursor.link_tokens(theirs))
            if names[0] != names[1] + ["i"]:
                return False
    return True


def big_position(exchange, _):
    if exchange.statuses != (404, 200):
        return False
    pairs = urllib.parse.parse_qs(urllib.parse.urlsplit(exchange.request.path).query)
    tokens = urllib.parse.parse_qs(base64.b64decode(pairs["cursor"][0]).decode("latin-1")) if "cursor" in pairs else {}
    big = re.fullmatch(r"\d{19,}", tokens.get("p", [""])[0])
    return big and _refused(exchange, 404, "Invalid cursor")


def rewritten(exchange, _):
    """A cursor that no server made, whose position comes back as it was written, or in the one form."""
    for ours, theirs in zip(_links(exchange.json("ours")), _links(exchange.json("theirs"))):
        if (ours is None) != (theirs is None):
            return False
        if ours is not None:
            cursors = drf_cursor.cursor_of(drf_cursor.link_tokens(ours)), drf_cursor.cursor_of(
                drf_cursor.link_tokens(theirs)
            )
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


def rule_in_list(exchange, _):
    return exchange.statuses == (400, 400) and exchange.detail in RULES and _told_by_a_rule(exchange)


def parse_words(exchange, _):
    return (
        exchange.theirs.status == 400
        and _their_detail(exchange).startswith("JSON parse error - ")
        and _parse_error(exchange)
    )


def token_of_utf8(exchange, _):
    (value,) = [value for name, value in exchange.request.headers if name == "Authorization"] or [b""]
    raw = value if isinstance(value, bytes) else value.encode("latin-1")
    told = "Invalid token header. Token string should not contain invalid characters."
    return not raw.isascii() and _their_detail(exchange) == "Invalid token." and _refused(exchange, 401, told)


def multipart_words(exchange, _):
    start = "Multipart form parse error - "
    ours = _refused(exchange, 400, start + "the boundary or a part is malformed.")
    return ours and exchange.theirs.status == 400 and _their_detail(exchange).startswith(start)


def indented(exchange, _):
    accept = " ".join(value for name, value in exchange.request.headers if name.lower() == "accept")
    same = exchange.json("ours") is not None and exchange.json("ours") == exchange.json("theirs")
    return "indent=" in accept and (same or exchange.statuses == (200, 200))


def redirect_of_other_methods(exchange, _):
    return exchange.statuses == (308, 301)


def redirected(exchange, _):
    return exchange.ours.status in (301, 308) and exchange.theirs.status == 301 and not exchange.ours.body


def ranked_otherwise(exchange, _):
    """Nothing more is asked: each time is of the same operation on both sides, or the bodies would differ."""
    return exchange.statuses in ((200, 200), (201, 201))
