# SPDX-License-Identifier: MIT
"""What users must not learn: of others' messages, of who blocks them, of others' keys."""

import json

import pytest

from keyed import check_new, new_key, post
from paging import after
from routes import check_error
from streams import Stream
from webhook_receiver import LOCAL, create
from webhook_receiver import make_receiver, receiver  # noqa: F401 (fixtures)

NOT_ALLOWED = "You are not allowed to message this user."
UNKNOWN = 10**15


def seen(answer):
    """All of a response but the time of day."""
    return answer.status, sorted((name, value) for name, value in answer.headers.items() if name != "Date"), answer.body


def test_a_message_of_others_is_as_one_that_does_not_exist(server, alice, bob, carol):
    carol.send(alice)
    for message in (alice.send(bob), bob.send(alice)):
        for partner in (alice, bob, carol):
            for method, path, field in (
                ("GET", "messages/{}/", None), ("HEAD", "messages/{}/", None), ("DELETE", "messages/{}/", None),
                ("POST", f"conversations/{partner.id}/read/", "up_to"), ("POST", f"conversations/{partner.id}/unread/", "from"),
            ):  # fmt: skip
                bodies = [field and json.dumps({field: identity}).encode() for identity in (message["id"], UNKNOWN)]
                answers = [
                    seen(carol.request(method, path.format(identity), body, {"Content-Type": "application/json"}))
                    for identity, body in zip((message["id"], UNKNOWN), bodies)
                ]
                assert answers[0] == answers[1] and answers[0][0] == 404, (method, path, field)
    rows = server.sql("SELECT read_at, hidden_for_sender, hidden_for_recipient FROM directmessages_message"
                      " WHERE sender_id IN (?, ?) AND recipient_id IN (?, ?)", (alice.id, bob.id, alice.id, bob.id))
    assert [tuple(row) for row in rows] == [(None, None, None)] * 2, "nothing was marked or hidden"


def test_who_is_blocked_sees_nothing_of_it(make_server, receiver):  # noqa: F811
    server = make_server(env=LOCAL)
    create(server, receiver.url, "--events", "message_read,message_unread")
    alice, bob, carol = server.users(3)
    sent = [bob.send(alice), alice.send(bob), bob.send(alice)]
    paths = [
        "unread/", "conversations/", "conversations/unread/", "inbox/", "inbox/?unread=true", "inbox/?blocked=true",
        f"inbox/{alice.id}/", f"inbox/@{alice.username}/", f"conversations/{alice.id}/?mark_read=false", "blocks/",
        *(f"messages/{message['id']}/" for message in sent),
    ]  # fmt: skip

    def view():
        return [seen(bob.get(path)) for path in paths]

    with Stream(bob) as stream:
        before = view()
        for _ in range(2):
            assert alice.request("PUT", f"blocks/{bob.id}/").status == 204
            assert alice.get(f"conversations/{bob.id}/").status == 200
            assert alice.post("conversations/read/", {}).status == 200
            assert alice.post(f"conversations/{bob.id}/read/", {}).json()["read"] == 0
            assert view() == before
            for path in (f"send/{alice.id}/", f"conversations/{alice.id}/"):
                check_error(bob.post(path, {"content": "x"}), 400, NOT_ALLOWED)
            assert bob.request("PUT", f"blocks/{alice.id}/").status == bob.request("DELETE", f"blocks/{alice.id}/").status == 204
            assert alice.request("DELETE", f"blocks/{bob.id}/").status == 204
        assert view() == before
        last = carol.send(bob)
        assert stream.next().data["id"] == last["id"]
    assert bob.get(f"conversations/{carol.id}/").status == 200
    (request,) = receiver.wait(1)
    assert json.loads(request.body)["data"]["message"]["id"] == last["id"], "no webhook tells of it either"


def test_a_block_refuses_as_the_allow_list_does(make_server):
    server = make_server(env={"DIRECTMESSAGES_ALLOWED_RECIPIENTS": "1", "DIRECTMESSAGES_RATE_NEW_PARTNERS": "5/day"})
    staff, alice, bob = server.users(3)
    assert staff.request("PUT", f"blocks/{bob.id}/").status == 204
    for headers in ({}, {"Idempotency-Key": new_key()}):
        answers = [
            seen(bob.request("POST", f"send/{other.id}/", b'{"content":"x"}', {"Content-Type": "application/json", **headers}))
            for other in (staff, alice)
        ]
        assert answers[0] == answers[1] and answers[0][0] == 400


@pytest.mark.parametrize("path", ["send/{}/", "conversations/{}/"])
def test_a_key_of_somebody_else_says_nothing(server, alice, bob, carol, path):
    """Nor does one's own, of what it was used for, unless all is the same."""
    key, here = new_key(), path.format(bob.id)
    check_new(post(alice, here, "secret", key))
    check_new(post(carol, here, "secret", key))
    fresh = new_key()
    check_new(post(alice, here, "other", fresh))
    reused = [post(alice, where, "secret", fresh) for where in (here, f"send/{carol.id}/", f"conversations/{carol.id}/")]
    for answer in reused:
        check_error(answer, 422, "This Idempotency-Key was used for another message.")


def test_cursors_of_others_lead_through_ones_own(server, alice, bob):
    """A cursor is a place and no permission."""
    others = server.users(4)
    for other in others:
        other.send(alice)
        assert alice.request("PUT", f"blocks/{other.id}/").status == 204
    own = {other.id for other in others[:2] if other.send(bob)}
    last = others[3]
    assert alice.request("DELETE", f"blocks/{last.id}/").status == 204
    alice.send(last)
    lists = {"inbox/?blocked=true": own, "conversations/?": own, "blocks/?": set(), f"conversations/{last.id}/?": set()}
    for path, allowed in lists.items():
        page = alice.page(f"{path}&page_size=1")
        assert page["next"] is not None, path
        query = after(page["next"]).replace("blocked=true", "blocked=false")
        rows = bob.page(path.split("?")[0] + query)["results"]
        assert {row.get("partner", row)["id"] for row in rows} <= allowed, path
