# SPDX-License-Identifier: MIT
"""DIRECTMESSAGES_JWT_CREATE: a user whom a JWT names and who does not exist is made at first sight."""

import re
import time

import pytest

import jwts
from jwts import EXPIRED, INACTIVE, INVALID, UNKNOWN, Secret, bearer, check_refused, encode
from routes import check_error
from streams import Stream
from test_concurrent import at_once
from test_jwt_settings import check_no_start

CREATE = {"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET, "DIRECTMESSAGES_JWT_USER": "username", "DIRECTMESSAGES_JWT_CREATE": 1}


def by(name, key=None, **changes):
    """The headers of a JWT for this name."""
    return bearer(encode(key or Secret(), {"sub": name, "exp": int(time.time()) + 300} | changes))


def rows(server, name):
    return server.sql("SELECT id, password, is_active, is_staff, is_superuser, email FROM auth_user WHERE username = ?", (name,))


def test_a_user_is_made_at_first_sight(make_server):
    server = make_server(env=CREATE)
    for name in ("jane", "ärger@example.org", "12345", "n" * 150):
        answers = [server.anonymous().get("unread/", by(name)) for _ in range(2)]
        [(user_id, password, *flags, email)] = rows(server, name)
        assert [(one.status, one.json()["id"]) for one in answers] == [(200, user_id)] * 2
        assert re.fullmatch(r"![A-Za-z0-9]{40}", password)
        assert (flags, email) == ([True, False, False], "")
    assert len({row[0] for row in server.sql("SELECT password FROM auth_user")}) == 4


def test_whatever_is_asked_first(make_server):
    server = make_server(env=CREATE)
    john, client = server.user("john"), server.anonymous()
    answer = client.request("POST", f"send/{john.id}/", b'{"content":"x"}', by("sender") | {"Content-Type": "application/json"})
    assert (answer.status, answer.json()["sender"]) == (201, rows(server, "sender")[0][0])
    answer = client.request("POST", "send/999999/", b'{"content":"x"}', by("to-nobody") | {"Content-Type": "application/json"})
    assert answer.status == 404
    assert client.request("DELETE", "messages/999999/", None, by("deleter")).status == 404
    ticket = client.request("POST", "events/ticket/", b"", by("ticketed")).json()["ticket"]
    with Stream(client, f"?ticket={ticket}") as by_ticket, Stream(client, headers=by("listener")) as stream:
        for name in ("ticketed", "listener"):
            john.request("POST", f"send/{rows(server, name)[0][0]}/", b'{"content":"to %s"}' % name.encode(), {"Content-Type": "application/json"})
        assert by_ticket.next().data["content"] == "to ticketed"
        assert stream.next().data["content"] == "to listener"
    assert all(rows(server, name) for name in ("to-nobody", "deleter"))


def test_what_is_refused_makes_nobody(make_server):
    """Nor does OPTIONS, which changes nothing."""
    server = make_server(env={**CREATE, "DIRECTMESSAGES_JWT_COOKIE": "access"})
    john, client = server.user("john"), server.anonymous()
    cookie = {"Cookie": by("jane")["Authorization"].replace("Bearer ", "access="), "Content-Type": "application/json"}
    path = f"send/{john.id}/"
    evil = client.request("POST", path, b'{"content":"x"}', cookie | {"Sec-Fetch-Site": "cross-site"})
    check_error(evil, 403, "CSRF Failed: Origin checking failed.")
    assert client.request("DELETE", path, None, by("jane")).status == 405
    assert client.request("OPTIONS", path, None, by("jane")).status == 200
    assert rows(server, "jane") == []
    own = client.request("POST", path, b'{"content":"x"}', cookie | {"Sec-Fetch-Site": "same-origin"})
    assert (own.status, own.json()["sender"]) == (201, rows(server, "jane")[0][0])


@pytest.mark.concurrent
@pytest.mark.two_servers
def test_two_at_once(make_server):
    server = make_server(env=CREATE)
    for number in range(5):
        name = f"jane{number}"
        answers = at_once([lambda name=name: server.anonymous().get("unread/", by(name))] * 12)
        assert {(one.status, one.json()["id"]) for one in answers} == {(200, rows(server, name)[0][0])}
        assert len(rows(server, name)) == 1


@pytest.mark.parametrize("name", ["", "a b", "a/b", "n" * 151, "nul\0", "<script>", "a\u007f"])
def test_names_that_no_user_may_have(make_server, name):
    server = make_server(env=CREATE)
    check_refused(server.anonymous().get("unread/", by(name)), UNKNOWN)
    assert server.sql("SELECT count(*) FROM auth_user") == [(0,)]


def test_who_is_not_made(make_server, keys):
    server = make_server(env=CREATE)
    inactive = server.user("inactive", active=False)
    check_refused(server.anonymous().get("unread/", by("inactive")), INACTIVE)
    check_refused(server.anonymous().get("unread/", by("late", exp=int(time.time()) - 31)), EXPIRED)
    check_refused(server.anonymous().get("unread/", by("forged", Secret("another secret of 32 characters!"))), INVALID)
    for claim in (True, 1.5, ["jane"]):
        check_refused(server.anonymous().get("unread/", by(claim)), UNKNOWN)
    assert server.sql("SELECT id FROM auth_user") == [(inactive.id,)]


@pytest.mark.sqlite
def test_a_user_table_in_which_none_can_be_made(make_server):
    server = make_server(env={**CREATE, "DIRECTMESSAGES_USER_EMAIL": "-"})
    check_refused(server.anonymous().get("unread/", by("jane")), UNKNOWN)
    server.wait_log("warning no user was made for a JWT: users can't be made in this table")


def test_settings_that_are_refused(tmp_path):
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_CREATE is 1, but", JWT_SECRET=jwts.SECRET, JWT_CREATE=1)
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_CREATE is set, but no key", JWT_USER="username", JWT_CREATE=1)
    check_no_start(tmp_path, "DIRECTMESSAGES_JWT_CREATE is '2'", JWT_SECRET=jwts.SECRET, JWT_USER="username", JWT_CREATE=2)
