# SPDX-License-Identifier: MIT
"""Administration of webhooks over HTTP: endpoints are made, changed and deleted, deliveries listed and redelivered."""

import json
import re
import threading

import pytest

from harness import wait_until
from routes import check_error
from webhook_receiver import make_receiver, receiver  # noqa: F401 (fixtures)
from webhook_receiver import LOCAL, check_signed

NOBODY = "No Webhook matches the given query."
SECRET, OTHER = "whsec_" + "A" * 32, "whsec_" + "B" * 32
PIECE = 1000  # deliveries that one commit looks at


@pytest.fixture
def server(make_server):
    return make_server(administered=True, env=LOCAL)


def make(server, url, **more):
    answer = server.admin("POST", "webhooks/", {"url": url, **more})
    assert answer.status == 201, answer
    return answer.json()


def patch(server, identity, **change):
    answer = server.admin("PATCH", f"webhooks/{identity}/", change)
    assert answer.status == 200, answer
    return answer.json()


def walk(server, path):
    rows = []
    while path:
        page = server.admin("GET", path).json()
        assert page["previous"] is None and list(page) == ["next", "previous", "results"]
        rows += page["results"]
        path = page["next"] and "/admin/" + page["next"].split("/admin/")[1]
    return rows


def in_state(server, identity, state, count=1):
    path = f"webhooks/{identity}/deliveries/?state={state}"
    return wait_until(lambda: len(found := walk(server, path)) >= count and found, f"{count} are {state}")


def fill(server, identity, count, state):
    """So many deliveries of the endpoint, behind the server's back; nobody delivers them, since their message is gone."""
    server.sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " INSERT INTO directmessages_delivery (webhook_id, name, kind, message_id, at, state, attempts, next_at, finished_at,"
        f" http_status, error) SELECT ?, 'msg', 1, 1, 1, {state}, 3, 4000000000000000, 1900000000000000, 500, 'no' FROM n",
        (count, identity),
    )


# ---- endpoints


def test_an_endpoint_is_made_and_is_told(server, receiver):
    made = make(server, receiver.url, description='for "us"', events=["message.sent"])
    secret = made.pop("secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret) and made["created_at"].endswith("Z")
    assert made == {
        "id": 1, "url": receiver.url, "description": 'for "us"', "events": ["message_sent"], "state": "active",
        "created_at": made["created_at"], "disabled_reason": "",
    }  # fmt: skip
    assert server.admin("GET", "webhooks/1/").json() == made
    (listed,) = [json.loads(line) for line in server.run("webhook", "list", "--json").stdout.splitlines()]
    assert listed == made and server.admin("GET", "webhooks/").json()["results"] == [made]
    one, two = server.users(2)
    message = one.send(two, "Hello")
    (request,) = receiver.wait(1)
    check_signed(request, secret)
    assert json.loads(request.body)["data"]["message"]["id"] == message["id"]
    assert secret not in "".join(server.log) and "Cache-Control" in server.admin("GET", "webhooks/1/").headers


def test_what_is_not_given_is_the_default(server):
    made = make(server, "https://example.org/")
    assert (made["events"], made["description"]) == (["message_sent", "message_read"], "")
    assert make(server, "https://example.org/", secret=SECRET)["secret"] == SECRET
    assert [row["id"] for row in walk(server, "webhooks/")] == [1, 2]
    answer = server.admin("POST", "webhooks/", {"url": "http://a/"})
    assert answer.headers["Cache-Control"] == "no-store"


REFUSED = [
    ({}, "url is required"),
    (b"", "url is required"),
    ({"url": 7}, "url must be a string."),
    ({"url": "ftp://a/"}, None),
    ({"url": "http://me@a/"}, None),
    ({"url": "http://a/\u00e4"}, None),
    ({"url": "http://a/" + "x" * 2000}, None),
    ({"url": "http://a/", "events": []}, "events must name message_sent, message_read, message_unread or several."),
    ({"url": "http://a/", "events": ["message_lost"]}, "events must name message_sent, message_read, message_unread or several."),
    ({"url": "http://a/", "events": "message_sent"}, "events must be a list of strings."),
    ({"url": "http://a/", "events": ["message_sent", 1]}, "events must be a list of strings."),
    ({"url": "http://a/", "secret": "x"}, None),
    ({"url": "http://a/", "secret": ""}, None),
    ({"url": "http://a/", "description": "x" * 201}, None),
    ({"url": "http://a/", "state": "disabled"}, 'Unknown field "state".'),
    ({"url": "http://a/", "urI": "http://a/"}, 'Unknown field "urI".'),
]


def test_what_can_not_be_made(admin_server):
    for body, detail in REFUSED:
        before = walk(admin_server, "webhooks/")
        answer = admin_server.admin("POST", "webhooks/", body)
        check_error(answer, 400, detail or answer.json()["detail"])
        assert walk(admin_server, "webhooks/") == before, body


def test_a_change_is_all_or_nothing(server):
    made = make(server, "http://127.0.0.1:1/", secret=SECRET)
    del made["secret"]
    good = {"url": "http://127.0.0.1:2/", "state": "disabled", "rotate_secret": True}
    for bad, detail in (
        ({"events": []}, "events must name message_sent, message_read, message_unread or several."),
        ({"events": [None]}, "events must be a list of strings."),
        ({"state": "failing"}, "state must be active or disabled."),
        ({"secret": OTHER}, "Give rotate_secret or secret, not both."),
        ({"rotate_secret": False, "secret": "x"}, None),
        ({"rotate_secret": False, "grace_hours": 1}, "grace_hours needs rotate_secret or secret."),
        ({"grace_hours": 8761}, "grace_hours must be from 0 to 8760."),
        ({"grace_hours": -1}, "grace_hours must be from 0 to 8760."),
        ({"grace_hours": "1"}, "grace_hours must be a whole number."),
        ({"description": "x" * 201}, None),
        ({"url": "gopher://a/"}, None),
        ({"is_active": False}, 'Unknown field "is_active".'),
    ):
        answer = server.admin("PATCH", "webhooks/1/", {**good, **bad})
        check_error(answer, 400, detail or answer.json()["detail"])
        assert server.admin("GET", "webhooks/1/").json() == made, bad
    assert server.sql("SELECT secret, old_secret FROM directmessages_webhook") == [(SECRET, "")]
    assert patch(server, 1) == made
    changed = patch(server, 1, **good, description="", events=["message_read"])
    assert changed.pop("secret") not in (SECRET, OTHER)
    assert changed == {
        **made, "url": "http://127.0.0.1:2/", "state": "disabled", "description": "", "events": ["message_read"],
        "disabled_reason": "disabled by an operator",
    }  # fmt: skip
    assert patch(server, 1, state="active") == {**changed, "state": "active", "disabled_reason": ""}


def test_a_new_secret_signs_beside_the_old_one(server, receiver):
    make(server, receiver.url, secret=SECRET)
    rotated = patch(server, 1, rotate_secret=True)
    one, two = server.users(2)
    one.send(two)
    check_signed(receiver.wait(1)[0], rotated["secret"], SECRET)
    assert patch(server, 1, secret=OTHER, grace_hours=0)["secret"] == OTHER

    def signed_alone():
        one.send(two)
        count = len(receiver.requests)
        return receiver.wait(count)[-1].headers["webhook-signature"].count("v1,") == 1

    wait_until(signed_alone, "the old one signs no more")


def test_disabled_moved_and_enabled(server, make_receiver):
    broken, good = make_receiver(lambda request: 500), make_receiver()
    make(server, broken.url)
    one, two = server.users(2)
    one.send(two, "first")
    (failed,) = in_state(server, 1, "failed")
    patch(server, 1, state="disabled")
    one.send(two, "missed")
    check_error(server.admin("POST", "webhooks/1/redeliver/", {}), 409, "its endpoint is disabled; enable that first")
    answer = server.admin("POST", "webhooks/1/redeliver/", {"delivery": failed["id"]})
    check_error(answer, 409, "its endpoint is disabled; enable that first")
    asked = len(broken.requests)
    assert patch(server, 1, state="active", url=good.url)["state"] == "active"
    assert server.admin("POST", "webhooks/1/redeliver/").text == '{"requeued":1,"complete":true,"after":null}'
    good.wait(1)
    one.send(two, "second")
    good.wait(2)
    assert good.contents() == ["first", "second"] and len(broken.requests) == asked
    (again, delivered) = in_state(server, 1, "delivered", 2)[::-1]
    assert again == failed | {
        "state": "delivered", "attempts": 1, "http_status": 204, "error": "", "finished_at": again["finished_at"],
    }  # fmt: skip
    assert delivered["webhook"] == 1 and again["name"] == failed["name"]


def test_one_delivery_is_redelivered(server, make_receiver):
    receiver, other = make_receiver(), make_receiver()
    make(server, receiver.url)
    make(server, other.url)
    one, two = server.users(2)
    one.send(two, "first")
    one.send(two, "second")
    rows = in_state(server, 1, "delivered", 2)
    in_state(server, 2, "delivered", 2)
    answer = server.admin("POST", "webhooks/1/redeliver/", {"delivery": rows[1]["id"]})
    assert answer.json() == {"requeued": 1, "complete": True, "after": None}
    receiver.wait(3)
    assert [request.headers["webhook-id"] for request in receiver.requests].count(rows[1]["name"]) == 2
    theirs = walk(server, "webhooks/2/deliveries/")[0]["id"]
    for body, path in (({"delivery": theirs}, "webhooks/1/redeliver/"), ({"delivery": 999999}, "webhooks/1/redeliver/"),
                       ({"delivery": theirs}, "webhooks/0/redeliver/"), ({"delivery": theirs}, "webhooks/9/redeliver/")):  # fmt: skip
        answer = server.admin("POST", path, body)
        check_error(answer, 404, NOBODY if "/0/" in path else "No finished Delivery matches the given query.")
    check_error(server.admin("POST", "webhooks/1/redeliver/", {"delivery": 1, "after": 1}), 400, "Give delivery or after, not both.")
    check_error(server.admin("POST", "webhooks/1/redeliver/", {"deliveries": 1}), 400, 'Unknown field "deliveries".')
    assert len(other.requests) == 2


def test_what_is_not_there(admin_server):
    for identity in ("0", "999999", "99999999999999999999"):
        for method, path, body in (
            ("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("GET", "deliveries/", None), ("POST", "redeliver/", {}),
        ):  # fmt: skip
            check_error(admin_server.admin(method, f"webhooks/{identity}/{path}", body), 404, NOBODY)
    check_error(admin_server.admin("GET", "webhooks/?cursor=x"), 404, "Invalid cursor")
    assert admin_server.admin("HEAD", "webhooks/").status == 200


def test_a_deleted_endpoint_leaves_nothing(server, receiver):
    make(server, receiver.url)
    one, two = server.users(2)
    one.send(two)
    in_state(server, 1, "delivered")
    assert server.admin("DELETE", "webhooks/1/").status == 204
    check_error(server.admin("DELETE", "webhooks/1/"), 404, NOBODY)
    wait_until(lambda: server.sql("SELECT count(*) FROM directmessages_delivery") == [(0,)], "its deliveries are deleted")


def test_an_endpoint_that_no_worker_has_seen_leaves_nothing(make_server):
    """It was made, disabled and deleted within a second, or no worker is there: the request itself deletes all it had."""
    server = make_server(administered=True, env={"DIRECTMESSAGES_EVENTS": 0})
    make(server, "http://127.0.0.1:1/")
    fill(server, 1, 4500, 2)
    patch(server, 1, state="disabled")
    assert server.admin("DELETE", "webhooks/1/").status == 204
    assert server.sql("SELECT count(*) FROM directmessages_delivery") == [(0,)]


def test_what_a_disabled_endpoint_leaves_is_deleted_by_the_next_server(make_server):
    server = make_server(administered=True)
    make(server, "http://127.0.0.1:1/")
    patch(server, 1, state="disabled")
    fill(server, 1, 3, 2)
    server.stop()
    server.sql("DELETE FROM directmessages_webhook")
    server.start()
    wait_until(lambda: server.sql("SELECT count(*) FROM directmessages_delivery") == [(0,)], "its deliveries are deleted")


# ---- many


def test_pages_of_endpoints(make_server):
    server = make_server(administered=True)
    ids = [make(server, "http://127.0.0.1:1/")["id"] for _ in range(101)]
    assert [row["id"] for row in walk(server, "webhooks/")] == ids
    assert len(server.admin("GET", "webhooks/").json()["results"]) == 100


def test_pages_of_deliveries(make_server):
    """Those of an endpoint, between many of others: each page looks at some thousand."""
    server = make_server(administered=True)
    for _ in range(2):
        patch(server, make(server, "http://127.0.0.1:1/")["id"], state="disabled")
    fill(server, 1, 150, 2)
    fill(server, 2, 6000, 2)
    fill(server, 1, 3, 1)
    found = walk(server, "webhooks/1/deliveries/")
    assert len(found) == 153 and [row["id"] for row in found] == sorted((row["id"] for row in found), reverse=True)
    assert {row["webhook"] for row in found} == {1}
    assert len(walk(server, "webhooks/1/deliveries/?state=delivered")) == 3
    assert len(walk(server, "webhooks/2/deliveries/?state=pending")) == 0
    first = server.admin("GET", "webhooks/1/deliveries/").json()
    assert first["next"] and len(first["results"]) <= 100
    for state in ("lost", "", "any"):
        answer = server.admin("GET", f"webhooks/1/deliveries/?state={state}")
        check_error(answer, 400, "state must be pending, delivered or failed.")


def test_many_failed_deliveries_are_redelivered_in_pieces(make_server):
    """What a request does is bounded, and others send meanwhile. (The server trims what is beyond 100,000.)"""
    server = make_server(administered=True)
    make(server, "http://127.0.0.1:1/", events=["message_read"])
    fill(server, 1, 90_000, 2)
    one, two = server.users(2)
    over, sent = threading.Event(), []

    def send():
        while not over.is_set():
            sent.append(one.send(two))

    sender = threading.Thread(target=send)
    sender.start()
    body, total, asked = {}, 0, 0
    try:
        while True:
            answer = server.admin("POST", "webhooks/1/redeliver/", body).json()
            total, asked = total + answer["requeued"], asked + 1
            assert answer["complete"] == (answer["after"] is None)
            if answer["complete"]:
                break
            assert answer["requeued"] >= PIECE and asked < 200
            body = {"after": answer["after"]}
    finally:
        over.set()
        sender.join()
    assert total == 90_000 and len(sent) > asked
    assert server.sql("SELECT count(*) FROM directmessages_delivery WHERE state = 2 AND error = 'no'") == [(0,)]


def test_enabling_that_would_take_too_long_changes_nothing(make_server):
    """It says so after its time, and goes on when it is asked again."""
    server = make_server(administered=True)
    make(server, "http://127.0.0.1:1/")
    server.sql("UPDATE directmessages_webhook SET is_active = (1 = 0)")
    fill(server, 1, 5000, 0)
    for _ in range(100):
        answer = server.admin("PATCH", "webhooks/1/", {"state": "active", "url": "http://127.0.0.1:2/"})
        row = server.admin("GET", "webhooks/1/").json()
        assert (answer.status, row["state"], row["url"]) in (
            (200, "active", "http://127.0.0.1:2/"), (503, "disabled", "http://127.0.0.1:1/"),
        )  # fmt: skip
        if answer.status == 200:
            break
    assert server.sql("SELECT count(*) FROM directmessages_delivery WHERE state = 0") == [(0,)]
