# SPDX-License-Identifier: MIT
"""A JWT in a cookie, where there is no Authorization."""

import pytest

import harness
import jwts
from jwts import BOTH, EXPIRED, INVALID, NOT_PROVIDED, UNKNOWN, check_refused, claims, encode
from routes import check_error
from streams import Stream

TWICE = "The cookie that holds the JWT was sent twice."
SETTINGS = {"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET, "DIRECTMESSAGES_JWT_COOKIE": "access", "DIRECTMESSAGES_EVENTS_HEARTBEAT": 1}


@pytest.fixture(scope="module")
def baked(backend):
    server = harness.Server(backend=backend, env=SETTINGS | harness.PATIENCE)
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def mary(baked):
    return baked.user()


@pytest.fixture(scope="module")
def john(baked):
    return baked.user()


def jwt(user, **changes):
    return encode(jwts.Secret(), claims(user, sub=str(user.id), **changes))


def ask(server, cookies, **more):
    return server.anonymous().get("unread/", {"Cookie": cookies, **more})


@pytest.mark.parametrize("form", ["access={}", "a=b; access={}; c=d", "a=b;access={}", 'access="{}"', " access = {} ", "Access=x; access={}",
                                  "access_token=x; access={}; xaccess=y", "=x; y; access={}"])  # fmt: skip
def test_the_cookie_among_others(baked, mary, form):
    answer = ask(baked, form.format(jwt(mary)))
    assert (answer.status, answer.json().get("id")) == (200, mary.id)


@pytest.mark.parametrize("form", ["", "access", "access=", 'access=""', "Access={}", "access2={}", "a=access={}", "theme=dark", "access:{}"])
def test_there_is_none(baked, mary, form):
    check_refused(ask(baked, form.format(jwt(mary))), NOT_PROVIDED, BOTH)


def test_what_is_wrong_with_it(baked, mary, john):
    check_refused(ask(baked, "access=x.y.z"), INVALID, BOTH)
    check_refused(ask(baked, f"access={jwt(mary)}x"), INVALID, BOTH)
    check_refused(ask(baked, f"access={jwt(mary)} {jwt(john)}"), INVALID, BOTH)
    check_refused(ask(baked, f"access=Bearer {jwt(mary)}"), INVALID, BOTH)
    check_refused(ask(baked, f"access={mary.token}"), INVALID, BOTH)
    check_refused(ask(baked, f"access={jwt(mary, exp=1)}"), EXPIRED, BOTH)
    check_refused(ask(baked, "access=" + encode(jwts.Secret(), claims(mary, sub="999999999"))), UNKNOWN, BOTH)


@pytest.mark.parametrize("form", ["access={0}; access={1}", "access={0}; access={0}", "access=; access={0}", "access={0}; b=c; access="])
def test_twice_is_400(baked, mary, john, form):
    """One may have been set by another site of the domain."""
    check_error(ask(baked, form.format(jwt(mary), jwt(john))), 400, TWICE)
    assert ask(baked, form.format(jwt(mary), jwt(john)), Authorization=f"Token {mary.token}").status == 200


def test_two_headers_are_400(baked, mary):
    for second in (f"access={jwt(mary)}", "theme=dark"):
        pairs = [("Cookie", f"access={jwt(mary)}"), ("cookie", second)]
        check_error(baked.anonymous().get("unread/", pairs), 400, TWICE)


def test_authorization_wins(baked, mary, john):
    cookies = f"access={jwt(mary)}"
    assert ask(baked, cookies, Authorization=f"Token {john.token}").json()["id"] == john.id
    assert ask(baked, cookies, Authorization=f"Bearer {jwt(john)}").json()["id"] == john.id
    check_refused(ask(baked, cookies, Authorization="Bearer x.y.z"), INVALID, BOTH)
    for value in ("Basic x", "", "Negotiate"):
        check_refused(ask(baked, cookies, Authorization=value), NOT_PROVIDED, BOTH)


def test_very_many_cookies(make_server):
    server = make_server(env={**SETTINGS, "DIRECTMESSAGES_MAX_HEADER_BYTES": 65536})
    user = server.user()
    for filler in ("a=b; " * 400, ";" * 400, "=" * 9000 + ";", "access" * 1500 + "=x;"):
        assert ask(server, f"{filler}access={jwt(user)}").json()["id"] == user.id


def test_it_is_off_unless_it_is_set(make_server):
    server = make_server(env={"DIRECTMESSAGES_JWT_SECRET": jwts.SECRET})
    user = server.user()
    check_refused(ask(server, f"access={jwt(user)}"), NOT_PROVIDED, BOTH)


def test_streams_end_with_the_jwt_or_the_user(baked, mary):
    user = baked.user()
    headers = {"Cookie": f"access={jwt(user)}", "Sec-Fetch-Site": "same-origin"}
    answer = baked.anonymous().request("POST", "events/ticket/", b"", headers)
    with Stream(baked.anonymous(), f"?ticket={answer.json()['ticket']}") as by_ticket:
        with Stream(baked.anonymous(), headers=headers) as by_cookie:
            mary.send(user, "hello")
            assert by_ticket.next().data["content"] == by_cookie.next().data["content"] == "hello"
            baked.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, user.id))
            assert by_ticket.ends() and by_cookie.ends()
    short = {"Cookie": f"access={jwt(mary, exp=lambda now: now + 2)}"}
    with Stream(baked.anonymous(), headers=short) as stream:
        assert stream.ends()


@pytest.mark.sqlite
@pytest.mark.parametrize("name, what", [
    ("a b", "DIRECTMESSAGES_JWT_COOKIE is 'a b'; give"), ("a=b", "is 'a=b'; give"), ("a;", "is 'a;'; give"), ("\u00e4", "give the name of a cookie"),
    ("access", "DIRECTMESSAGES_JWT_COOKIE is set, but no key for JWTs is"),
])  # fmt: skip
def test_refused_at_start(tmp_path, name, what):
    env = {"DIRECTMESSAGES_JWT_COOKIE": name, "DIRECTMESSAGES_LISTEN": "127.0.0.1:0"}
    if "no key" not in what:
        env["DIRECTMESSAGES_JWT_SECRET"] = jwts.SECRET
    done = harness.run_program("serve", "--migrate", database=harness.sqlite_url(tmp_path / "a.db"), env=env)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert what in done.stderr
    assert list(tmp_path.iterdir()) == []
