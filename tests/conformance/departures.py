# SPDX-License-Identifier: MIT
"""THE table of allowed differences, each by name, with the words that allow it and a test that it is just that."""

import collections
import dataclasses
from collections.abc import Callable

from conformance import predicates

FAILED = ("status", "Content-Type", "Allow", "body")  # what a 500 of Django differs in from an answer


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


TABLE = [
    Departure(
        "unknown path",
        "unknown path: 404 `Not found.` (DEPARTURE: the reference answers HTML)",
        ("Content-Type", "Allow", "body"),
        predicates.unknown_path,
    ),
    Departure(
        "big id",
        "`<id>` beyond 64 bits: 404 as for a missing user or message (DEPARTURE: reference 500)",
        FAILED,
        predicates.big_id,
    ),
    Departure(
        "redirect of other methods",
        "no trailing slash, other methods: 308 likewise (DEPARTURE: reference 301, which loses the body)",
        ("status",),
        predicates.redirect_of_other_methods,
    ),
    Departure(
        "no object",
        "JSON body that is not an object: 400 (DEPARTURE: reference 500)",
        FAILED,
        predicates.not_an_object,
    ),
    Departure(
        "HEAD",
        "HEAD answers as GET without a body, and has no side effect (DEPARTURE: in the reference HEAD marks " "read)",
        ("body",),
        predicates.marked_by("after HEAD"),
    ),
    Departure(
        "partners",
        "A partner is listed while at least one message between the two is visible to the caller (DEPARTURE: "
        "the reference looks at the partner's hide flags instead of the caller's)",
        ("body", "next", "previous"),
        predicates.partners,
    ),
    Departure(
        "rule in a conversation",
        "POST conversations/<id>/: the errors are those of send/ (DEPARTURE: the reference answers 500 where "
        "a rule forbids the message)",
        FAILED,
        predicates.rule_in_conversation,
    ),
    Departure(
        "big number",
        "a number beyond 64 bits or a double's range: 400, a JSON parse error (DEPARTURE: reference stores "
        "it, or `inf`)",
        FAILED,
        predicates.number,
        predicates.send_what_they_stored,
    ),
    Departure(
        "no string",
        "`content` `true`, an array or an object: 400 `content must be a string.` (DEPARTURE: reference "
        "stores Python's repr)",
        FAILED,
        predicates.no_string,
        predicates.send_what_they_stored,
    ),
    Departure(
        "lone surrogate",
        "lone surrogate in JSON: 400, a JSON parse error (DEPARTURE: reference 500)",
        FAILED,
        predicates.surrogate,
        predicates.send_what_they_stored,
    ),
    Departure(
        "form not UTF-8",
        "bytes that are not UTF-8 in a form: 400 `content is not valid UTF-8.` (DEPARTURE: the reference "
        "stores U+FFFD)",
        FAILED,
        predicates.form_not_utf8,
        predicates.send_what_they_stored,
    ),
    Departure(
        "ties",
        "Ours add `i=`, the id of the row at the position, which breaks ties exactly (DEPARTURE: with more "
        "than 1,000 equal positions the reference serves the same page for ever)",
        ("body", "next", "previous", "ranks of sent_at", "ranks of read_at"),
        predicates.tied,
    ),
    Departure(
        "id in a cursor",
        "Ours add `i=`, the id of the row at the position",
        ("next", "previous"),
        predicates.with_id,
    ),
    Departure(
        "no position",
        "A cursor with a position that is no time or id: 404 `Invalid cursor` (DEPARTURE: reference 500)",
        FAILED,
        predicates.bad_position,
    ),
    Departure(
        "refused cursor",
        "A request that is refused changes nothing (DEPARTURE: the reference marks messages as read before it"
        " looks at the cursor)",
        ("body",),
        predicates.marked_by("after refusal"),
    ),
    Departure(
        "null characters",
        "compatibility.md: U+0000 in content is refused; the reference stores it (SQLite) or answers 500 "
        "(PostgreSQL)",
        FAILED,
        predicates.null,
        predicates.send_another,
    ),
    Departure(
        "form: rule's sentence",
        "The last two DEPART in form only: the reference wraps the text in Python's list repr",
        ("body",),
        predicates.rule_in_list,
    ),
    Departure(
        "form: JSON error",
        "compatibility.md: the words between are those of the JSON library",
        ("body",),
        predicates.parse_words,
    ),
    Departure(
        "form: multipart error",
        "compatibility.md: a body that it can't read is `Multipart form parse error - the boundary or a part "
        "is malformed.`",
        ("body",),
        predicates.multipart_words,
    ),
    Departure(
        "form: redirect's page",
        "compatibility.md: redirects have no body",
        ("Content-Type", "body"),
        predicates.redirected,
    ),
    Departure(
        "form: indent",
        "compatibility.md: `indent` in Accept is not heard",
        ("body",),
        predicates.indented,
    ),
    Departure(
        "form: token of UTF-8",
        "compatibility.md: a token of bytes that are not ASCII always has invalid characters",
        ("body",),
        predicates.token_of_utf8,
    ),
    Departure(
        "form: position",
        "compatibility.md: a position in another form than the usual one comes back in the usual one",
        ("next", "previous"),
        predicates.rewritten,
    ),
    Departure(
        "form: big position",
        "compatibility.md: a position beyond 64 bits is `Invalid cursor`",
        FAILED,
        predicates.big_position,
    ),
    Departure(
        "form: one read_at",
        "compatibility.md: the messages that one request marks as read have one `read_at`",
        ("ranks of read_at",),
        predicates.ranked_otherwise,
    ),
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
        if exchange.ours.status == 201 or predicates.they_stored(exchange) is None:
            return rest, None
        # Also where nothing allows it, so that what follows is not a mere consequence.
        remedy = next((remedy for remedy in used.values() if remedy is not None), predicates.send_what_they_stored)
        return rest, remedy(exchange)
