# SPDX-License-Identifier: MIT
"""The trace of a request (W3C Trace Context) goes on in the webhooks that it causes."""

import json
import re
import threading

import pytest

from keyed import check_new, check_replayed, new_key
from webhook_receiver import create
from webhook_receiver import hooked, make_receiver, receiver  # noqa: F401 (fixtures)

FORM = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def trace(number, flags="01"):
    return f"00-{number:032x}-{number:016x}-{flags}"


def post(sender, recipient, content, **headers):
    headers |= {"Content-Type": "application/json"}
    return sender.request("POST", f"send/{recipient.id}/", json.dumps({"content": content}).encode(), headers)


def send(sender, recipient, traceparent, content="x"):
    answer = post(sender, recipient, content, **({"traceparent": traceparent} if traceparent is not None else {}))
    assert answer.status == 201, answer
    return answer.json()["id"]


def split(request):
    return FORM.fullmatch(request.headers["traceparent"]).groups()


@pytest.mark.parametrize("flags, kept", [("00", "00"), ("01", "01"), ("03", "03"), ("fd", "01")])
def test_the_trace_of_a_send_goes_on(hooked, receiver, flags, kept):
    """As the specification demands: the same trace, a parent of our own, the flags that are defined."""
    create(hooked, receiver.url)
    alice, bob = hooked.users(2)
    send(alice, bob, trace(7, flags))
    (request,) = receiver.wait(1)
    found, parent, sent_flags = split(request)
    assert (found, sent_flags) == (f"{7:032x}", kept)
    assert int(parent, 16) not in (0, 7)


def test_each_attempt_is_a_span_of_its_own(hooked, make_receiver):
    statuses = iter([500, 500])
    receiver = make_receiver(lambda request: next(statuses, 204))
    create(hooked, receiver.url)
    alice, bob = hooked.users(2)
    send(alice, bob, trace(9))
    attempts = [split(request) for request in receiver.wait(3)]
    assert {found for found, _, _ in attempts} == {f"{9:032x}"}
    assert len({parent for _, parent, _ in attempts}) == 3


def test_the_trace_of_what_marks_as_read_goes_on(hooked, receiver):
    create(hooked, receiver.url)
    alice, bob = hooked.users(2)
    send(alice, bob, trace(1))
    assert bob.get(f"conversations/{alice.id}/", {"traceparent": trace(2)}).status == 200
    told = {json.loads(request.body)["type"]: split(request)[0] for request in receiver.wait(2)}
    assert told == {"message.sent": f"{1:032x}", "message.read": f"{2:032x}"}


def test_the_trace_of_marking_at_will_goes_on(hooked, receiver):
    """Of each path that marks; they find something to mark by turns."""
    create(hooked, receiver.url, "--events", "message_read,message_unread")
    alice, bob = hooked.users(2)
    send(alice, bob, trace(1))
    paths = ["read/", "unread/", "read/", "unread/", "all", "unread/", "open"]
    for number, path in enumerate(paths, 2):
        headers = {"traceparent": trace(number)}
        if path == "open":
            headers |= {"Content-Type": "application/json"}
            answer = bob.request("POST", f"conversations/{alice.id}/", b'{"content":"x"}', headers)
        else:
            where = "conversations/read/" if path == "all" else f"conversations/{alice.id}/{path}"
            answer = bob.request("POST", where, b"", headers)
        assert answer.status in (200, 201), (path, answer)
    told = [(json.loads(request.body)["type"], split(request)[0]) for request in receiver.wait(len(paths))]
    wanted = [("message.unread" if path == "unread/" else "message.read", number) for number, path in enumerate(paths, 2)]
    assert sorted(told) == sorted((kind, f"{number:032x}") for kind, number in wanted)


@pytest.mark.parametrize("sent", [None, "", "00-1-2-01", trace(0), trace(5).upper().replace("5", "A"), "ff" + trace(5)[2:], trace(5) + "-x"])
def test_without_a_good_one_there_is_none(hooked, receiver, sent):
    create(hooked, receiver.url)
    alice, bob = hooked.users(2)
    send(alice, bob, sent)
    (request,) = receiver.wait(1)
    assert "traceparent" not in request.headers


def test_each_of_many_at_once_has_its_own(hooked, receiver):
    """They are stored in one batch, those without a trace among them."""
    create(hooked, receiver.url)
    alice, bob = hooked.users(2)
    barrier = threading.Barrier(20)

    def one(number):
        barrier.wait()
        send(alice, bob, trace(number) if number % 3 else None, str(number))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(1, 21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for request in receiver.wait(20):
        number = int(json.loads(request.body)["data"]["message"]["content"])
        if number % 3:
            assert split(request)[0] == f"{number:032x}"
        else:
            assert "traceparent" not in request.headers


def test_a_send_with_a_key_has_the_trace_of_the_one_that_stored_it(hooked, receiver):
    create(hooked, receiver.url)
    alice, bob = hooked.users(2)
    key = {"Idempotency-Key": new_key()}
    first = check_new(post(alice, bob, "x", traceparent=trace(3), **key))
    assert check_replayed(post(alice, bob, "x", traceparent=trace(4), **key)) == first
    send(alice, bob, trace(5))
    assert {split(request)[0] for request in receiver.wait(2)} == {f"{number:032x}" for number in (3, 5)}
    assert hooked.sql("SELECT traceparent FROM directmessages_event WHERE kind > 0 ORDER BY id") == [(trace(3),), (trace(5),)]


def test_an_event_of_a_server_from_before_has_none(hooked, receiver):
    """Such a server does not know the column, and goes on while the new one has migrated."""
    alice, bob = hooked.users(2)
    send(alice, bob, trace(3))
    create(hooked, receiver.url)
    hooked.sql(
        "INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)"
        " SELECT kind, message_id, sender_id, recipient_id, at FROM directmessages_event WHERE kind > 0"
    )
    (request,) = receiver.wait(1)
    assert "traceparent" not in request.headers
    assert hooked.sql("SELECT traceparent FROM directmessages_delivery") == [(None,)]


def test_what_has_not_the_form_in_the_log_is_not_sent(hooked, receiver):
    """A Django project, or somebody else, may write there."""
    create(hooked, receiver.url)
    alice, bob = hooked.users(2)
    hooked.sql("UPDATE directmessages_webhook SET is_active = ?", [False])
    hooked.sql("UPDATE directmessages_webhook SET is_active = ?", [True])
    message = hooked.insert_messages([(alice, bob, "2025-06-06 12:00:00", None, "of Django's")])[0]
    hooked.sql(
        "INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at, traceparent) VALUES (1, ?, ?, ?, ?, ?)",
        [message, alice.id, bob.id, 1_749_211_200_000_000, "00-1\r\nX-Other: 1"],
    )
    (request,) = receiver.wait(1)
    assert "traceparent" not in request.headers and "X-Other" not in request.headers
