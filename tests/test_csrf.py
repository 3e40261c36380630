# SPDX-License-Identifier: MIT
"""Pages of other sites: what a browser adds by itself to their requests lets nobody act for their visitors."""

import pytest

import harness
import jwts
from jwts import claims, encode
from routes import ROUTES, check_error
from streams import Stream, settle
from test_events_ticket import make_ticket

pytestmark = pytest.mark.short_on("sqlite")  # it is about HTTP, and no store sees it

REFUSED = "CSRF Failed: Origin checking failed."
HOST = "chat.example.org"
LISTED = "https://app.example.org"
EVIL = "https://evil.example"
HEADER = "X-User-Id"
SAME = {"Sec-Fetch-Site": "same-origin"}


def by_header(user):
    return {HEADER: str(user.id)}


def by_cookie(user):
    return {"Cookie": f"theme=dark; access={encode(jwts.Secret(), claims(user, sub=str(user.id)))}"}


WAYS = {"header": by_header, "cookie": by_cookie}
SETTINGS = {
    "DIRECTMESSAGES_TRUST_USER_HEADER": HEADER,
    "DIRECTMESSAGES_JWT_SECRET": jwts.SECRET,
    "DIRECTMESSAGES_JWT_COOKIE": "access",
    "DIRECTMESSAGES_CORS_ORIGINS": f"{LISTED},http://127.0.0.1:3000",
}


@pytest.fixture(scope="module")
def server(backend):
    made = harness.Server(backend=backend, env=SETTINGS | harness.PATIENCE)
    try:
        yield made.start()
    finally:
        made.close()


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


def send(server, way, sender, recipient, headers, host=HOST, method="POST", path=None):
    path = path or f"send/{recipient.id}/"
    head = {"Host": host, "Content-Type": "application/json", **way(sender), **headers}
    return server.anonymous().request(method, path, b'{"content":"x"}', head)


def count(server, user):
    return server.sql("SELECT count(*) FROM directmessages_message WHERE sender_id = ?", (user.id,))[0][0]


ACCEPTED = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": f"http://{HOST}"},
    {"Sec-Fetch-Site": "same-origin", "Origin": f"https://{HOST}"},  # a proxy has ended TLS, and we can't know
    {"Origin": f"http://{HOST}"},
    {"Origin": f"HTTP://{HOST.upper()}"},
    {"Origin": LISTED},
    {"Origin": LISTED, "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-site"},
]
NOT_ACCEPTED = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "Same-Origin"},
    {"Sec-Fetch-Site": "same-origin, none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{HOST}"},
    {"Sec-Fetch-Site": "same-site", "Origin": f"https://{HOST}"},
    {"Sec-Fetch-Site": "cross-site", "Origin": EVIL},
    {"Sec-Fetch-Mode": "cors", "Referer": f"http://{HOST}/"},
    {"X-CSRFToken": "x"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": EVIL},
    {"Origin": "*"},
    {"Origin": f"https://{HOST}"},
    {"Origin": f"http://{HOST}:8000"},
    {"Origin": f"http://{HOST}:80"},  # browsers leave it out
    {"Origin": f"http://{HOST}.evil.example"},
    {"Origin": f"http://{HOST}/"},
    {"Origin": f"http://evil.example/{HOST}"},
    {"Origin": f"http://evil{HOST}"},
    {"Origin": f"http://{HOST[:-1]}"},
    {"Origin": f"http://{HOST[5:]}"},
    {"Origin": "http://"},
    {"Origin": HOST},
    {"Origin": f"http://{HOST}, {EVIL}"},
    {"Origin": LISTED + ":444"},
    {"Origin": LISTED.upper()},
    {"Origin": f"{LISTED}, {LISTED}"},
]


@pytest.mark.parametrize("headers", ACCEPTED, ids=str)
def test_pages_of_ours_and_of_listed_origins(server, way, headers):
    alice, bob = server.users(2)
    assert send(server, way, alice, bob, headers).status == 201
    assert count(server, alice) == 1


@pytest.mark.parametrize("headers", NOT_ACCEPTED, ids=str)
def test_other_pages_and_who_does_not_say(server, way, headers):
    alice, bob = server.users(2)
    check_error(send(server, way, alice, bob, headers), 403, REFUSED)
    assert count(server, alice) == 0


@pytest.mark.parametrize("host, origin, status", [
    (f"{HOST}:80", f"http://{HOST}", 201), (f"{HOST}:443", f"http://{HOST}", 403), (f"{HOST}:8000", f"http://{HOST}:8000", 201),
    (f"{HOST}:8000", f"http://{HOST}", 403), (HOST.upper(), f"http://{HOST}", 201), ("[::1]:8000", "http://[::1]:8000", 201),
])  # fmt: skip
def test_a_host_with_a_port(server, way, host, origin, status):
    alice, bob = server.users(2)
    assert send(server, way, alice, bob, {"Origin": origin}, host=host).status == status


def test_each_method_that_changes_something(server, way):
    alice, bob = server.users(2)
    sent = alice.send(bob)
    for route in ROUTES:
        for method in ("POST", "PUT", "PATCH", "DELETE", "X"):
            path = route.path(bob.id, sent["id"])
            check_error(send(server, way, alice, bob, {"Origin": EVIL}, method=method, path=path), 403, REFUSED)
            if method not in route.methods:  # 405 comes behind
                assert send(server, way, alice, bob, SAME, method=method, path=path).status == 405
    assert count(server, alice) == 1
    assert alice.get("conversations/").json()["results"], "nothing was hidden"
    assert send(server, way, alice, bob, SAME, method="DELETE", path=f"messages/{sent['id']}/").status == 204


def test_what_changes_nothing_is_for_all(server, way):
    alice, bob = server.users(2)
    bob.send(alice)
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}):
        for method, path in (("GET", "unread/"), ("GET", "conversations/"), ("GET", "conversations/unread/"),
                             ("HEAD", f"conversations/{bob.id}/"), ("HEAD", "events/"), ("OPTIONS", f"send/{bob.id}/")):  # fmt: skip
            answer = server.anonymous().request(method, path, headers={**way(alice), **headers})
            assert answer.status == 200, (method, path, headers)
    assert alice.unread() == 1


def test_an_image_on_another_page_marks_nothing_as_read(server, way):
    """And opens no stream, of which a user may have only so many."""
    alice, bob = server.users(2)
    bob.send(alice)
    for path in (f"conversations/{bob.id}/", "events/"):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": EVIL}, {"Origin": "null"}):
            check_error(server.anonymous().get(path, {"Host": HOST, **way(alice), **headers}), 403, REFUSED)
    assert alice.unread() == 1
    for headers in ({}, SAME, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "cross-site", "Origin": LISTED}):
        answer = server.anonymous().get(f"conversations/{bob.id}/", {"Host": HOST, **way(alice), **headers})
        assert answer.status == 200
    assert alice.unread() == 0
    with Stream(server.anonymous(), headers={**way(alice), "Origin": LISTED}) as stream:
        assert stream.status == 200


def test_what_a_page_has_to_add_by_itself_is_not_looked_at(server):
    """A token, a JWT in Authorization, a ticket: no other page knows them."""
    alice, bob = server.users(2)
    bearer = {"Authorization": f"Bearer {encode(jwts.Secret(), claims(alice, sub=str(alice.id)))}"}
    for more in ({}, {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}):
        for headers in ({"Authorization": f"Token {alice.token}"}, bearer):
            for cookie in ({}, by_cookie(bob), {"Cookie": "access=x"}):
                answer = send(server, lambda _: {}, alice, bob, {**headers, **cookie, **more})
                assert (answer.status, answer.json()["sender"]) == (201, alice.id)
        ticket = make_ticket(alice)
        settle(server)
        with Stream(server.anonymous(), f"?ticket={ticket}", headers={**by_cookie(bob), **more}) as stream:
            bob.send(alice, "by ticket")
            assert stream.next().data["recipient"] == alice.id


def test_the_origin_as_the_proxy_tells_it(make_server, way):
    server = make_server(env={**SETTINGS, "DIRECTMESSAGES_TRUST_FORWARDED": 1})
    alice, bob = server.users(2)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "front.example.org, inner"}
    for origin, status in (("https://front.example.org", 201), ("http://front.example.org", 403), ("https://inner", 403),
                           (f"http://{HOST}", 403), (f"https://{HOST}", 403)):  # fmt: skip
        assert send(server, way, alice, bob, {"Origin": origin, **forwarded}).status == status, origin


def test_without_the_setting_forwarded_headers_count_for_nothing(server, way):
    alice, bob = server.users(2)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    check_error(send(server, way, alice, bob, {"Origin": EVIL, **forwarded}), 403, REFUSED)


def test_the_order_of_checks(server, way):
    """After authentication, before the method, the recipient and the body."""
    alice, bob = server.users(2)
    evil = {"Origin": EVIL}
    check_error(send(server, way, alice, bob, evil, path="nowhere/"), 404, "Not found.")
    check_error(send(server, way, alice, bob, {**evil, "Accept": "text/html"}), 406, "Could not satisfy the request Accept header.")
    check_error(send(server, way, alice, bob, {**evil, HEADER: "999999999"}), 401, "User not found.")
    check_error(send(server, way, alice, bob, evil, path="send/999999999/"), 403, REFUSED)
    check_error(send(server, way, alice, bob, {**evil, "Content-Type": "text/plain"}), 403, REFUSED)
    answer = server.anonymous().request("POST", f"send/{bob.id}/", headers=[
        *way(alice).items(), ("Origin", EVIL), ("Content-Length", "9" * 15)])  # fmt: skip
    assert answer.status == 413


# ---- pages of listed origins may send cookies


def test_credentials_are_for_listed_origins(server, way):
    alice = server.user()
    preflight = {"Access-Control-Request-Method": "POST"}
    for origin, status, allowed in ((LISTED, 200, "true"), (EVIL, 200, None), ("null", 200, None), (None, 200, None)):
        headers = {"Origin": origin} if origin else {}
        answer = server.anonymous().get("unread/", {**way(alice), **headers})
        assert (answer.status, answer.headers["Access-Control-Allow-Credentials"]) == (status, allowed)
        answer = server.anonymous().get("unread/", headers)
        assert (answer.status, answer.headers["Access-Control-Allow-Credentials"]) == (401, allowed)
        if origin:
            answer = server.anonymous().options(f"send/{alice.id}/", {**headers, **preflight})
            assert (answer.status, answer.headers["Access-Control-Allow-Credentials"]) == (204, allowed)
            assert answer.headers["Access-Control-Allow-Origin"] == (origin if allowed else None)


@pytest.mark.sqlite
@pytest.mark.parametrize("setting", ["TRUST_USER_HEADER", "JWT_COOKIE"])
def test_a_star_with_credentials_is_refused(tmp_path, setting):
    env = {name: text for name, text in SETTINGS.items() if name.endswith((setting, "JWT_SECRET"))}
    env |= {"DIRECTMESSAGES_CORS_ORIGINS": "*", "DIRECTMESSAGES_LISTEN": "127.0.0.1:0"}
    done = harness.run_program("serve", "--migrate", database=harness.sqlite_url(tmp_path / "a.db"), env=env)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert f"DIRECTMESSAGES_CORS_ORIGINS is *, and with DIRECTMESSAGES_{setting} every page" in done.stderr
    assert list(tmp_path.iterdir()) == []
