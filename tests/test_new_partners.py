# SPDX-License-Identifier: MIT
"""DIRECTMESSAGES_RATE_NEW_PARTNERS: how many conversations one user may start."""

import json
import re

import pytest

from clients import Client
from metrics import scrape
from routes import check_error, on_each_sending_route
from test_concurrent import at_once
from test_rates import post
from test_reload import configure  # noqa: F401 (fixture)

REFUSED = re.compile(r"You have started too many new conversations\. Expected available in (\d+) (second|seconds)\.")
METRIC = 'directmessages_limit_refusals_total{limit="new_partners"}'
THREE = {"DIRECTMESSAGES_RATE_NEW_PARTNERS": "3/day"}


def check_refused(answer, most=86400):
    assert answer.status == 429, answer
    seconds, unit = REFUSED.fullmatch(answer.json()["detail"]).groups()
    assert 1 <= int(seconds) <= most and unit == ("second" if seconds == "1" else "seconds")
    assert answer.headers["Retry-After"] == seconds
    return int(seconds)


def left_of(answer):
    """How many new partners RateLimit says are left, and in how many seconds one more."""
    return tuple(map(int, re.search(r'"new-partners-[a-z]+";r=(\d+);t=(\d+)$', answer.headers["RateLimit"]).groups()))


def started(server):
    return server.sql("SELECT count(*) FROM directmessages_new_partner")[0][0]


@on_each_sending_route
def test_beyond_the_number_only_new_partners_are_refused(make_server, route):
    server = make_server(env=THREE)
    alice, *others = server.users(6)
    for left, other in zip((2, 1, 0), others):
        first, again = (alice.post(route.path(other.id), {"content": content}) for content in ("x", "again"))
        assert (first.status, again.status) == (201, 201)
        assert first.headers["RateLimit-Policy"] == again.headers["RateLimit-Policy"] == '"new-partners-day";q=3;w=86400'
        assert left_of(first)[0] == left and 86000 < left_of(first)[1] <= 86400
        assert "RateLimit" not in again.headers, "it was not counted"
    refused = alice.post(route.path(others[3].id), {"content": "x"})
    seconds = check_refused(refused)
    assert seconds > 86000 and refused.headers["RateLimit-Policy"] == '"new-partners-day";q=3;w=86400'
    assert left_of(refused) == (0, seconds)
    check_refused(alice.post(route.path(others[4].id), {"content": "x"}))
    assert alice.post(route.path(others[0].id), {"content": "still"}).status == 201
    assert others[3].post(route.path(alice.id), {"content": "hello"}).status == 201, "others have numbers of their own"
    assert alice.post(route.path(others[3].id), {"content": "answer"}).status == 201, "answering is never new"
    check_refused(alice.post(route.path(others[4].id), {"content": "x"}))
    assert started(server) == 4 and scrape(server)[METRIC] == 3


def test_what_was_exchanged_before_counts_even_if_it_is_hidden(make_server):
    server = make_server(env={"DIRECTMESSAGES_RATE_NEW_PARTNERS": "0/day"})
    alice, bob, carol, dave = server.users(4)
    server.insert_messages([(alice, bob, "2025-06-06 12:00:00"), (carol, alice, "2025-06-06 12:00:01")])
    server.sql("UPDATE directmessages_message SET hidden_for_sender = sent_at, hidden_for_recipient = sent_at")
    assert [post(alice, other).status for other in (bob, carol)] == [201, 201]
    assert check_refused(post(alice, dave)) == 86400
    assert started(server) == 0


def test_other_refusals_come_first_and_cost_nothing(make_server):
    server = make_server(env=THREE)
    alice, *others = server.users(6)
    others[0].request("PUT", f"blocks/{alice.id}/")
    for _ in range(5):
        check_error(post(alice, others[0]), 400, "You are not allowed to message this user.")
        assert alice.post(f"send/{others[1].id}/", {}).status == 400
    assert [post(alice, other).status for other in others[1:4]] == [201, 201, 201]
    check_refused(post(alice, others[4]))
    check_error(post(alice, others[0]), 400, "You are not allowed to message this user.")
    assert started(server) == 3


def test_it_is_durable_and_ends_with_the_period(make_server):
    server = make_server(env=THREE)
    alice, *others = server.users(6)
    assert [post(alice, other).status for other in others[:3]] == [201, 201, 201]
    server.stop()
    server.start()
    check_refused(post(alice, others[3]))
    day = 86_400_000_000
    server.sql("UPDATE directmessages_new_partner SET started_at = started_at - ? WHERE partner_id = ?", (day, others[1].id))
    server.sql("UPDATE directmessages_new_partner SET started_at = started_at - ? WHERE partner_id = ?", (10_000_000, others[2].id))
    first = post(alice, others[3])
    assert first.status == 201 and left_of(first)[0] == 0 and left_of(first)[1] <= 86390, "the oldest that counts ends first"
    check_refused(post(alice, others[4]))
    assert started(server) == 3, "what is over is removed"
    server.sql("UPDATE directmessages_new_partner SET started_at = started_at - ?", (day - 20_000_000,))
    assert check_refused(post(alice, others[4])) <= 20


def test_who_is_exempt(make_server):
    env = {"DIRECTMESSAGES_RATE_NEW_PARTNERS": "0/hour", "DIRECTMESSAGES_ALLOWED_RECIPIENTS": "1"}
    server = make_server(env=env, administered=True)
    staff, one, two = server.users(3)
    assert [post(staff, one).status, post(staff, two).status, post(one, staff).status] == [201, 201, 201]
    body = json.dumps({"from": f"@{one.username}", "to": f"@{two.username}", "content": "x"}).encode()
    assert server.admin("POST", "messages/", body).status == 201


def test_with_keys(make_server):
    server = make_server(env=THREE)
    alice, *others = server.users(6)
    assert [post(alice, other, "k" + other.username).status for other in others[:3]] == [201, 201, 201]
    check_refused(post(alice, others[3], "new"))
    check_refused(post(alice, others[3], "new"))
    replay = post(alice, others[1], "k" + others[1].username)
    assert (replay.status, replay.headers["Idempotency-Replayed"]) == (201, "true")
    assert "RateLimit" not in replay.headers
    server.sql("DELETE FROM directmessages_new_partner")
    assert post(alice, others[3], "new").status == 201, "a key that was refused is free"


def test_a_reload_changes_it(configure):  # noqa: F811
    configured = configure(RATE_NEW_PARTNERS="1/day")
    alice, *others = configured.server.users(5)
    assert [post(alice, other).status for other in others[:2]] == [201, 429]
    configured.reload(RATE_NEW_PARTNERS="2/day")
    assert [post(alice, other).status for other in others[1:3]] == [201, 429]
    assert "RATE_NEW_PARTNERS is '1/h,2/d'; give a rate" in configured.refuse(RATE_NEW_PARTNERS="1/h,2/d")
    assert post(alice, others[2]).status == 429
    configured.reload()
    assert [post(alice, other).status for other in others[2:]] == [201, 201]


def test_erasing_removes_both_directions(make_server):
    server = make_server(env=THREE, administered=True)
    one, two, three = server.users(3)
    assert [post(one, two).status, post(two, three).status, post(three, one).status] == [201, 201, 201]
    assert server.admin("POST", f"users/{one.id}/erase/").json()["complete"]
    assert server.sql("SELECT user_id, partner_id FROM directmessages_new_partner") == [(two.id, three.id)]


@pytest.mark.concurrent
@pytest.mark.parametrize("servers", [1, 2])
def test_at_once_no_more_are_started(make_server, backend, servers):
    if servers == 2 and backend == "sqlite":
        pytest.skip("two servers are on PostgreSQL")
    first = make_server(env={"DIRECTMESSAGES_RATE_NEW_PARTNERS": "10/day"})
    running = [first, *(make_server(database=first.store, env={"DIRECTMESSAGES_RATE_NEW_PARTNERS": "10/day"}) for _ in range(servers - 1))]
    senders, others = first.users(2), first.users(40)
    asked = [(Client(running[n % servers], sender.token), other) for n, other in enumerate(others) for sender in senders]
    answers = at_once([lambda part=part: [post(*pair).status for pair in asked[part::8]] for part in range(8)])
    statuses = [status for some in answers for status in some]
    assert (statuses.count(201), statuses.count(429)) == (20, 60)
    counts = first.sql("SELECT sender_id, count(DISTINCT recipient_id) FROM directmessages_message GROUP BY sender_id ORDER BY 1")
    assert counts == [(sender.id, 10) for sender in senders]


def test_both_limits_tell_what_is_left(make_server):
    server = make_server(env={**THREE, "DIRECTMESSAGES_RATE_SEND": "5/hour,9/day"})
    alice, bob = server.users(2)
    first, again = post(alice, bob), post(alice, bob)
    sends = r'"send-hour";r={};t=\d+, "send-day";r={};t=\d+'
    assert re.fullmatch(sends.format(4, 8) + r', "new-partners-day";r=2;t=86[34]\d\d', first.headers["RateLimit"])
    assert re.fullmatch(sends.format(3, 7), again.headers["RateLimit"])
