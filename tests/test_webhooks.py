# SPDX-License-Identifier: MIT
"""Webhooks: what is delivered, how it is signed, what an endpoint's answers lead to."""

import json
import re
import threading
import time

import pytest

from harness import DEADLINE, wait_until
from webhook_receiver import LOCAL, check_signed, create, deliveries, endpoints, wait_state
from webhook_receiver import bare_receiver, hooked, make_receiver, receiver  # noqa: F401 (fixtures)

pytestmark = pytest.mark.concurrent


def sent(message, sender, recipient):
    """The body that an endpoint gets, of a message as its sender was answered."""
    plain = {name: value for name, value in message.items() if name != "direction"}
    users = [
        {"id": user.id, "username": user.username, "first_name": user.first_name, "last_name": user.last_name}
        for user in (sender, recipient)
    ]
    data = {"message": plain, "from_user": users[0], "to": users[1], "origin": "service"}
    return {"type": "message.sent", "timestamp": message["sent_at"], "data": data}


def compact(body):
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


# ---- what is delivered


def test_a_message_is_delivered_to_the_letter(hooked, receiver):
    one, two = hooked.user(first_name="Ann", last_name="A"), hooked.user()
    _, secret = create(hooked, receiver.url)
    before = time.time()
    message = one.send(two, 'Grüße "heute" \\ \n\u2028 🎈')
    (request,) = receiver.wait(1)
    body = compact(sent(message, one, two)).replace("\u2028".encode(), b"\\u2028")
    assert request.body == body
    assert request.headers["Content-Type"] == "application/json"
    assert re.fullmatch(r"msg_[0-9a-f]{24,32}", request.headers["webhook-id"])
    assert int(before) <= int(request.headers["webhook-timestamp"]) <= time.time()
    assert request.headers["User-Agent"].startswith("directmessages/")
    assert "Expect" not in request.headers
    check_signed(request, secret)
    (row,) = wait_state(hooked, "delivered")
    assert (row["name"], row["attempts"], row["status"]) == (request.headers["webhook-id"], "1", "204")
    assert (row["type"], row["message"], row["happened"]) == ("message.sent", str(message["id"]), message["sent_at"])


def test_reading_is_delivered_once_for_each_message(hooked, receiver):
    one, two = hooked.users(2)
    create(hooked, receiver.url, "--events", "message_read")
    messages = [one.send(two, str(number)) for number in range(3)]
    page = two.conversation(one)["results"]
    two.conversation(one)
    bodies = [json.loads(request.body) for request in receiver.wait(3)]
    assert [body["type"] for body in bodies] == ["message.read"] * 3
    read_at = {message["id"]: message["read_at"] for message in page}
    for body, message in zip(sorted(bodies, key=lambda body: body["data"]["message"]["id"]), messages, strict=True):
        want = sent(message, one, two)
        want["type"], want["timestamp"] = "message.read", read_at[message["id"]]
        want["data"]["message"]["read_at"] = read_at[message["id"]]
        assert body == want
    assert read_at[messages[0]["id"]] is not None


def test_sent_events_show_the_message_unread_though_it_was_read_meanwhile(hooked, make_receiver):
    allowed = threading.Event()

    def answer(_):
        """The first attempt fails once the message was read."""
        if allowed.is_set():
            return 204
        allowed.wait(10)
        return 500

    receiver = make_receiver(answer)
    one, two = hooked.users(2)
    create(hooked, receiver.url, "--events", "message_sent")
    one.send(two)
    receiver.wait(1)
    two.conversation(one)
    allowed.set()
    wait_until(lambda: deliveries(hooked, "--state", "delivered"), "it is delivered")
    assert {json.loads(request.body)["data"]["message"]["read_at"] for request in receiver.requests} == {None}


def test_an_endpoint_hears_of_what_comes_after_it(hooked, receiver, make_receiver):
    one, two = hooked.users(2)
    one.send(two, "before")
    create(hooked, receiver.url)
    one.send(two, "between")
    receiver.wait(1)
    late = make_receiver()
    create(hooked, late.url)
    one.send(two, "after")
    receiver.wait(2)
    late.wait(1)
    assert (receiver.contents(), late.contents()) == (["between", "after"], ["after"])


def test_each_endpoint_has_ids_and_secrets_of_its_own(hooked, make_receiver):
    receivers = [make_receiver() for _ in range(3)]
    made = [create(hooked, receiver.url) for receiver in receivers]
    one, two = hooked.users(2)
    one.send(two)
    requests = [receiver.wait(1)[0] for receiver in receivers]
    for request, (_, secret) in zip(requests, made, strict=True):
        check_signed(request, secret)
    assert len({request.headers["webhook-id"] for request in requests}) == 3
    assert len({request.body for request in requests}) == 1


def test_messages_are_delivered_after_a_time_without_a_server(hooked, receiver):
    one, two = hooked.users(2)
    create(hooked, receiver.url)
    port = receiver.port
    receiver.answer = lambda request: 500
    hooked.stop()
    hooked.env.update(LOCAL, DIRECTMESSAGES_WEBHOOK_SCHEDULE="3600")
    hooked.start()
    one.send(two, "kept")
    receiver.wait(1)
    wait_until(lambda: deliveries(hooked)[0]["status"] == "500", "the failure is on record")
    hooked.stop()
    receiver.answer = lambda request: 204
    hooked.sql("UPDATE directmessages_delivery SET next_at = 1")
    hooked.start()
    assert receiver.wait(2)[0].body == receiver.requests[1].body
    assert receiver.port == port
    (row,) = wait_state(hooked, "delivered")
    assert row["attempts"] == "2"


def test_what_django_has_recorded_says_so_on_each_attempt(hooked, make_receiver):
    """As contrib/django records it; the delivery keeps it, since the event may be gone at the next attempt."""
    gone, tried = threading.Event(), set()

    def first_fails(request):
        if request.headers["webhook-id"] in tried:
            return 204
        tried.add(request.headers["webhook-id"])
        assert gone.wait(DEADLINE)
        return 500

    receiver = make_receiver(first_fails)
    one, two = hooked.users(2)
    message = one.send(two, "before the endpoint")
    create(hooked, receiver.url)
    hooked.sql(
        "INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at, origin)"
        " SELECT kind, message_id, sender_id, recipient_id, at, 1 FROM directmessages_event WHERE message_id = ?",
        [message["id"]],
    )
    receiver.wait(1)
    one.send(two, "by the server")
    hooked.sql("DELETE FROM directmessages_event WHERE origin = 1")
    gone.set()
    wait_state(hooked, "delivered", 2)
    told = [json.loads(request.body)["data"] for request in receiver.requests]
    origins = {(data["message"]["content"], data["origin"]) for data in told}
    assert origins == {("before the endpoint", "django"), ("by the server", "service")} and len(told) == 4
    body = sent(message, one, two)
    body["data"]["origin"] = "django"
    assert compact(body) in [request.body for request in receiver.requests]


def test_events_can_be_turned_off(make_server, receiver):
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_EVENTS": 0})
    one, two = server.users(2)
    create(server, receiver.url)
    one.send(two)
    assert server.sql("SELECT count(*) FROM directmessages_event WHERE kind > 0") == [(0,)]
    server.stop()
    assert receiver.requests == []


# ---- answers


def test_every_2xx_is_a_success(hooked, make_receiver):
    statuses = [200, 201, 202, 204, 299]
    for status in statuses:
        create(hooked, make_receiver(lambda request, status=status: status).url)
    one, two = hooked.users(2)
    one.send(two)
    rows = wait_state(hooked, "delivered", len(statuses))
    assert sorted(row["status"] for row in rows) == [str(status) for status in statuses]


def test_failures_are_tried_again_with_the_same_id(hooked, make_receiver):
    answers = iter([500, 404, 204])
    receiver = make_receiver(lambda request: next(answers))
    _, secret = create(hooked, receiver.url)
    one, two = hooked.users(2)
    one.send(two)
    requests = receiver.wait(3)
    assert len({request.headers["webhook-id"] for request in requests}) == 1
    assert len({request.body for request in requests}) == 1
    for request in requests:
        check_signed(request, secret)
    (row,) = wait_state(hooked, "delivered")
    assert (row["attempts"], row["status"], row["error"]) == ("3", "204", "")
    hooked.wait_log(r"warning webhook \d+: delivery \d+ failed: the endpoint responded with status 500")
    hooked.wait_log(r"info webhook \d+ accepts deliveries again")


def test_it_is_given_up_visibly_and_can_be_begun_anew(hooked, make_receiver):
    receiver = make_receiver(lambda request: 503)
    create(hooked, receiver.url)
    one, two = hooked.users(2)
    one.send(two)
    (row,) = wait_state(hooked, "failed")
    assert (row["attempts"], row["status"], row["error"]) == ("4", "503", "the endpoint responded with status 503")
    assert row["next attempt"] == "-" and row["finished"] != "-"
    hooked.wait_log(r"warning webhook \d+: gave up delivery \d+ after 4 attempts: the endpoint responded with status 503")
    assert list(endpoints(hooked).values())[0]["state"] == "failing"
    receiver.answer = lambda request: 204
    done = hooked.run("webhook", "requeue", row["id"])
    assert (done.returncode, done.stdout) == (0, f"delivery {row['id']} requeued\n")
    (row,) = wait_state(hooked, "delivered")
    assert len({request.headers["webhook-id"] for request in receiver.wait(5)}) == 1
    assert list(endpoints(hooked).values())[0]["state"] == "active"


def test_410_disables_the_endpoint_until_it_is_enabled(hooked, make_receiver):
    receiver = make_receiver(lambda request: 410)
    identity, _ = create(hooked, receiver.url)
    one, two = hooked.users(2)
    one.send(two, "gone")
    (row,) = wait_state(hooked, "failed")
    assert row["status"] == "410"
    told = endpoints(hooked)[identity]
    assert (told["state"], told["disabled because"]) == ("disabled", "the endpoint responded with status 410")
    hooked.wait_log(rf"warning webhook {identity} is disabled: the endpoint responded with status 410")
    one.send(two, "not told")
    refused = hooked.run("webhook", "requeue", row["id"])
    assert refused.returncode == 1 and "disabled" in refused.stderr
    receiver.answer = lambda request: 204
    assert hooked.run("webhook", "enable", identity).returncode == 0
    one.send(two, "told")
    receiver.wait(2)
    assert receiver.contents() == ["gone", "told"]
    assert endpoints(hooked)[identity]["state"] == "active"


def test_an_endpoint_that_takes_nothing_for_too_long_is_disabled(make_server, make_receiver):
    receiver = make_receiver(lambda request: 500)
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_SCHEDULE": "1,1", "DIRECTMESSAGES_WEBHOOK_DISABLE_AFTER": 1})
    identity, _ = create(server, receiver.url)
    one, two = server.users(2)
    one.send(two)
    wait_state(server, "failed")
    told = endpoints(server)[identity]
    assert (told["state"], told["disabled because"]) == ("disabled", "no delivery succeeded for too long")


def test_redirects_are_failures_and_not_followed(hooked, make_receiver):
    target = make_receiver()
    statuses = [301, 302, 303, 307, 308]
    for status in statuses:
        create(hooked, make_receiver(lambda request, status=status: (status, {"Location": target.url}, b"")).url)
    one, two = hooked.users(2)
    one.send(two)
    rows = wait_state(hooked, "failed", len(statuses))
    told = sorted(row["error"] for row in rows)
    assert told == [f"the endpoint responded with status {status}; redirects are not followed" for status in statuses]
    assert target.requests == []


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_heard(hooked, make_receiver, status):
    receiver = make_receiver(lambda request: (status, {"Retry-After": "3000"}, b""))
    identity, _ = create(hooked, receiver.url)
    one, two = hooked.users(2)
    before = time.time() * 1e6
    one.send(two, "first")
    receiver.wait(1)
    wait_until(lambda: deliveries(hooked)[0]["status"] == str(status), "the failure is on record")
    ((next_at,),) = hooked.sql("SELECT next_at FROM directmessages_delivery")
    assert before + 3000e6 <= next_at <= time.time() * 1e6 + 3000e6
    witness = make_receiver()  # it is told of all that comes from now on: so the worker has seen that
    create(hooked, witness.url)
    for number in range(3):
        one.send(two, str(number))
        witness.wait(number + 1)
    assert len(receiver.requests) == 1, "the endpoint as a whole is left alone"
    assert hooked.sql("SELECT count(*) FROM directmessages_delivery WHERE webhook_id = ?", (identity,)) == [(1,)]


def test_a_long_answer_is_judged_by_its_status(hooked, make_receiver):
    receiver = make_receiver(lambda request: (200, {}, b"x" * 5_000_000))
    create(hooked, receiver.url)
    one, two = hooked.users(2)
    one.send(two)
    (row,) = wait_state(hooked, "delivered")
    assert row["status"] == "200"


@pytest.mark.parametrize(
    "body",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["short", "chunked", "garbage", "without-a-length"],
)
@pytest.mark.parametrize("cut", [False, True], ids=["never-ends", "is-cut"])
def test_the_body_of_an_answer_makes_no_difference(make_server, bare_receiver, body, cut):
    """It is delivered, once, when the status has come."""
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_TIMEOUT": "300"})
    receiver = bare_receiver(body, cut)
    create(server, receiver.url)
    one, two = server.users(2)
    one.send(two, "first")
    (row,) = wait_state(server, "delivered")
    assert (row["attempts"], row["status"], row["error"]) == ("1", "200", "")
    one.send(two, "second")
    wait_state(server, "delivered", 2)
    assert receiver.requests == 2


@pytest.mark.parametrize("status", ["500 Oops", "200 OK"])
def test_a_head_that_does_not_end_is_no_answer(make_server, bare_receiver, status):
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_TIMEOUT": "300"})
    receiver = bare_receiver(f"HTTP/1.1 {status}\r\n".encode() + b"X-More: and more\r\n" * 5000, False)
    create(server, receiver.url)
    one, two = server.users(2)
    one.send(two)
    (row,) = wait_state(server, "failed")
    assert (row["attempts"], row["status"]) == ("4", "-")


def test_an_answer_that_does_not_come_is_a_failure(make_server, make_receiver):
    leave = threading.Event()
    receiver = make_receiver(lambda request: leave.wait(60) and 204)
    server = make_server(env={**LOCAL, "DIRECTMESSAGES_WEBHOOK_TIMEOUT": 1, "DIRECTMESSAGES_WEBHOOK_SCHEDULE": "3600"})
    create(server, receiver.url)
    one, two = server.users(2)
    one.send(two)
    receiver.wait(1)
    row = wait_until(lambda: (rows := deliveries(server)) and rows[0]["error"] and rows[0], "the failure is on record")
    assert (row["state"], row["status"], row["error"]) == ("pending", "-", "Timeout was reached")
    leave.set()


def test_nobody_listens_there(hooked, receiver):
    receiver.close()
    create(hooked, receiver.url)
    one, two = hooked.users(2)
    one.send(two)
    (row,) = wait_state(hooked, "failed")
    assert row["status"] == "-"
    assert row["error"] in ("Couldn't connect to server", "Could not connect to server"), "libcurl's words, of one version or the next"
    receiver.__init__()  # so that the fixture has one to close
