# SPDX-License-Identifier: MIT
"""The order of checks: of two things wrong with a request, the answer names the one that is looked at first."""

import dataclasses
import itertools

import pytest

import harness
from routes import SENDING, check_error

MAX_BODY = 200
MAX_CONTENT = 20


@dataclasses.dataclass
class Draft:
    """A request to send a message, right but for what the violations below do to it."""

    route: str
    recipient: int
    method: str = "POST"
    accept: str = "application/json"
    authorized: bool = True
    media_type: str = "application/json"
    body: str = '{"content":"x"}'
    query: str = ""
    pad: int = 0

    def path(self):
        return self.route.format(user=self.recipient) + self.query


def too_large(draft, server):
    draft.pad = MAX_BODY + 1


def unknown_path(draft, server):
    draft.route = "nowhere/" + draft.route


def unknown_format(draft, server):
    draft.query = "?format=xml"


def excluded_by_accept(draft, server):
    draft.accept = "text/html"


def not_authenticated(draft, server):
    draft.authorized = False


def other_method(draft, server):
    draft.method = "PUT"


def unknown_recipient(draft, server):
    draft.recipient = 999_999_999


def other_media_type(draft, server):
    draft.media_type = "text/plain"


def malformed(draft, server):
    draft.body = '{"content":""'


def no_object(draft, server):
    draft.body = '[{"content":""}]'


def no_content(draft, server):
    draft.body = '{"content":""}'


def long_content(draft, server):
    draft.body = '{"content":"' + "x" * (MAX_CONTENT + 1) + '"}'


def to_oneself(draft, server):
    draft.recipient = server.sender.id


def not_allowed(draft, server):
    draft.recipient = server.forbidden.id


# In the order in which they are looked at; those of one line are of one step, and of one request only one of them.
STEPS = [
    [(too_large, 413, f"Request body exceeds the limit of {MAX_BODY} bytes.")],
    [(unknown_path, 404, "Not found.")],
    [(unknown_format, 404, "Not found.")],
    [(excluded_by_accept, 406, "Could not satisfy the request Accept header.")],
    [(not_authenticated, 401, "Authentication credentials were not provided.")],
    [(other_method, 405, 'Method "PUT" not allowed.')],
    [(unknown_recipient, 404, "No User matches the given query.")],
    [(other_media_type, 415, 'Unsupported media type "text/plain" in request.')],
    [
        (malformed, 400, None),
        (no_object, 400, "Invalid data. Expected a dictionary, but got list."),
    ],
    [
        (no_content, 400, "content is required"),
        (long_content, 400, f"Ensure this field has no more than {MAX_CONTENT} characters."),
    ],
    [
        (to_oneself, 400, "You can't send messages to yourself."),
        (not_allowed, 400, "You are not allowed to message this user."),
    ],
]

# Pairs that one request cannot have both of: the recipient of the path is one only, and so is the body.
EXCLUSIVE = [
    {unknown_recipient, to_oneself},
    {unknown_recipient, not_allowed},
    {malformed, no_content},
    {malformed, long_content},
    {no_object, no_content},
    {no_object, long_content},
]

SINGLE = [check for step in STEPS for check in step]
PAIRS = [
    (first, second)
    for earlier, later in itertools.combinations(STEPS, 2)
    for first in earlier
    for second in later
    if {first[0], second[0]} not in EXCLUSIVE
]


@pytest.fixture(scope="module")
def server():
    """A server with limits and with allowed recipients, `allowed` being the only one; `sender` is not in the list."""
    running = harness.Server(
        env={
            "DIRECTMESSAGES_MAX_BODY_BYTES": MAX_BODY,
            "DIRECTMESSAGES_MAX_CONTENT_LENGTH": MAX_CONTENT,
            "DIRECTMESSAGES_ALLOWED_RECIPIENTS": "1",
        }
    )
    try:
        running.start()
        running.allowed, running.sender, running.forbidden = running.users(3)
        assert running.allowed.id == 1
        yield running
    finally:
        running.close()


def request(server, route, *violations):
    """Sends the draft with the violations in it; the latest first, so that an earlier one is never undone."""
    draft = Draft(route.template, server.allowed.id)
    for violation in violations:
        violation(draft, server)
    headers = [("Accept", draft.accept), ("Content-Type", draft.media_type)]
    client = server.sender if draft.authorized else server.anonymous()
    return client.request(draft.method, draft.path(), draft.body.ljust(draft.pad).encode(), headers)


def check(answer, status, detail):
    if detail is None:
        detail = answer.json()["detail"]
        assert detail.startswith("JSON parse error - ")
    check_error(answer, status, detail)


@pytest.mark.parametrize("route", SENDING, ids=lambda route: route.name)
def test_the_draft_itself_is_right(server, route):
    assert request(server, route).status == 201


@pytest.mark.parametrize("route", SENDING, ids=lambda route: route.name)
@pytest.mark.parametrize("wrong", SINGLE, ids=lambda check: check[0].__name__)
def test_each_check_by_itself(server, route, wrong):
    violation, status, detail = wrong
    check(request(server, route, violation), status, detail)


@pytest.mark.parametrize("route", SENDING, ids=lambda route: route.name)
@pytest.mark.parametrize("first, second", PAIRS, ids=lambda check: check[0].__name__)
def test_the_earlier_check_wins(server, route, first, second):
    violation, status, detail = first
    check(request(server, route, second[0], violation), status, detail)


@pytest.mark.parametrize("route", SENDING, ids=lambda route: route.name)
def test_all_at_once_names_the_size(server, route):
    everything = [step[-1][0] for step in reversed(STEPS)]
    check(request(server, route, *everything), *STEPS[0][0][1:])


def test_the_sender_as_recipient_wins_over_the_allowed_recipients(server):
    """Whoever is not in the list may not write to oneself for both reasons."""
    answer = server.sender.post(f"send/{server.sender.id}/", {"content": "x"})
    check_error(answer, 400, "You can't send messages to yourself.")


def test_unknown_user_wins_over_a_bad_cursor(server):
    check_error(server.sender.get("conversations/999999999/?cursor=x"), 404, "No User matches the given query.")


def test_refused_requests_have_stored_nothing(server):
    ((count,),) = server.sql("SELECT count(*) FROM directmessages_message")
    before = count
    for wrong in SINGLE:
        for route in SENDING:
            assert request(server, route, wrong[0]).status >= 400
    ((count,),) = server.sql("SELECT count(*) FROM directmessages_message")
    assert count == before
