# SPDX-License-Identifier: MIT
"""Which representation is asked for and sent: Accept, ?format=, Content-Type, and methods."""

import pytest

from routes import ROUTES, check_error, on_each_route, on_each_sending_route

pytestmark = pytest.mark.short_on("sqlite")  # it is about HTTP, and no store sees it

NOT_ACCEPTABLE = "Could not satisfy the request Accept header."
JSON = b'{"content":"x"}'


@on_each_route
def test_accept_that_excludes_json_is_406_on_each_route(alice, route):
    for method in set(route.methods) - {"HEAD"}:
        answer = alice.request(method, route.path(), headers={"Accept": "text/html"})
        check_error(answer, 406, NOT_ACCEPTABLE)


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/*",
        "application/xml, text/*;q=0.9",
        "application/vnd.api+json",
        "json",
        "*",
        "application",
        ",",
    ],
)
def test_accept_that_excludes_json(alice, accept):
    check_error(alice.get("unread/", {"Accept": accept}), 406, NOT_ACCEPTABLE)


def test_empty_accept_accepts_nothing(alice):
    check_error(alice.get("unread/", {"Accept": ""}), 406, NOT_ACCEPTABLE)


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/*",
        "application/json",
        "APPLICATION/JSON",
        " application/json ",
        "application/json; charset=utf-8",
        "application/json;q=0.1",
        "text/html,application/json",
        "text/html, */*",
        "text/html, application/*;q=0.1",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8",
    ],
)
def test_accept_that_includes_json(alice, accept):
    answer = alice.get("unread/", {"Accept": accept})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("accept", ["application/json;q=0", "*/*;q=0"])
def test_weights_in_accept_are_not_looked_at(alice, accept):
    assert alice.get("unread/", {"Accept": accept}).status == 200


def test_no_accept_accepts_json(alice):
    assert alice.get("unread/").status == 200


def test_several_accept_headers_count_together(alice):
    headers = [("Accept", "text/html"), ("Accept", "application/json")]
    assert alice.get("unread/", headers).status == 200
    check_error(alice.get("unread/", [("Accept", "text/html"), ("Accept", "text/plain")]), 406, NOT_ACCEPTABLE)


@on_each_route
def test_format_other_than_json_is_404_on_each_route(alice, route):
    for method in set(route.methods) - {"HEAD"}:
        check_error(alice.request(method, route.path() + "?format=api"), 404, "Not found.")


@pytest.mark.parametrize(
    "query", ["format=xml", "format=JSON", "format=json%20", "x=1&format=api", "format=json&format=xml", "%66ormat=xml"]
)
def test_format_other_than_json(alice, query):
    check_error(alice.get(f"unread/?{query}"), 404, "Not found.")


@pytest.mark.parametrize("query", ["format=json", "format=", "format", "format=xml&format=json", "Format=xml", ""])
def test_format_json_or_empty(alice, query):
    assert alice.get(f"unread/?{query}").status == 200


def test_format_json_does_not_replace_accept(alice):
    check_error(alice.get("unread/?format=json", {"Accept": "text/html"}), 406, NOT_ACCEPTABLE)


def test_unknown_format_comes_before_accept_and_credentials(server):
    check_error(server.anonymous().get("unread/?format=xml", {"Accept": "text/html"}), 404, "Not found.")


@on_each_sending_route
@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; charset=utf-8",
        "TEXT/Plain",
        "text/json",
        "application/xml",
        "application/jsonx",
        "application/vnd.api+json",
        "multipart/mixed; boundary=XX",
        "garbage",
        'text/"quoted\\"',
    ],
)
def test_other_media_type_is_415_and_named_as_sent(alice, bob, route, content_type):
    answer = alice.post(route.path(bob.id), JSON, content_type)
    check_error(answer, 415, f'Unsupported media type "{content_type}" in request.')
    assert bob.unread() == 0


@on_each_sending_route
def test_body_without_media_type_is_415(alice, bob, route):
    check_error(alice.request("POST", route.path(bob.id), JSON), 415, 'Unsupported media type "" in request.')
    check_error(alice.post(route.path(bob.id), JSON, ""), 415, 'Unsupported media type "" in request.')


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=utf-8",
        "application/json ; x=y",
        "application/json;",
    ],
)
def test_json_by_its_media_type(alice, bob, content_type):
    answer = alice.post(f"send/{bob.id}/", JSON, content_type)
    assert (answer.status, answer.json()["content"]) == (201, "x")


@on_each_sending_route
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json", "application/x-www-form-urlencoded"])
def test_empty_body_counts_as_an_empty_object_in_any_media_type(alice, bob, route, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    for body in (None, b""):
        check_error(alice.request("POST", route.path(bob.id), body, headers), 400, "content is required")


def test_body_of_a_request_that_takes_none_is_not_looked_at(alice, bob):
    message = alice.send(bob)
    headers = {"Content-Type": "text/plain"}
    assert alice.request("GET", "unread/", b"{", headers).status == 200
    assert alice.request("DELETE", f"messages/{message['id']}/", b"{", headers).status == 204


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO", "PROPFIND", "get"]
NOT_OFFERED = [(route, method) for route in ROUTES for method in METHODS if method not in route.methods]


@pytest.mark.parametrize("route, method", NOT_OFFERED, ids=lambda value: getattr(value, "name", value))
def test_method_that_the_route_does_not_offer_is_405(alice, route, method):
    answer = alice.request(method, route.path())
    assert (answer.status, answer.headers["Allow"]) == (405, route.allow)
    if method != "HEAD":
        check_error(answer, 405, f'Method "{method}" not allowed.')
