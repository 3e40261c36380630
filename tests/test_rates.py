# SPDX-License-Identifier: MIT
"""DIRECTMESSAGES_RATE_SEND: how often one user may send."""

import random
import re
import subprocess

import pytest

import harness
import reference_project
from clients import User
from metrics import scrape
from routes import check_error, on_each_sending_route
from test_concurrent import at_once
from test_reload import configure  # noqa: F401 (fixture)

REFUSED = re.compile(r"Request was throttled\. Expected available in (\d+) (second|seconds)\.")
METRIC = 'directmessages_limit_refusals_total{limit="send"}'


def post(user, recipient, key=None, body=b'{"content":"x"}'):
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
    return user.request("POST", f"send/{recipient.id}/", body, headers)


def check_refused(answer, most):
    """A 429 whose waiting time is at most so many seconds."""
    assert answer.status == 429, answer
    seconds, unit = REFUSED.fullmatch(answer.json()["detail"]).groups()
    assert 1 <= int(seconds) <= most and unit == ("second" if seconds == "1" else "seconds")
    assert answer.headers["Retry-After"] == seconds
    assert answer.headers["Allow"] and answer.headers["Content-Type"] == "application/json"
    return int(seconds)


def left_of(answer):
    """How many sends RateLimit says are left of the one rate; its time is one within the hour."""
    left, seconds = re.fullmatch(r'"send-hour";r=(\d+);t=(\d+)', answer.headers["RateLimit"]).groups()
    assert 1 <= int(seconds) <= 3600
    return int(left)


@pytest.fixture
def limited(make_server):
    return make_server(env={"DIRECTMESSAGES_RATE_SEND": "3/hour"})


def test_there_is_no_limit_by_default(server, alice, bob):
    answers = [post(alice, bob) for _ in range(30)]
    assert {answer.status for answer in answers} == {201}
    assert all("RateLimit" not in answer.headers and "RateLimit-Policy" not in answer.headers for answer in answers)


@on_each_sending_route
def test_beyond_the_rate_it_is_429_and_nothing_is_stored(limited, route):
    alice, bob = limited.users(2)
    for left in (2, 1, 0):
        answer = alice.post(route.path(bob.id), {"content": "x"})
        assert answer.status == 201
        assert answer.headers["RateLimit-Policy"] == '"send-hour";q=3;w=3600'
        assert left_of(answer) == left
    check_refused(alice.post(route.path(bob.id), {"content": "x"}), 3600)
    check_refused(alice.post(route.path(bob.id), {"content": "x"}), 3600)
    assert limited.sql("SELECT count(*) FROM directmessages_message") == [(3,)]
    assert bob.post(route.path(alice.id), {"content": "x"}).status == 201, "each user has a rate of their own"
    assert scrape(limited)[METRIC] == 2


def test_both_paths_share_the_rate_and_reading_costs_nothing(limited):
    alice, bob = limited.users(2)
    assert alice.post(f"send/{bob.id}/", {"content": "x"}).status == 201
    assert alice.post(f"conversations/{bob.id}/", {"content": "x"}).status == 201
    for _ in range(5):
        answer = alice.get(f"conversations/{bob.id}/")
        assert answer.status == 200 and "RateLimit" not in answer.headers
        assert alice.options(f"send/{bob.id}/").status == 200
    assert alice.post(f"send/{bob.id}/", {"content": "x"}).status == 201
    check_refused(alice.post(f"conversations/{bob.id}/", {"content": "x"}), 3600)


def test_it_is_looked_at_before_the_recipient_and_the_body(limited):
    """As in Django REST Framework: what is refused later has been counted."""
    alice, bob = limited.users(2)
    check_error(alice.post("send/999999999/", {"content": "x"}), 404, "No User matches the given query.")
    assert alice.post(f"send/{bob.id}/", b"{").status == 400
    answer = alice.post(f"send/{bob.id}/", {})
    check_error(answer, 400, "content is required")
    assert answer.headers["RateLimit"].startswith('"send-hour";r=0;')
    check_refused(alice.post("send/999999999/", b"{"), 3600)
    assert limited.anonymous().post(f"send/{bob.id}/", {}).status == 401


def test_of_several_rates_the_longest_wait_counts(make_server):
    server = make_server(env={"DIRECTMESSAGES_RATE_SEND": "2/hour,3/day"})
    alice, bob = server.users(2)
    first = post(alice, bob)
    assert first.headers["RateLimit-Policy"] == '"send-hour";q=2;w=3600, "send-day";q=3;w=86400'
    assert re.fullmatch(r'"send-hour";r=1;t=\d+, "send-day";r=2;t=\d+', first.headers["RateLimit"])
    assert post(alice, bob).status == 201
    check_refused(post(alice, bob), 3600)  # the day's rate has counted this
    assert check_refused(post(alice, bob), 86400) > 3600


def test_rate_of_nothing(make_server):
    server = make_server(env={"DIRECTMESSAGES_RATE_SEND": "0/min"})
    alice, bob = server.users(2)
    assert check_refused(post(alice, bob), 60) == 60


def test_allowed_recipients_are_exempt(make_server):
    server = make_server(env={"DIRECTMESSAGES_RATE_SEND": "1/hour", "DIRECTMESSAGES_ALLOWED_RECIPIENTS": "7,1"})
    staff, other = server.users(2)
    answers = [post(staff, other) for _ in range(4)]
    assert {answer.status for answer in answers} == {201} and "RateLimit" not in answers[0].headers
    assert post(other, staff).status == 201
    check_refused(post(other, staff), 3600)


def test_administration_is_not_limited(make_server):
    server = make_server(env={"DIRECTMESSAGES_RATE_SEND": "0/day"}, administered=True)
    one, two = server.users(2)
    body = f'{{"from":"@{one.username}","to":"@{two.username}","content":"x"}}'.encode()
    assert {server.admin("POST", "messages/", body).status for _ in range(3)} == {201}
    assert server.run("message", "send", one.username, two.username, "x").returncode == 0


def test_a_message_that_was_sent_before_costs_nothing(limited):
    alice, bob = limited.users(2)
    assert left_of(post(alice, bob, "one")) == 2
    for _ in range(5):
        replay = post(alice, bob, "one")
        assert (replay.status, replay.headers["Idempotency-Replayed"], left_of(replay)) == (201, "true", 2)
    assert [post(alice, bob, key).status for key in ("two", "three")] == [201, 201]
    check_refused(post(alice, bob, "four"), 3600)
    replay = post(alice, bob, "two")
    assert (replay.status, replay.headers["Idempotency-Replayed"]) == (201, "true"), "also where the rate is used up"
    assert left_of(replay) == 0
    whole = alice.request(
        "POST", f"conversations/{bob.id}/", b'{"content":"x"}', {"Content-Type": "application/json", "Idempotency-Key": "two"}
    )
    assert (whole.status, whole.headers["Idempotency-Replayed"], left_of(whole)) == (201, "true", 0)
    assert left_of(post(alice, bob, "four")) == 0
    check_refused(post(alice, bob, "four"), 3600)
    assert limited.sql("SELECT count(*) FROM directmessages_message") == [(3,)]


@pytest.mark.concurrent
def test_requests_at_once_are_counted_exactly(make_server):
    server = make_server(env={"DIRECTMESSAGES_RATE_SEND": "40/hour"})
    alice, bob = server.users(2)
    answers = at_once([lambda: [post(alice, bob).status for _ in range(10)] for _ in range(8)])
    statuses = [status for some in answers for status in some]
    assert (statuses.count(201), statuses.count(429)) == (40, 40)


def test_a_reload_changes_the_rate_and_keeps_what_was_counted(configure):  # noqa: F811
    configured = configure(RATE_SEND="2/hour")
    alice, bob = configured.server.users(2)
    assert [post(alice, bob).status for _ in range(3)] == [201, 201, 429]
    configured.reload(RATE_SEND="4/hour")
    assert [post(alice, bob).status for _ in range(3)] == [201, 201, 429]
    configured.reload(RATE_SEND="1/hour")
    check_error(post(alice, bob), 429, "Request was throttled.")  # as Django REST Framework: when can't be told
    assert "RATE_SEND is '1/fortnight'; give rates" in configured.refuse(RATE_SEND="1/fortnight")
    assert post(alice, bob).status == 429
    configured.reload()
    assert {post(alice, bob).status for _ in range(5)} == {201}


def test_each_server_counts_for_itself(make_server):
    first = make_server(env={"DIRECTMESSAGES_RATE_SEND": "1/hour"}, backend="postgresql")
    second = make_server(database=first.store, env={"DIRECTMESSAGES_RATE_SEND": "1/hour"})
    alice, bob = first.users(2)
    there = User(second, alice.token, alice.id, alice.username)
    assert [post(alice, bob).status, post(alice, bob).status, post(there, bob).status, post(there, bob).status] == [
        201, 429, 201, 429,
    ]


# ---- beside Django REST Framework

THROTTLE = """
import math, sys
import django
from django.conf import settings
settings.configure(CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                                       "OPTIONS": {"MAX_ENTRIES": 100000}}})
django.setup()
from rest_framework.throttling import SimpleRateThrottle

now = 0.0

class Cache(dict):  # without expiry, which would ask the real clock; the histories are dropped by the throttle's own
    def set(self, key, value, timeout):
        self[key] = list(value)

class Throttle(SimpleRateThrottle):
    cache = Cache()
    timer = staticmethod(lambda: now)

    def __init__(self, rate):
        self.rate = rate
        super().__init__()

    def get_cache_key(self, request, view):
        return f"{self.rate} {request}"

rates = sys.argv[1].split(",")
for line in sys.stdin:
    user, microseconds = line.split()
    now = int(microseconds) / 1e6
    waits, refused = [], False
    for throttle in map(Throttle, rates):  # as APIView.check_throttles
        if not throttle.allow_request(user, None):
            refused = True
            waits.append(throttle.wait())
    waits = [wait for wait in waits if wait is not None]
    print(int(refused), math.ceil(max(waits)) if waits else 0)
"""


@pytest.mark.skipif(reference_project.why_not() is not None, reason=str(reference_project.why_not()))
@pytest.mark.parametrize("rates", ["3/min", "60/min,1000/day", "1/sec,20/min,40/hour", "5/s,0/day", "7/hour"])
def test_decisions_and_waits_are_those_of_drf(rates, tmp_path):
    """At random times that a double holds exactly, some of them at the very end of a window."""
    chance, now, lines = random.Random(rates), 1_000_000 * 125_000, []
    for _ in range(20_000):
        (steps,) = chance.choices([0, 1, 8, 40, 480, 28_800, 700_000], [400, 400, 200, 50, 8, 2, 1])
        now += steps * 125_000
        lines.append(f"{chance.randrange(3)} {now}\n")
    asked = "".join(lines)
    program = harness.BUILD / "tests" / "unit" / "test_throttle"
    ours = subprocess.run([program, "trace", rates], input=asked, text=True, capture_output=True, timeout=60)
    script = tmp_path / "throttle.py"
    script.write_text(THROTTLE)
    command = [reference_project.python(), script, rates]
    theirs = subprocess.run(command, input=asked, text=True, capture_output=True, timeout=120)
    assert (ours.returncode, theirs.returncode) == (0, 0), (ours.stderr, theirs.stderr)
    pairs = list(zip(ours.stdout.splitlines(), theirs.stdout.splitlines(), strict=True))
    wrong = [(number, lines[number], pair) for number, pair in enumerate(pairs) if pair[0] != pair[1]]
    assert not wrong, wrong[:5]
    assert {line[0] for line, _ in pairs} == ({"1"} if ",0/" in rates else {"0", "1"})
