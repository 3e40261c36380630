# SPDX-License-Identifier: MIT
"""Webhooks that fail: how long a claim lasts, results that the store refuses, when an endpoint is disabled, and how many
attempts one that fails gets at once."""

import threading
import time

import pytest

from harness import INSERT_MESSAGE, stored, wait_until
from metrics import scrape
from webhook_receiver import LOCAL, create, deliveries, endpoints, wait_state
from webhook_receiver import hooked, make_receiver, receiver  # noqa: F401 (fixtures)

pytestmark = pytest.mark.concurrent

SECOND = 1_000_000
EVENTS = "SELECT count(*) FROM directmessages_event WHERE kind > 0"


def now():
    return int(time.time() * SECOND)


def test_a_claim_lasts_longer_than_the_request_and_no_minute_more(make_server, make_receiver):
    """A worker that has died has its deliveries back by then; one that lives is not overtaken by another."""
    leave = threading.Event()
    receiver = make_receiver(lambda request: leave.wait(60) and 204)
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_TIMEOUT": 200})
    create(server, receiver.url)
    one, two = server.users(2)
    before = now()
    one.send(two)
    receiver.wait(1)
    ((next_at,),) = server.sql("SELECT next_at FROM directmessages_delivery")
    assert before + 200 * SECOND < next_at < now() + 260 * SECOND
    leave.set()
    wait_state(server, "delivered")


def test_a_result_that_the_store_refused_is_reported_again(make_server, make_receiver):
    """What was delivered is not delivered again for that."""
    go = threading.Event()
    receiver = make_receiver(lambda request: go.wait(60) and 204)
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_BUSY_TIMEOUT": 1500})
    create(server, receiver.url)
    one, two = server.users(2)
    one.send(two)
    receiver.wait(1)
    name = 'directmessages_webhook_attempts_total{outcome="delivered"}'
    with server.transaction() as connection:
        connection.execute("UPDATE directmessages_delivery SET error = error")  # nobody else can
        go.set()
        wait_until(lambda: scrape(server)[name] == 1, "the response is there")
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 3, "the store has refused the result")
    (row,) = wait_state(server, "delivered")
    assert (row["attempts"], row["status"]) == ("1", "204")
    assert len(receiver.requests) == 1


def test_a_disabled_endpoint_does_not_keep_the_log(hooked, make_receiver):
    """Nor one that was deleted."""
    receiver = make_receiver(lambda request: 410)
    identity, _ = create(hooked, receiver.url)
    other, _ = create(hooked, receiver.url)
    assert hooked.run("webhook", "delete", other).returncode == 0
    one, two = hooked.users(2)
    one.send(two)
    wait_state(hooked, "failed")
    assert endpoints(hooked)[identity]["state"] == "disabled"
    for number in range(10):
        one.send(two, str(number))
    hooked.stop()
    hooked.env["DIRECTMESSAGES_EVENTS_KEEP"] = "3"
    hooked.start()  # which trims the log
    wait_until(lambda: hooked.sql(EVENTS)[0][0] == 3, "the log is trimmed")


@pytest.mark.parametrize("since, state", [(80, "failing"), (121, "disabled")])
def test_an_endpoint_is_disabled_when_its_time_is_over_and_not_before(make_server, make_receiver, since, state):
    receiver = make_receiver(lambda request: 500)
    settings = {"DIRECTMESSAGES_WEBHOOK_SCHEDULE": "0", "DIRECTMESSAGES_WEBHOOK_DISABLE_AFTER": 120}
    server = make_server(env={**LOCAL, **settings})
    identity, _ = create(server, receiver.url)
    server.sql("UPDATE directmessages_webhook SET failing_since = ?", (now() - since * SECOND,))
    one, two = server.users(2)
    one.send(two)
    (row,) = wait_state(server, "failed")
    assert row["error"] == "the endpoint responded with status 500"
    assert endpoints(server)[identity]["state"] == state


class Counting:
    """Answers after a moment; knows how many it had at once, of the first ones and of those after."""

    def __init__(self, status, first):
        self.status, self.first = status, first
        self.lock = threading.Lock()
        self.taken = self.now = 0
        self.most = [0, 0]

    def __call__(self, request):
        with self.lock:
            self.now += 1
            self.taken += 1
            which = self.taken > self.first
            self.most[which] = max(self.most[which], self.now)
        time.sleep(0.05)
        with self.lock:
            self.now -= 1
        return self.status


@pytest.mark.parametrize("status", [500, 204])
def test_an_endpoint_that_fails_gets_one_attempt_at_a_time(make_server, make_receiver, status):
    """After so many as it may have at once have failed: the rest would fail alike. Another gets many."""
    counting = Counting(status, 32)
    receiver = make_receiver(counting)
    settings = {"DIRECTMESSAGES_WEBHOOK_SCHEDULE": "3600", "DIRECTMESSAGES_WEBHOOK_CONNECTIONS": 16}
    server = make_server(env={**LOCAL, **settings})
    one, two = server.users(2)
    create(server, receiver.url)
    server.stop()
    rows = [(one, two, f"2025-06-06 12:00:00.{number:06}", None, str(number)) for number in range(1, 61)]
    with server.transaction() as connection:
        for number, identity in enumerate(server_messages(connection, rows), 1):
            at = 1749211200 * SECOND + number
            connection.execute(
                "INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at) VALUES (1, ?, ?, ?, ?)",
                (identity, one.id, two.id, at),
            )
    server.start()
    receiver.wait(44)
    assert counting.most[0] > 1, "it had many at once at first"
    assert (counting.most[1] == 1) == (status == 500)


def server_messages(connection, rows):
    return [connection.execute(INSERT_MESSAGE, stored(*row)).fetchone()[0] for row in rows]


@pytest.mark.parametrize("length, status", [(2000, 0), (2001, 1)])
def test_the_longest_url(server, length, status):
    url = "http://127.0.0.1/".ljust(length, "x")
    done = server.run("webhook", "create", url)
    assert done.returncode == status, done
    if status == 0:
        assert url in [row["url"] for row in endpoints(server).values()]


def test_attempts_that_fail_are_counted_and_due_again_as_the_schedule_says(make_server, make_receiver):
    receiver = make_receiver(lambda request: 500)
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_SCHEDULE": "1000,5000"})
    create(server, receiver.url)
    one, two = server.users(2)
    for attempt, pause in ((1, 1000), (2, 5000)):
        before = now()
        if attempt == 1:
            one.send(two)
        else:
            server.sql("UPDATE directmessages_delivery SET next_at = 1")
        receiver.wait(attempt)
        row = wait_until(lambda: (r := deliveries(server)[0]) and r["status"] == "500" and r, "it is on record")
        assert row["attempts"] == str(attempt)
        recorded = "SELECT next_at FROM directmessages_delivery"
        wait_until(lambda: server.sql(recorded)[0][0] > before + pause * SECOND * 0.9 - SECOND, "the next time is on record")
        assert server.sql(recorded)[0][0] < now() + pause * SECOND * 1.1


def test_each_time_that_an_endpoint_fails_is_told_and_its_end(make_server, make_receiver):
    """Once, however many attempts fail meanwhile."""
    good = threading.Event()
    receiver = make_receiver(lambda request: 204 if good.is_set() else 500)
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_SCHEDULE": "0,0"})
    create(server, receiver.url)
    one, two = server.users(2)
    for times in (1, 2):
        good.clear()
        one.send(two, "bad")
        wait_state(server, "failed", times)
        good.set()
        one.send(two, "good")
        wait_state(server, "delivered", times)
        wait_until(lambda times=times: told(server) == (times, times, times), f"{times} of each line, not {told(server)}")


def told(server):
    """How often the log says that the endpoint fails, that a delivery was given up, and that the endpoint is well again."""
    text = "\n".join(server.log)
    return tuple(map(text.count, (
        " failed: the endpoint responded with status 500", "gave up delivery", " accepts deliveries again")))


def test_a_head_without_end_is_no_answer(make_server, make_receiver):
    receiver = make_receiver(lambda request: (204, {f"X-{number}": "x" * 1000 for number in range(80)}, b""))
    server = make_server(env=LOCAL)
    create(server, receiver.url)
    one, two = server.users(2)
    one.send(two)
    (row,) = wait_state(server, "failed")
    assert row["error"] == "the head of the response is longer than 65536 bytes"
