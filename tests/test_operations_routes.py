# SPDX-License-Identifier: MIT
"""Paths of the server itself: outside the prefix, for everybody, only to be read."""

import pytest

from routes import ROUTES, check_error
from harness import run_program

pytestmark = pytest.mark.sqlite

PUBLIC = ["/livez", "/readyz", "/metrics"]

on_each_path = pytest.mark.parametrize("path", PUBLIC)


def test_livez(server):
    answer = server.anonymous().get("/livez")
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert answer.headers.get_all("Content-Type") == ["text/plain; charset=utf-8"]
    assert answer.headers.get_all("Cache-Control") == ["no-store"]
    assert answer.headers.get_all("X-Content-Type-Options") == ["nosniff"]


@on_each_path
@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Token nonsense"}, {"Authorization": "Basic eDp5"}, {"Accept": "image/png"}, {"Accept": "x"}],
    ids=str,
)
def test_neither_credentials_nor_accept_matter(server, path, headers):
    assert server.anonymous().get(path, headers).status == 200
    assert server.anonymous().get(path + "?format=xml", headers).status == 200


@on_each_path
def test_head_is_get_without_a_body(server, path):
    get, head = server.anonymous().get(path), server.anonymous().head(path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    with server.raw(f"HEAD {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()) as connection:
        assert connection.response(head=True).status == 200
        connection.send(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.response().body == b"ok\n"


@on_each_path
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"])
def test_other_methods_are_405(alice, path, method):
    for client in (alice, alice.server.anonymous()):
        answer = client.request(method, path, b"{}")
        check_error(answer, 405, f'Method "{method}" not allowed.')
        assert answer.headers.get_all("Allow") == ["GET, HEAD"]


@on_each_path
def test_nothing_near_it_is_there(alice, path):
    for other in (path + "/", path + "x", path[:-1], "/" + path, path.upper(), path[1:], "/api/dm" + path):
        check_error(alice.get(other), 404, "Not found.")


def test_size_and_host_come_before_the_path(server):
    anonymous = server.anonymous()
    assert anonymous.request("GET", "/livez", headers={"Content-Length": "99999999"}).status == 413
    assert anonymous.get("/livez", {"Host": "a b"}).status == 400


@pytest.mark.parametrize("prefix", ["", "livez", "livez/livez"])
def test_no_prefix_is_in_the_way(make_server, prefix):
    server = make_server(prefix=prefix)
    one, two = server.users(2)
    one.send(two)
    assert two.unread() == 1
    assert server.anonymous().get("/livez").body == b"ok\n"
    assert server.anonymous().get("unread/").status == 401
    assert server.anonymous().get("unread").headers["Location"] == server.prefix + "unread/"


@pytest.mark.parametrize("prefix", ["api/dm", "", "a/b"])
def test_routes_lists_every_path_once(prefix):
    done = run_program("routes", "--prefix", prefix)
    paths = [line[33:].split()[0] for line in done.stdout.splitlines()[1:]]
    root = f"/{prefix}/" if prefix else "/"
    own = [path.replace("{user}", "<user>").replace("{message}", "<id>") for path in (e.template for e in ROUTES)]
    assert paths[: len(own)] == [root + path for path in own]
    assert set(PUBLIC) <= set(paths) and len(set(paths)) == len(paths)
    assert [line for line in done.stdout.splitlines() if line.startswith("GET, HEAD ") and "/livez" in line]
