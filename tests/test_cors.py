# SPDX-License-Identifier: MIT
"""CORS: what pages of other origins are told, on every response of the public address."""

import re

import pytest

import reference_project
from django_project import DjangoProject
from hostile_client import library_is_strict
from metrics import Admin
from routes import check_error, on_each_route
from streams import Stream
from test_budget import ask

pytestmark = pytest.mark.short_on("sqlite")  # it is about HTTP, and no store sees it

ORIGIN = "https://app.example.org"
OTHER = "http://127.0.0.1:3000"
STRANGERS = ["https://evil.example", "http://app.example.org", f"{ORIGIN}:444", f"{ORIGIN}/", "https://App.example.org", "null", "*", ""]
EXPOSED = "Retry-After, RateLimit, RateLimit-Policy, Idempotency-Replayed, Location"
ALLOWED = "authorization, content-type, idempotency-key, last-event-id, if-none-match"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


def cors_headers(headers):
    return {name: text for name, text in headers.items() if name.startswith("Access-Control-")}


def check_readable(answer, allowed=ORIGIN):
    """A page of the origin may read the answer and the headers that are not always readable."""
    assert cors_headers(answer.headers) == {
        "Access-Control-Allow-Origin": allowed,
        "Access-Control-Expose-Headers": EXPOSED,
    }, answer
    assert varies_by_origin(answer)


def check_hidden(answer):
    assert cors_headers(answer.headers) == {}, answer
    assert varies_by_origin(answer)


def varies_by_origin(answer):
    return "Origin" in re.split(", *", ", ".join(answer.headers.get_all("Vary") or []))


@pytest.fixture
def open_server(make_server):
    """A server that pages of two origins may call."""

    def make(origins=f"{ORIGIN}, {OTHER}", flags=(), **env):
        env = {f"DIRECTMESSAGES_{name}": value for name, value in env.items()}
        return make_server(env={"DIRECTMESSAGES_CORS_ORIGINS": origins, **env}, flags=flags)

    return make


# ---- while it is off


@on_each_route
def test_without_the_setting_nothing_is_said(server, alice, route):
    for client, status in ((server.anonymous(), 401), (alice, 200)):
        answer = client.options(route.path(), {"Origin": ORIGIN, **PREFLIGHT})
        assert answer.status == status
        assert cors_headers(answer.headers) == {} and "Vary" not in answer.headers


# ---- preflights


@on_each_route
def test_a_preflight_is_answered_before_everything_but_the_path(open_server, route):
    server = open_server()
    for query in ("", "?format=xml"):
        headers = {"Origin": OTHER, "Accept": "text/html", "Authorization": "Token x", **PREFLIGHT}
        answer = server.anonymous().options(route.path() + query, headers)
        assert (answer.status, answer.body) == (204, b"")
        assert cors_headers(answer.headers) == {
            "Access-Control-Allow-Origin": OTHER,
            "Access-Control-Allow-Methods": route.allow,
            "Access-Control-Allow-Headers": ALLOWED,
            "Access-Control-Max-Age": "7200",
        }
        assert answer.headers.get_all("Vary") == ["Origin"]
        assert answer.headers["Allow"] == route.allow


def test_a_preflight_of_a_stranger_allows_nothing(open_server):
    server = open_server()
    for stranger in STRANGERS:
        answer = server.anonymous().options("unread/", {"Origin": stranger, **PREFLIGHT})
        assert answer.status == 204
        check_hidden(answer)


def test_options_without_both_headers_is_no_preflight(open_server):
    server = open_server()
    for headers in ({"Origin": ORIGIN}, PREFLIGHT):
        check_error(server.anonymous().options("unread/", headers), 401, "Authentication credentials were not provided.")
    answer = server.user().options("unread/", {"Origin": ORIGIN})
    assert (answer.status, answer.json()["name"]) == (200, "Unread Messages")
    check_readable(answer)


def test_a_preflight_where_there_is_no_path_or_the_host_is_bad(open_server):
    client = open_server(MAX_BODY_BYTES=10).anonymous()
    answers = {
        404: client.options("nowhere/", {"Origin": ORIGIN, **PREFLIGHT}),
        308: client.options("unread", {"Origin": ORIGIN, **PREFLIGHT}),
        400: client.options("unread/", {"Origin": ORIGIN, "Host": "a/b", **PREFLIGHT}),
        413: client.request("OPTIONS", "unread/", b"x" * 11, {"Origin": ORIGIN, **PREFLIGHT}),
    }
    for status, answer in answers.items():
        assert answer.status == status
        check_readable(answer)


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/", "/api/docs/page.js"])
def test_the_servers_own_paths_too(open_server, path):
    client = open_server().anonymous()
    answer = client.options(path, {"Origin": ORIGIN, **PREFLIGHT})
    assert (answer.status, answer.headers["Access-Control-Allow-Methods"]) == (204, "GET, HEAD")
    answer = client.get(path, {"Origin": ORIGIN, "Accept-Encoding": "gzip"})
    assert answer.status == 200
    check_readable(answer)
    check_error(client.options(path, {"Origin": ORIGIN}), 405, 'Method "OPTIONS" not allowed.')


@pytest.mark.parametrize("origins", [ORIGIN, "*"])
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_what_is_for_the_operator_is_for_no_page(open_server, path, origins):
    client = open_server(origins).anonymous()
    for answer, status in (
        (client.get(path, {"Origin": ORIGIN}), 200),
        (client.head(path, {"Origin": ORIGIN}), 200),
        (client.options(path, {"Origin": ORIGIN, **PREFLIGHT}), 405),
    ):
        assert (answer.status, cors_headers(answer.headers)) == (status, {})


# ---- all other responses


@on_each_route
def test_successes(open_server, route):
    server = open_server()
    alice, bob = server.users(2)
    message = alice.send(bob)
    for method in route.methods:
        for origin, check in ((ORIGIN, check_readable), ("https://evil.example", check_hidden)):
            body = route.body if method in ("POST", "PUT") else None
            headers = {"Origin": origin, "Content-Type": "application/json"}
            answer = alice.request(method, route.path(bob.id, message["id"]), body, headers)
            assert answer.status in (200, 201, 204), answer
            check(answer)


def test_every_kind_of_error_and_redirects(open_server):
    server = open_server(MAX_BODY_BYTES=60)
    user, one = server.anonymous(), server.user()
    json = {"Content-Type": "application/json"}
    asked = [
        (400, one, "POST", f"send/{one.id}/", b"{", json),
        (400, one, "GET", "unread/", None, {"Host": "a/b"}),
        (401, user, "GET", "unread/", None, {}),
        (401, user, "GET", "unread/", None, {"Authorization": "Token x"}),
        (401, user, "GET", "events/?ticket=x", None, {}),
        (404, one, "GET", "nowhere/", None, {}),
        (404, one, "POST", "send/999999999/", b'{"content":"x"}', json),
        (405, one, "PATCH", "unread/", None, {}),
        (406, one, "GET", "unread/", None, {"Accept": "text/html"}),
        (413, one, "POST", f"send/{one.id}/", b"x" * 61, json),
        (415, one, "POST", f"send/{one.id}/", b"x", {"Content-Type": "text/plain"}),
        (301, user, "GET", "unread?a=b", None, {}),
        (308, user, "POST", "send/1", b"", {}),
    ]
    if not library_is_strict():  # libmicrohttpd 1.0 refuses it by itself, without our headers
        asked.append((501, one, "POST", f"send/{one.id}/", b"", {"Transfer-Encoding": "gzip, chunked"}))
    for status, client, method, path, body, headers in asked:
        for allowed, origin in ((ORIGIN, ORIGIN), (None, "https://evil.example"), (None, None)):
            answer = client.request(method, path, body, {**headers, **({"Origin": origin} if origin else {})})
            assert answer.status == status, answer
            check_readable(answer) if allowed else check_hidden(answer)


def test_a_longer_body_than_was_said(open_server):
    server = open_server(MAX_BODY_BYTES=60)
    one = server.user()
    head = f"POST {server.path('send/1/')} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {one.token}\r\nOrigin: {ORIGIN}\r\n"
    chunks = f"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n{'x' * 80}\r\n0\r\n\r\n"
    answer = server.exchange((head + chunks).encode())
    assert answer.status == 413
    check_readable(answer)


@pytest.mark.sqlite
def test_a_response_when_there_is_no_room(open_server):
    server = open_server(MAX_BUFFER_BYTES=1 << 24)
    bob, *many = server.users(12)
    raws, answers = ask(server, many, bob, f"Origin: {ORIGIN}")
    for raw in raws:
        raw.close()
    refused = [answer for answer in answers if answer.status == 503]
    assert refused
    for answer in refused:
        check_error(answer, 503, "Service temporarily unavailable.")
        check_readable(answer)


def test_one_origin_twice_or_several_at_once_match_nothing(open_server):
    one = open_server().user()
    check_hidden(one.get("unread/", {"Origin": f"{ORIGIN}, {ORIGIN}"}))
    for stranger in STRANGERS:
        check_hidden(one.get("unread/", {"Origin": stranger}))


def test_a_star_is_everybody_but_null(open_server):
    server = open_server("*")
    one = server.user()
    for origin in (ORIGIN, "https://anywhere.example:1234"):
        check_readable(one.get("unread/", {"Origin": origin}), "*")
        answer = server.anonymous().options("unread/", {"Origin": origin, **PREFLIGHT})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    for headers in ({"Origin": "null"}, {}):
        check_hidden(one.get("unread/", headers))
    check_hidden(server.anonymous().options("unread/", {"Origin": "null", **PREFLIGHT}))


def test_nobody_is_told_that_credentials_may_be_sent(open_server):
    for origins in (ORIGIN, "*"):
        one = open_server(origins).user()
        for answer in (one.get("unread/", {"Origin": ORIGIN}), one.options("unread/", {"Origin": ORIGIN, **PREFLIGHT})):
            assert "Access-Control-Allow-Credentials" not in answer.headers


# ---- streams


class Told:
    """The headers of a stream, as check_readable wants them."""

    def __init__(self, stream):
        self.headers = HeadersOf(stream.headers)


class HeadersOf(dict):
    def get_all(self, name):
        return [self[name]] if name in self else None


def test_streams(open_server):
    server = open_server(EVENTS_STREAMS_PER_USER=1)
    alice, bob = server.users(2)
    ticket = alice.post("events/ticket/", b"").json()["ticket"]
    with Stream(server.anonymous(), f"?ticket={ticket}", headers={"Origin": ORIGIN}) as stream:
        assert stream.status == 200
        check_readable(Told(stream))
        bob.send(alice, "to a page")
        assert stream.next().data["content"] == "to a page"
        answer = alice.get("events/", {"Origin": ORIGIN})
        check_error(answer, 429, "Too many event streams of this user are open.")
        check_readable(answer)
    for headers in ({"Origin": "https://evil.example"}, {}):
        with Stream(bob, headers=headers) as stream:
            check_hidden(Told(stream))
        bob = server.user()  # whose stream is not there yet
    check_readable(alice.head("events/", {"Origin": ORIGIN}))


# ---- the other address, small heads, another server


@pytest.mark.sqlite
def test_the_operators_address_knows_no_origins(open_server):
    server = open_server(flags=["--admin-listen", "127.0.0.1:0"])
    client = Admin(server).anonymous()
    asked = [("GET", "/livez", {}), ("OPTIONS", "/livez", PREFLIGHT), ("GET", "/nosuch", {}), ("OPTIONS", "/nosuch", PREFLIGHT)]
    for method, path, headers in asked:
        answer = client.request(method, path, headers={"Origin": ORIGIN, **headers})
        assert answer.status in (200, 404, 405)
        assert cors_headers(answer.headers) == {} and "Vary" not in answer.headers


@pytest.mark.sqlite
def test_heads_as_large_as_they_may_be(open_server):
    """The response's head has to fit beside the request's."""
    host = "a" * 200 + ".example"
    server = open_server(f"https://{host}", MAX_HEADER_BYTES=1024, TRUST_USER_HEADER="X-User-Id")
    for size in range(100, 740, 20):
        answer = server.anonymous().get("unread?" + "a" * size, {"Origin": f"https://{host}"})
        assert answer.status in (301, 414), size
        assert answer.headers["Access-Control-Allow-Origin"] == f"https://{host}"
        assert answer.headers["Access-Control-Allow-Credentials"] == "true" and varies_by_origin(answer)


@pytest.mark.sqlite
@pytest.mark.skipif(reference_project.why_not() is not None, reason=str(reference_project.why_not()))
def test_as_django_cors_headers_does(tmp_path, database, make_both):
    """For one origin the headers are those of the app that a Django project would use, but for the methods, which are
    the path's own here, and for the status of a preflight, 204."""
    settings = f"""
INSTALLED_APPS += ["corsheaders"]
MIDDLEWARE.insert(0, "corsheaders.middleware.CorsMiddleware")
CORS_ALLOWED_ORIGINS = ["{ORIGIN}"]
CORS_EXPOSE_HEADERS = {EXPOSED.split(", ")!r}
CORS_ALLOW_HEADERS = {ALLOWED.split(", ")!r}
CORS_PREFLIGHT_MAX_AGE = 7200
"""
    project = DjangoProject(tmp_path / "project", database, settings)
    project.migrate()
    both = make_both(project, env={"DIRECTMESSAGES_CORS_ORIGINS": ORIGIN})
    (one,) = both.accounts("one")

    def told(client, method, path, headers):
        answer = client.request(method, path, headers=headers)
        found = {name.lower(): text for name, text in answer.headers.items() if name.lower().startswith("access-control-")}
        return answer, found

    for origin in (ORIGIN, "https://evil.example", "null", None):
        own = {"Origin": origin} if origin else {}
        asked = [
            ("GET", "unread/", {}),
            ("HEAD", "unread/", {}),
            ("GET", "nowhere/", {}),
            ("GET", "unread/", {"Authorization": "Token x"}),
            ("PATCH", "unread/", {}),
            ("GET", "unread", {}),
            ("OPTIONS", "unread/", PREFLIGHT),
        ]
        for method, path, headers in asked:
            ours, found = told(one.ours, method, path, {**own, **headers})
            theirs, wanted = told(one.theirs, method, path, {**own, **headers})
            if method == "OPTIONS" and origin:
                assert (ours.status, theirs.status) == (204, 200)
                if "access-control-allow-methods" in found:
                    assert set(found.pop("access-control-allow-methods").split(", ")) == {"GET", "HEAD", "OPTIONS"}
                    wanted.pop("access-control-allow-methods")
                    wanted.pop("access-control-expose-headers")  # which says nothing in a preflight
            else:
                assert ours.status == theirs.status
            assert found == wanted, (origin, method, path)
            assert varies_by_origin(ours) and "origin" in theirs.headers["Vary"].lower()
