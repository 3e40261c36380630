# SPDX-License-Identifier: MIT
"""Webhooks over time: slow endpoints beside quick ones, secrets that change, what is old, servers that stop."""

import threading
import time

import pytest

from harness import wait_until
from metrics import scrape
from webhook_receiver import LOCAL, check_signed, create, deliveries, wait_state
from webhook_receiver import hooked, make_receiver, receiver  # noqa: F401 (fixtures)

pytestmark = pytest.mark.concurrent

DAY = 86400 * 1_000_000


# ---- many at once


def test_a_slow_endpoint_holds_up_no_other(make_server, make_receiver):
    leave = threading.Event()
    slow, quick = make_receiver(lambda request: leave.wait(60) and 204), make_receiver()
    hooked = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_TIMEOUT": 300})  # nothing is sent to it twice
    create(hooked, slow.url)
    create(hooked, quick.url)
    one, two = hooked.users(2)
    for number in range(100):
        one.send(two, str(number))
    quick.wait(100)
    assert 1 <= len(slow.requests) <= 16, "so many at once at most"
    assert sorted(quick.contents(), key=int) == [str(number) for number in range(100)]
    assert not leave.is_set()
    leave.set()
    slow.wait(100)
    assert len(set(slow.contents())) == 100


def test_a_message_that_is_gone_is_given_up(hooked, make_receiver):
    receiver = make_receiver(lambda request: 500)
    hooked.stop()
    hooked.env["DIRECTMESSAGES_WEBHOOK_SCHEDULE"] = "3600"
    hooked.start()
    identity, _ = create(hooked, receiver.url)
    one, two = hooked.users(2)
    one.send(two)
    receiver.wait(1)
    wait_until(lambda: deliveries(hooked)[0]["status"] == "500", "the failure is on record")
    with hooked.transaction() as connection:
        connection.execute("DELETE FROM directmessages_message")
        connection.execute("UPDATE directmessages_delivery SET next_at = 1")
    (row,) = wait_state(hooked, "failed")
    assert row["error"] == "the message no longer exists"
    assert len(receiver.requests) == 1


def test_all_that_a_disabled_endpoint_had_pending_fails_and_goes_with_it(hooked, make_receiver):
    """There is more than one operation of the store changes. No other endpoint is there that the worker would work for."""
    receiver = make_receiver(lambda request: 410)
    identity, _ = create(hooked, receiver.url)
    hooked.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) INSERT INTO directmessages_delivery"
        " (webhook_id, name, kind, message_id, at, state, attempts, next_at, finished_at, http_status, error)"
        f" SELECT {identity}, 'msg', 1, 1, 1, 0, 1, {int((time.time() + 3600) * 1e6)}, 0, 0, '' FROM n"
    )
    one, two = hooked.users(2)
    one.send(two)
    failed = "SELECT count(*) FROM directmessages_delivery WHERE state = 2 AND error = 'its endpoint was disabled'"
    wait_until(lambda: hooked.sql(failed)[0][0] == 2500, "all have failed")
    assert hooked.sql("SELECT count(*) FROM directmessages_delivery WHERE state = 0")[0][0] == 0
    assert len(receiver.requests) == 1
    hooked.sql("DELETE FROM directmessages_webhook WHERE id = ?", (identity,))  # as a request to another server does
    wait_until(lambda: hooked.sql("SELECT count(*) FROM directmessages_delivery")[0][0] == 0, "its deliveries are removed")


@pytest.mark.parametrize("same_pair", [False, True])
def test_a_message_that_got_the_id_of_one_that_is_gone_is_not_delivered_for_it(hooked, make_receiver, same_pair):
    refused = threading.Event()
    receiver = make_receiver(lambda request: 204 if refused.is_set() else 500)
    hooked.stop()
    hooked.env["DIRECTMESSAGES_WEBHOOK_SCHEDULE"] = "3600"
    hooked.start()
    create(hooked, receiver.url)
    one, two, three, four = hooked.users(4)
    old = one.send(two, "old")
    receiver.wait(1)
    wait_until(lambda: deliveries(hooked)[0]["status"] == "500", "the failure is on record")
    refused.set()
    hooked.store.flush_messages()
    new = one.send(two, "new") if same_pair else three.send(four, "new")
    assert new["id"] == old["id"]
    wait_state(hooked, "delivered")
    hooked.sql("UPDATE directmessages_delivery SET next_at = 1 WHERE state = 0")
    (row,) = wait_state(hooked, "failed")
    assert row["error"] == "the message no longer exists"
    assert receiver.contents() == ["old", "new"]


def test_old_deliveries_are_removed(hooked, receiver):
    create(hooked, receiver.url)
    one, two = hooked.users(2)
    for _ in range(3):
        one.send(two)
    wait_state(hooked, "delivered", 3)
    hooked.stop()
    now = int(time.time() * 1e6)
    hooked.sql("UPDATE directmessages_delivery SET finished_at = ? WHERE id <= 2", (now - 8 * DAY,))
    hooked.start()
    wait_until(lambda: len(deliveries(hooked)) == 1, "what was finished a week ago is removed")


def test_a_clock_that_was_set_back_stalls_no_retries(make_server, make_receiver):
    """What is further ahead than any pause may be is due; what is not, is not."""
    receiver = make_receiver(lambda request: 500 if len(receiver.requests) <= 2 else 204)
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_SCHEDULE": "3600,60"})
    create(server, receiver.url)
    one, two = server.users(2)
    one.send(two, "first")
    one.send(two, "second")
    wait_until(lambda: [row["status"] for row in deliveries(server)] == ["500", "500"], "both have failed")
    ahead = "UPDATE directmessages_delivery SET next_at = next_at + ? WHERE id = (SELECT {}(id) FROM directmessages_delivery)"
    server.sql(ahead.format("min"), (86_400_000_000,))
    server.sql(ahead.format("max"), (80_000_000_000,))
    wait_state(server, "delivered")
    assert receiver.contents()[2:] == ["first"]
    assert [row["state"] for row in deliveries(server)] == ["pending", "delivered"]


def test_the_log_keeps_what_an_endpoint_was_not_given_yet(make_server, make_receiver):
    leave = threading.Event()
    receiver = make_receiver(lambda request: leave.wait(60) and 204)
    hooked = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_TIMEOUT": 300})
    create(hooked, receiver.url)
    one, two = hooked.users(2)
    for number in range(60):
        one.send(two, str(number))
    receiver.wait(16)
    hooked.kill()
    wait_until(lambda: hooked.store.sessions() == 0, "PostgreSQL has ended what it was asked for, too")
    hooked.env["DIRECTMESSAGES_EVENTS_KEEP"] = "3"
    hooked.sql("UPDATE directmessages_delivery SET next_at = 1")
    hooked.start()  # which trims the log
    events = "SELECT count(*) FROM directmessages_event"
    wait_until(lambda: hooked.sql(events)[0][0] < 60, "what was given to the endpoint is removed")
    assert hooked.sql(events)[0][0] >= 60 - 16
    leave.set()
    wait_until(lambda: len(set(receiver.contents())) == 60, "all are delivered")


# ---- rotation, secrets


def next_request(one, two, receiver):
    """What is sent of a message that is sent now."""
    count = len(receiver.requests)
    one.send(two)
    return receiver.wait(count + 1)[-1]


def test_two_secrets_sign_until_the_grace_is_over(hooked, receiver):
    identity, old = create(hooked, receiver.url)
    one, two = hooked.users(2)
    done = hooked.run("webhook", "rotate", identity)
    assert done.returncode == 0 and "24 hours" in done.stdout
    new = done.stdout.splitlines()[-1]
    assert new.startswith("whsec_") and new != old
    check_signed(next_request(one, two, receiver), new, old)
    hooked.sql("UPDATE directmessages_webhook SET old_secret_until = 1")
    check_signed(next_request(one, two, receiver), new)


def test_rotation_without_grace(hooked, receiver):
    identity, old = create(hooked, receiver.url)
    given = "whsec_" + "A" * 32
    assert hooked.run("webhook", "rotate", identity, "--secret", given, "--grace", 0).returncode == 0
    one, two = hooked.users(2)
    one.send(two)
    check_signed(receiver.wait(1)[0], given)


def test_secrets_are_neither_logged_nor_listed(make_server, make_receiver):
    receiver = make_receiver(lambda request: 500)
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_LOG_LEVEL": "debug"})
    identity, secret = create(server, receiver.url + "?key=geheim")
    one, two = server.users(2)
    one.send(two)
    wait_state(server, "failed")
    shown = server.run("webhook", "list").stdout + server.run("webhook", "deliveries").stdout
    shown += server.run("webhook", "test", identity, env=LOCAL).stderr
    server.stop()
    shown += "\n".join(server.log)
    assert secret not in shown and secret.removeprefix("whsec_") not in shown
    assert "geheim" not in "\n".join(server.log), "a URL may hold a secret too"


# ---- the end of a server


def test_a_stop_gives_back_what_is_under_way(hooked, make_receiver):
    leave = threading.Event()
    receiver = make_receiver(lambda request: leave.wait(60) and 204)
    create(hooked, receiver.url)
    one, two = hooked.users(2)
    one.send(two)
    receiver.wait(1)
    hooked.stop()
    assert hooked.sql("SELECT state, attempts FROM directmessages_delivery") == [(0, 0)]
    receiver.answer = lambda request: 204
    leave.set()
    hooked.start()
    (row,) = wait_state(hooked, "delivered")
    assert row["attempts"] == "1"
    assert len({request.headers["webhook-id"] for request in receiver.wait(2)}) == 1


# ---- metrics


def test_attempts_and_the_outbox_are_counted(hooked, make_receiver):
    allowed = threading.Event()
    receiver = make_receiver(lambda request: 204 if b"good" in request.body or allowed.is_set() else 500)
    create(hooked, receiver.url)
    one, two = hooked.users(2)
    one.send(two, "good")
    one.send(two, "bad")
    wait_state(hooked, "failed")
    wait_state(hooked, "delivered")
    name = "directmessages_webhook"
    wait_until(
        lambda: (m := scrape(hooked))[f'{name}_attempts_total{{outcome="delivered"}}'] == 1
        and m[f'{name}_attempts_total{{outcome="failed"}}'] == 4
        and m[f"{name}_given_up_total"] == 1,
        "they are counted",
    )
    hooked.stop()
    hooked.env["DIRECTMESSAGES_WEBHOOK_SCHEDULE"] = "3600"
    hooked.start()
    one.send(two, "bad again")
    wait_until(lambda: (m := scrape(hooked))["directmessages_outbox_waiting"] == 1 and m["directmessages_outbox_oldest_seconds"] > 0, "it waits")
    wait_until(lambda: deliveries(hooked)[0]["status"] == "500", "the failure is on record")
    hooked.sql("UPDATE directmessages_delivery SET next_at = 1 WHERE state = 0")
    allowed.set()
    wait_until(lambda: (m := scrape(hooked))["directmessages_outbox_waiting"] == 0 == m["directmessages_outbox_oldest_seconds"], "nothing waits")
