# SPDX-License-Identifier: MIT
"""CORS as a browser takes it: pages of another port call the API in Chromium."""

import contextlib
import http.server
import json
import threading

import pytest

import browser
from routes import ROUTES

pytestmark = pytest.mark.skipif(browser.PROGRAM is None, reason="needs chromium (Debian's package of that name)")


class EmptyPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = b"<!DOCTYPE html><title>page</title><link rel=icon href=data:,>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def site():
    """A site of one empty page; gives its origin."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), EmptyPage) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Visitor:
    """A page that is open in the browser, of a site of one page unless another title is named."""

    def __init__(self, chromium, url, title="page"):
        self.page = chromium.page()
        self.page.go(url)
        self.page.wait(f"document.title === {json.dumps(title)}")

    def fetch(self, url, token=None, **options):
        """The status, body and readable headers of a response; or the error's name."""
        headers = options.setdefault("headers", {})
        if token:
            headers["Authorization"] = f"Token {token}"
        return self.page.evaluate(
            f"""fetch({json.dumps(url)}, {json.dumps(options)}).then(
                    async answer => [answer.status, await answer.text(), Object.fromEntries(answer.headers)],
                    error => error.name)"""
        )

    def listen(self, url):
        """Whether a stream opens; what it says is collected in `heard`."""
        return self.page.evaluate(
            f"""new Promise(resolve => {{
                    window.heard = [];
                    const source = new EventSource({json.dumps(url)});
                    source.addEventListener("message_sent", event => heard.push(JSON.parse(event.data).content));
                    source.onopen = () => resolve(true);
                    source.onerror = () => {{ source.close(); resolve(false) }};
                }})"""
        )

    def ticket(self, server, user):
        return json.loads(self.fetch(server.base + "events/ticket/", user.token, method="POST")[1])["ticket"]


@pytest.fixture(scope="module")
def chromium():
    with browser.Browser() as running:
        yield running


@pytest.fixture
def sites():
    with site() as listed, site() as stranger:
        yield listed, stranger


def test_a_page_of_a_listed_origin_calls_the_api(make_server, chromium, sites):
    server = make_server(env={"DIRECTMESSAGES_CORS_ORIGINS": f"https://app.example.org,{sites[0]}"})
    alice, bob = server.users(2)
    message = bob.send(alice)
    visitor = Visitor(chromium, sites[0])
    json_body = {"Content-Type": "application/json", "Idempotency-Key": "x", "If-None-Match": '"x"'}
    asked = [(method, route) for route in ROUTES for method in route.methods if method != "OPTIONS"]
    for method, route in sorted(asked, key=lambda one: ["PUT", "DELETE"].index(one[0]) if one[0] in ("PUT", "DELETE") else -1):
        path = server.base + route.path(bob.id, message["id"])
        options = {"body": route.body.decode(), "headers": dict(json_body)} if route.body and method == "POST" else {}
        status, body, _ = visitor.fetch(path, alice.token, method=method, **options)
        assert status in (200, 201, 204), (method, path, status, body)
    bob.send(alice, "once more")  # all is hidden, and nobody blocked any more
    status, body, _ = visitor.fetch(server.base + f"conversations/{bob.id}/", alice.token)
    assert status == 200 and json.loads(body)["results"][0]["content"] == "once more"


def test_it_reads_errors_and_follows_redirects(make_server, chromium, sites):
    server = make_server(env={"DIRECTMESSAGES_CORS_ORIGINS": sites[0], "DIRECTMESSAGES_MAX_BODY_BYTES": 60,
                              "DIRECTMESSAGES_EVENTS_STREAMS": 1})
    alice, bob = server.users(2)
    visitor = Visitor(chromium, sites[0])
    json_body = {"Content-Type": "application/json"}
    asked = [
        (401, "unread/", None, {}),
        (401, "unread/", "x", {}),
        (401, "unread", None, {}),  # redirected; with a token a preflight would come first, which browsers don't redirect
        (404, "nowhere/", None, {}),
        (404, "send/999999999/", alice.token, {"method": "POST", "body": '{"content":"x"}', "headers": json_body}),
        (405, "unread/", alice.token, {"method": "POST"}),
        (406, "unread/", alice.token, {"headers": {"Accept": "text/html"}}),
        (413, f"send/{bob.id}/", alice.token, {"method": "POST", "body": "x" * 61, "headers": json_body}),
        (415, f"send/{bob.id}/", alice.token, {"method": "POST", "body": "x"}),
        (400, f"send/{bob.id}/", alice.token, {"method": "POST", "body": "{", "headers": json_body}),
    ]
    for wanted, path, token, options in asked:
        status, body, _ = visitor.fetch(server.base + path, token, **options)
        assert status == wanted and json.loads(body).keys() == {"detail"}, (path, status, body)
    assert visitor.listen(f"{server.base}events/?ticket={visitor.ticket(server, alice)}")
    status, _, headers = visitor.fetch(server.base + "events/", bob.token)
    assert (status, headers["retry-after"]) == (503, "1")
    assert visitor.fetch(server.base + "unread", alice.token) == "TypeError"


def test_it_listens_with_a_ticket(make_server, chromium, sites):
    server = make_server(env={"DIRECTMESSAGES_CORS_ORIGINS": sites[0]})
    alice, bob = server.users(2)
    visitor = Visitor(chromium, sites[0])
    assert visitor.listen(f"{server.base}events/?ticket={visitor.ticket(server, alice)}")
    bob.send(alice, "to another origin")
    visitor.page.wait("heard.length === 1")
    assert visitor.page.evaluate("heard") == ["to another origin"]


def test_a_page_of_another_origin_learns_nothing(make_server, chromium, sites):
    listed, origin = sites
    server = make_server(env={"DIRECTMESSAGES_CORS_ORIGINS": listed})
    alice, bob = server.users(2)
    stranger = Visitor(chromium, origin)
    assert stranger.fetch(server.base + "unread/") == "TypeError"
    assert stranger.fetch(server.base + "unread/", alice.token) == "TypeError"
    assert stranger.fetch(server.base + f"send/{bob.id}/", alice.token, method="POST", body="content=x") == "TypeError"
    assert server.sql("SELECT count(*) FROM directmessages_message") == [(0,)], "the browser did not ask first"
    ticket = Visitor(chromium, listed).ticket(server, alice)
    assert not stranger.listen(f"{server.base}events/?ticket={ticket}")


@pytest.mark.sqlite
def test_without_the_setting_no_page_does_and_with_a_star_each(make_server, chromium, sites):
    for origins, reads in (("", False), ("*", True)):
        server = make_server(env={"DIRECTMESSAGES_CORS_ORIGINS": origins})
        one = server.user()
        for origin in sites:
            answer = Visitor(chromium, origin).fetch(server.base + "unread/", one.token)
            assert answer[0] == 200 if reads else answer == "TypeError"
    framed = Visitor(chromium, sites[0]).page.evaluate(
        f"""new Promise(resolve => {{
                onmessage = event => resolve(event.data);
                const frame = document.createElement("iframe");
                frame.sandbox = "allow-scripts";
                frame.srcdoc = "<script>fetch('{server.base}unread/').then(() => parent.postMessage('read', '*'),"
                    + " () => parent.postMessage(origin + ' refused', '*'))</" + "script>";
                document.body.append(frame);
            }})"""
    )
    assert framed == "null refused"
