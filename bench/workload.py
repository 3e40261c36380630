# SPDX-License-Identifier: MIT
"""The routes that are measured: the requests to each, what a right response is, the ceiling and the target."""

import json
import random
import sqlite3
from typing import Any, Callable, NamedTuple, Optional

from seed import SEED, Data

REQUESTS = 100_000
PAGE = 50
CONTENT = "Shall we meet for lunch at noon, or is later today better for you?"
PREFIX = "/api/dm/"
UNREAD_PAIRS = """
    SELECT DISTINCT recipient_id, sender_id FROM directmessages_message
    WHERE read_at IS NULL AND hidden_for_recipient IS NULL"""
ENDS = "SELECT id, sender_id, recipient_id FROM directmessages_message WHERE id IN (SELECT value FROM json_each(?))"


class Request(NamedTuple):
    user: int
    method: str
    path: str
    body: str = ""
    key: str = "-"  # its Idempotency-Key

    def line(self, data: Data) -> str:
        """The request in the format of load.lua."""
        return f"{self.method} {PREFIX}{self.path} {data.token(self.user)} {self.key} {self.body}".rstrip() + "\n"


class Source(NamedTuple):
    """What requests are made from."""

    data: Data
    database: str

    def dice(self) -> random.Random:
        return random.Random(SEED)

    def rows(self, sql: str, *parameters: Any) -> list[tuple]:
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()


class Ceiling(NamedTuple):
    name: str
    target: Optional[float]  # the part of it that should be reached


class Route(NamedTuple):
    name: str
    requests: Callable[[Source], list[Request]]
    status: int
    is_right: Callable[[Request, Any], bool]  # whether the parsed body of a response is what should be measured
    ceilings: dict[str, Ceiling] = {}  # by the store's name
    variables: Optional[str] = None  # lines of pgbench that set :user and :partner, if the ceiling is the statement
    times_reference: Optional[float] = 20  # the target: this many times as fast as the reference; None: it lacks it
    once: bool = False  # a repeated request would do less


def of_each_user(path: str) -> Callable[[Source], list[Request]]:
    """`path` for all users in random order."""

    def requests(source: Source) -> list[Request]:
        users = list(range(1, source.data.users + 1))
        source.dice().shuffle(users)
        return [Request(user, "GET", path) for user in users]

    return requests


def heavy_pages(source: Source) -> list[Request]:
    """For each user of each pair that shares more than a page of messages."""
    pairs = [source.data.heavy_pair(number) for number in range(source.data.heavy_pairs)]
    ends = [(user, partner) for pair in pairs for user, partner in (pair, pair[::-1])]
    source.dice().shuffle(ends)
    return [Request(user, "GET", f"conversations/{partner}/") for user, partner in ends]


def heavy_entries(source: Source) -> list[Request]:
    return [request._replace(path=request.path.replace("conversations", "inbox")) for request in heavy_pages(source)]


def random_pairs(source: Source) -> list[tuple[int, int]]:
    dice = source.dice()
    return [tuple(dice.sample(range(1, source.data.users + 1), 2)) for _ in range(REQUESTS)]


def post(path: str) -> Callable[[Source], list[Request]]:
    def requests(source: Source) -> list[Request]:
        body = f'{{"content":"{CONTENT}"}}'
        return [Request(user, "POST", path.format(partner), body) for user, partner in random_pairs(source)]

    return requests


def with_keys(source: Source) -> list[Request]:
    """The same, each with a key that was never used."""
    requests, dice = post("send/{}/")(source), source.dice()
    return [request._replace(key=f"{dice.getrandbits(128):032x}") for request in requests]


def unread_conversations(source: Source) -> list[Request]:
    pairs = source.rows(UNREAD_PAIRS)
    chosen = source.dice().sample(pairs, min(REQUESTS, len(pairs)))
    return [Request(user, "GET", f"conversations/{partner}/") for user, partner in chosen]


def deletions(source: Source) -> list[Request]:
    """Messages all over the table, every other one hidden by its recipient."""
    ids = source.dice().sample(range(1, source.data.messages + 1), min(REQUESTS, source.data.messages))
    ends = {number: users for number, *users in source.rows(ENDS, json.dumps(ids))}
    return [Request(ends[number][number % 2], "DELETE", f"messages/{number}/") for number in ids]


def bare_posts(path: str) -> Callable[[Source], list[Request]]:
    """Without a body, for each user of each pair that shares more than a page of messages."""

    def requests(source: Source) -> list[Request]:
        return [request._replace(method="POST", path=request.path + path) for request in heavy_pages(source)]

    return requests


def all_read(source: Source) -> list[Request]:
    return [request._replace(method="POST") for request in of_each_user("conversations/read/")(source)]


def hidings(source: Source) -> list[Request]:
    return [request._replace(method="DELETE") for request in heavy_pages(source)]


def blocks(method: str) -> Callable[[Source], list[Request]]:
    def requests(source: Source) -> list[Request]:
        pairs = dict.fromkeys(random_pairs(source))  # each once
        return [Request(user, method, f"blocks/{other}/") for user, other in pairs]

    return requests


def own_messages(source: Source) -> list[Request]:
    """Messages all over the table, asked for by one of their users."""
    return [request._replace(method="GET") for request in deletions(source)]


def is_own_count(request: Request, body: Any) -> bool:
    return body["id"] == request.user and body["count"] >= 0


def is_full_page(_: Request, body: Any) -> bool:
    return len(body["results"]) == PAGE and body["next"] is not None


def is_full_inbox(request: Request, body: Any) -> bool:
    return is_full_page(request, body) and all(row["last_message"] for row in body["results"])


def has_last_message(_: Request, body: Any) -> bool:
    return body["last_message"] is not None


def is_read_page(request: Request, body: Any) -> bool:
    return is_full_page(request, body) and all(message["read_at"] for message in body["results"])


def has_nothing_unread(_: Request, body: Any) -> bool:
    inbound = [message for message in body["results"] if message["direction"] == "in"]
    return bool(inbound) and all(message["read_at"] for message in inbound)


BARE_RESPONSE, STATEMENT, BARE_INSERTS = "bare response", "pgbench", "bare inserts"
ANY_USER = "\\set user random(1, {users})\n"
HEAVY_PAIR = "\\set user random(1, {heavy})\n\\set partner :user + 1 - 2 * ((:user + 1) % 2)\n"


def ceilings(sqlite: tuple[str, Optional[float]], postgres: tuple[str, Optional[float]]) -> dict[str, Ceiling]:
    return {"SQLite": Ceiling(*sqlite), "PostgreSQL": Ceiling(*postgres)}


READS = (
    Route("GET `unread/`", of_each_user("unread/"), 200, is_own_count,
             ceilings((BARE_RESPONSE, 0.6), (STATEMENT, 0.8)), ANY_USER),
    Route("GET `conversations/<id>/`, 50 messages", heavy_pages, 200, is_read_page,
             ceilings((BARE_RESPONSE, 0.2), (STATEMENT, 0.8)), HEAVY_PAIR),
    Route("GET `conversations/`, 50 partners", of_each_user("conversations/"), 200, is_full_page,
             ceilings((BARE_RESPONSE, 0.1), (STATEMENT, 0.8)), ANY_USER, times_reference=1_000),
    Route("GET `inbox/`, 50 conversations", of_each_user("inbox/"), 200, is_full_inbox, times_reference=None),
    Route("GET `inbox/<id>/`", heavy_entries, 200, has_last_message, times_reference=None),
    Route("GET `conversations/unread/`, some 20 partners", of_each_user("conversations/unread/"), 200,
             lambda _, body: len(body) > 0, ceilings((BARE_RESPONSE, None), (STATEMENT, None)), ANY_USER),
)
SEND = Route("POST `send/<id>/`", post("send/{}/"), 201, lambda _, body: body["content"] == CONTENT,
                ceilings((BARE_INSERTS, 0.7), (BARE_INSERTS, 0.7)))
POST = Route("POST `conversations/<id>/`", post("conversations/{}/"), 201,
                lambda _, body: body[0]["content"] == CONTENT)
WRITES = (  # in this order, on one copy of the data: the comparison with the ceiling comes first
    SEND,
    Route("POST `send/<id>/`, with a key", with_keys, 201, lambda _, body: body["content"] == CONTENT,
             times_reference=None, once=True),
    Route("GET `messages/<id>/`", own_messages, 200, lambda _, body: body["content"] != "", times_reference=None),
    Route("GET `conversations/<id>/`, marking as read", unread_conversations, 200, has_nothing_unread, once=True),
    Route("DELETE `messages/<id>/`", deletions, 204, lambda _, body: body is None, once=True),
    POST,
    Route("POST `conversations/<id>/unread/`", bare_posts("unread/"), 200, lambda _, body: body["unread_count"] >= 0,
          times_reference=None),
    Route("POST `conversations/<id>/read/`", bare_posts("read/"), 200, lambda _, body: body["unread_count"] == 0,
          times_reference=None),
    Route("POST `conversations/read/`", all_read, 200, lambda _, body: body["read"] >= 0, times_reference=None),
    Route("DELETE `conversations/<id>/`", hidings, 204, lambda _, body: body is None, times_reference=None),
    Route("PUT `blocks/<id>/`", blocks("PUT"), 204, lambda _, body: body is None, times_reference=None, once=True),
    Route("GET `blocks/`", of_each_user("blocks/"), 200, lambda _, body: body["results"] != [], times_reference=None),
    Route("DELETE `blocks/<id>/`", blocks("DELETE"), 204, lambda _, body: body is None, times_reference=None, once=True),
)
ROUTES = READS + WRITES


class Mixed(NamedTuple):
    """A read that is measured beside a steady stream of writes."""

    route: Route
    target: Optional[float]  # the part of its rate alone that should be kept


MIXED = (Mixed(READS[0], 0.95), Mixed(READS[1], 0.85), Mixed(READS[3], None))
BESIDE = {  # requests that may be repeated for ever, each of which writes
    "200 sends/s": SEND.requests,
    "200 markings/s": lambda source: [request._replace(method="POST", path=request.path + path)
                                      for request in heavy_pages(source) for path in ("unread/", "read/")],
}
OF_REFERENCE = tuple(route for route in ROUTES if route.times_reference is not None)
