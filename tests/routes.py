# SPDX-License-Identifier: MIT
"""The table of routes that tests run over, and the check of an error answer."""

import dataclasses
import json

import pytest


@dataclasses.dataclass(frozen=True)
class Route:
    """`template` is the path below the prefix, `method` the first one that the route offers, `body` JSON with which a
    POST or PUT succeeds, `sends` whether that sends a message."""

    template: str
    name: str
    allow: str
    body: bytes = b""
    sends: bool = False

    @property
    def method(self):
        return self.allow.split(", ")[0]

    @property
    def methods(self):
        """DELETE last: what it hides the others do not find."""
        return sorted(self.allow.split(", "), key=lambda method: method == "DELETE")

    def path(self, user=999_999_999, message=999_999_999):
        """The path; without arguments, one of a user or message that does not exist."""
        return self.template.format(user=user, message=message)


MESSAGE = b'{"content":"x"}'
ROUTES = [
    Route("unread/", "Unread Messages", "GET, HEAD, OPTIONS"),
    Route("inbox/", "Inbox", "GET, HEAD, OPTIONS"),
    Route("inbox/{user}/", "Inbox Entry", "GET, HEAD, OPTIONS"),
    Route("conversations/", "Conversation List", "GET, HEAD, OPTIONS"),
    Route("conversations/unread/", "Conversation Unread", "GET, HEAD, OPTIONS"),
    Route("conversations/read/", "Mark All Read", "POST, OPTIONS"),
    Route("conversations/{user}/read/", "Mark Read", "POST, OPTIONS"),
    Route("conversations/{user}/unread/", "Mark Unread", "POST, OPTIONS"),
    Route("conversations/{user}/", "Message List", "GET, POST, DELETE, HEAD, OPTIONS", MESSAGE, sends=True),
    Route("messages/{message}/", "Message Delete", "GET, DELETE, HEAD, OPTIONS"),
    Route("send/{user}/", "Message Send", "POST, OPTIONS", MESSAGE, sends=True),
    Route("blocks/", "Block List", "GET, HEAD, OPTIONS"),
    Route("blocks/{user}/", "Block", "PUT, DELETE, OPTIONS"),
]

SENDING = [route for route in ROUTES if route.sends]

on_each_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
on_each_sending_route = pytest.mark.parametrize("route", SENDING, ids=lambda route: route.name)


def compact(value):
    """`value` as the service writes JSON, for values without characters that it escapes by its own rule."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def check_error(answer, status, detail):
    """The answer is this error, to the byte."""
    assert (answer.status, answer.body) == (status, compact({"detail": detail})), answer
    assert answer.headers["Content-Type"] == "application/json"
