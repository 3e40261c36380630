# SPDX-License-Identifier: MIT
"""The table of endpoints that tests run over, and the check of an error answer."""

import dataclasses
import json

import pytest


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """`template` is the path below the prefix, `method` the first one that the endpoint offers."""

    template: str
    name: str
    allow: str

    @property
    def method(self):
        return self.allow.split(", ")[0]

    @property
    def methods(self):
        return self.allow.split(", ")

    def path(self, user=999_999_999, message=999_999_999):
        """The path; without arguments, one of a user or message that does not exist."""
        return self.template.format(user=user, message=message)


ENDPOINTS = [
    Endpoint("unread/", "Unread Messages", "GET, HEAD, OPTIONS"),
    Endpoint("conversations/", "Conversation List", "GET, HEAD, OPTIONS"),
    Endpoint("conversations/unread/", "Conversation Unread", "GET, HEAD, OPTIONS"),
    Endpoint("conversations/{user}/", "Message List", "GET, POST, HEAD, OPTIONS"),
    Endpoint("messages/{message}/", "Message Delete", "DELETE, OPTIONS"),
    Endpoint("send/{user}/", "Message Send", "POST, OPTIONS"),
]

SENDING = [endpoint for endpoint in ENDPOINTS if "POST" in endpoint.methods]

on_each_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
on_each_sending_endpoint = pytest.mark.parametrize("endpoint", SENDING, ids=lambda endpoint: endpoint.name)


def compact(value):
    """`value` as the service writes JSON, for values without characters that it escapes by its own rule."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def check_error(answer, status, detail):
    """The answer is this error, to the byte."""
    assert (answer.status, answer.body) == (status, compact({"detail": detail})), answer
    assert answer.headers["Content-Type"] == "application/json"
