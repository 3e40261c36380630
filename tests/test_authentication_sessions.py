# SPDX-License-Identifier: MIT
"""docs/authentication.md, carried out: sessions that a proxy knows, with real nginx, Django and Chromium."""

import contextlib
import http.cookiejar
import json
import socket
import urllib.error
import urllib.request

import pytest

import browser
import nginx
import oauth_proxy
import reference_project
from clients import RawConnection
from django_project import ADMIN, ADMIN_URLS, DjangoProject
from routes import compact
from test_authentication_page import page, ports, run  # noqa: F401 (fixtures)
from test_cors_browser import Visitor, site
from test_csrf import REFUSED

NOT_PROVIDED = {"detail": "Authentication credentials were not provided."}
OWN = {"Sec-Fetch-Site": "same-origin"}
needs_nginx = pytest.mark.skipif(nginx.PROGRAM is None, reason="needs nginx")
needs_python = pytest.mark.skipif(reference_project.why_not() is not None, reason=str(reference_project.why_not()))


class Front:
    """What clients of nginx see: our server, Django's pages, the OAuth proxy; `sessions` has cookies by user."""

    prefix = "/api/dm/"

    def __init__(self, tmp_path, server, proxy):
        self.server, self.proxy = server, proxy
        self.host, self.port = "127.0.0.1", proxy.port
        self.origin = f"http://127.0.0.1:{proxy.port}"

    def ask(self, method, path, headers=(), body=None):
        """The status and the body of one request."""
        request = urllib.request.Request(f"{self.origin}{path}", method=method, headers=dict(headers), data=body)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read()

    def whoami(self, **headers):
        status, body = self.ask("GET", "/api/dm/unread/", headers)
        return json.loads(body)["id"] if status == 200 else status


@pytest.fixture
def stack():
    with contextlib.ExitStack() as made:
        yield made


def start(stack, tmp_path, make_server, page, kind, backend, more=None, **options):
    _, settings = run(page[f"sh {kind}"])
    listen = settings.pop("DIRECTMESSAGES_LISTEN")
    server = make_server(listen=listen, env={**settings, **(more or {})}, **options)
    proxy = nginx.Nginx(tmp_path / "nginx", backend)
    stack.callback(proxy.close)
    proxy.put_lines(page[f"nginx {kind}"])
    return Front(tmp_path, server, proxy.start())


# ---- sessions of Django


class Site:
    """A Django project with the page's view, on the database of our server, behind one nginx."""

    def __init__(self, stack, tmp_path, make_server, page, ports, database, more=None):
        urls = f"{page['python whoami']}\n{ADMIN_URLS}\nurlpatterns.append(path('whoami/', whoami))\n"
        self.project = DjangoProject(tmp_path / "project", database, settings=ADMIN, urls=urls)
        self.project.migrate()
        backend = stack.enter_context(self.project.serving(port=ports[0]))
        self.front = start(stack, tmp_path, make_server, page, "session", backend, more, database=database.store, migrate=False)

    def user(self, name):
        """Makes a user who may log in to the admin; gives the id, a session's cookie, and a token."""
        return self.project.shell(
            "from django.contrib.auth import get_user_model\n"
            "from django.test import Client\n"
            "from rest_framework.authtoken.models import Token\n"
            f"user = get_user_model().objects.create_superuser({name!r}, password='secret')\n"
            "client = Client()\n"
            "client.force_login(user)\n"
            "result = [user.pk, 'sessionid=' + client.cookies['sessionid'].value, Token.objects.create(user=user).key]"
        )


@pytest.fixture
def django_site(stack, tmp_path, make_server, page, ports, database):
    def make(**more):
        return Site(stack, tmp_path, make_server, page, ports, database, more)

    return make


@needs_nginx
@needs_python
def test_a_session_of_django(django_site):
    made = django_site()
    front = made.front
    (mary, session, token), (john, other, _) = made.user("mary"), made.user("john")
    assert front.whoami(Cookie=session) == mary and front.whoami(Cookie=other) == john
    check_nobody_is_somebody_else(front, mary, john, session)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": session}
    status, body = front.ask("POST", f"/api/dm/send/{john}/", {**form, **OWN}, b"content=by+session")
    assert (status, json.loads(body)["sender"]) == (201, mary)
    status, _ = front.ask("POST", f"/api/dm/send/{john}/", {**form, "Origin": front.origin}, b"content=by+origin")
    assert status == 201
    for headers in ({}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        status, body = front.ask("POST", f"/api/dm/send/{john}/", {**form, **headers}, b"content=x")
        assert (status, body) == (403, compact({"detail": REFUSED}))
    assert front.whoami(Authorization=f"Token {token}") == mary  # as before, by the same path
    made.project.shell("from django.contrib.sessions.models import Session\nresult = Session.objects.all().delete()")
    assert front.ask("GET", "/api/dm/unread/", {"Cookie": session}) == (401, compact(NOT_PROVIDED))


def check_nobody_is_somebody_else(front, mary, john, session):
    """Whatever a client sends: nginx says who it is."""
    for headers in ({}, {"Cookie": "sessionid=x"}, {"Cookie": ""}):
        for name in ("X-User-Id", "x-user-id", "X_User_Id", "X-USER_ID"):
            assert front.ask("GET", "/api/dm/unread/", {**headers, name: str(john)}) == (401, compact(NOT_PROVIDED))
    for name in ("X-User-Id", "x-user-id", "X_User_Id"):
        assert front.whoami(Cookie=session, **{name: str(john)}) == mary
    assert front.whoami(Cookie=session, Connection="close, X-User-Id") == mary
    assert front.ask("GET", "/whoami/", {"Cookie": session})[0] == 404
    for lines in (
        [f"X-User-Id: {john}", f"X-User-Id: {john}"],
        [f"X-User-Id : {john}"],
        ["X-Other: a", f" X-User-Id: {john}"],
        [f"X-User-Id\t: {john}"],
        ["Transfer-Encoding: chunked", "Trailer: X-User-Id"],
    ):
        body = f"0\r\nX-User-Id: {john}\r\n\r\n" if "chunked" in lines[0] else ""
        answers = pipeline(front, [[f"Cookie: {session}", *lines]], [body])
        assert [answer.status for answer in answers] in ([200], [400]), lines
        assert all(answer.json()["id"] == mary for answer in answers if answer.status == 200)
    lines = [[f"Cookie: {session}"], [], [f"Cookie: {session}"], [f"X-User-Id: {john}"], ["Cookie: sessionid=x"]]
    answers = pipeline(front, lines * 4)
    assert [answer.status for answer in answers] == [200, 401, 200, 401, 401] * 4
    assert {answer.json()["id"] for answer in answers if answer.status == 200} == {mary}


def pipeline(front, requests, bodies=None):
    """The responses to requests that are sent at once on one connection."""
    data = ""
    for number, lines in enumerate(requests):
        head = [f"GET {front.prefix}unread/ HTTP/1.1", f"Host: 127.0.0.1:{front.port}", *lines, ""]
        data += "".join(f"{line}\r\n" for line in head) + (bodies[number] if bodies else "")
    raw = RawConnection(socket.create_connection(("127.0.0.1", front.port), timeout=60))
    with raw:
        raw.send(data.encode())
        return [raw.response() for _ in requests]


@needs_nginx
@needs_python
@pytest.mark.skipif(browser.PROGRAM is None, reason="needs chromium")
def test_pages_in_a_browser(django_site):
    """One who has logged in to Django's admin: a page of the site acts, pages of other origins only if they are listed."""
    with browser.Browser() as chromium, site() as listed, site() as stranger:
        made = django_site(DIRECTMESSAGES_CORS_ORIGINS=listed)
        front = made.front
        mary, john = made.user("mary")[0], made.user("john")[0]
        own = log_in(chromium, front.origin)
        url = f"{front.origin}/api/dm/"
        form = {"method": "POST", "body": "content=x", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
        assert json.loads(own.fetch(url + "unread/")[1])["id"] == mary
        assert own.fetch(f"{url}send/{john}/", **form)[0] == 201
        assert own.listen(url + "events/")
        page = Visitor(chromium, listed)
        assert json.loads(page.fetch(url + "unread/", credentials="include")[1])["id"] == mary
        assert page.fetch(f"{url}send/{john}/", credentials="include", **form)[0] == 201
        assert page.fetch(url + "unread/")[0] == 401  # without the cookie
        evil = Visitor(chromium, stranger)
        assert evil.fetch(url + "unread/", credentials="include") == "TypeError"
        assert evil.fetch(f"{url}send/{john}/", credentials="include", **form) == "TypeError"
        simple = {**form, "headers": {"Content-Type": "application/x-www-form-urlencoded"}, "mode": "no-cors"}
        evil.fetch(f"{url}send/{john}/", credentials="include", **simple)
        submit_form(evil, f"{url}send/{john}/")
        assert made.front.server.sql("SELECT count(*) FROM directmessages_message") == [(2,)]


def log_in(chromium, origin):
    """Logs in by the form of Django's admin; gives the page."""
    visitor = Visitor(chromium, f"{origin}/admin/login/?next=/admin/", "Log in | Django site admin")
    visitor.page.type("#id_username", "mary")
    visitor.page.type("#id_password", "secret")
    visitor.page.click("input[type=submit]")
    visitor.page.wait("location.pathname === '/admin/' && document.readyState === 'complete'")
    return visitor


def submit_form(visitor, url):
    """As a page does that wants its visitor to send something: the browser shows what came of it."""
    visitor.page.evaluate(
        f"""document.body.innerHTML = '<form method=post action={json.dumps(url)}><input name=content value=x></form>';
            document.forms[0].submit()"""
    )
    visitor.page.wait("document.body !== null && document.body.innerText.includes('CSRF Failed')")


# ---- an OAuth proxy


@needs_nginx
@pytest.mark.parametrize("kind", oauth_proxy.PROXIES)
def test_an_oauth_proxy(stack, tmp_path, make_server, page, ports, kind):
    if kind == "oauth2-proxy" and oauth_proxy.PROGRAM is None:
        pytest.skip("needs oauth2-proxy")
    front = start(stack, tmp_path, make_server, page, "oauth2", ports[0])
    stack.enter_context(oauth_proxy.PROXIES[kind](tmp_path, ports[1], front.origin))
    mary, john = front.server.user(oauth_proxy.USER), front.server.user("john@example.org")
    for headers in ({}, {"X-Auth-Request-Email": "john@example.org"}, {"Authorization": f"Token {john.token}"}):
        assert front.whoami(**headers) == 401
    jar = http.cookiejar.CookieJar()
    client = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    where = "/oauth2/start?rd=%2Fapi%2Fdm%2Funread%2F"
    with client.open(front.origin + where) as answer:
        assert json.load(answer)["id"] == mary.id
    cookie = "; ".join(f"{one.name}={one.value}" for one in jar)
    assert front.whoami(Cookie=cookie) == mary.id
    for headers in ({"X-Auth-Request-Email": "john@example.org"}, {"Authorization": f"Token {john.token}"}, {"Authorization": "Bearer x.y.z"}):
        assert front.whoami(Cookie=cookie, **headers) == mary.id
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    assert front.ask("POST", f"/api/dm/send/{john.id}/", form, b"content=x")[0] == 403
    status, body = front.ask("POST", f"/api/dm/send/{john.id}/", {**form, **OWN}, b"content=x")
    assert (status, json.loads(body)["sender"]) == (201, mary.id)
