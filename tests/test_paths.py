# SPDX-License-Identifier: MIT
"""Which paths there are: unknown ones, ids, missing slashes, and the prefix."""

import pytest

from routes import check_error, on_each_route

pytestmark = pytest.mark.short_on("sqlite")  # it is about HTTP, and no store sees it

NO_USER = "No User matches the given query."
NO_MESSAGE = "Message not found or not authorized."
MALFORMED_HEAD = "The request line or a header is malformed."
BAD_HOST = "Invalid Host header."
FORTY_NINES = "9" * 40

UNKNOWN = [
    "",
    "nowhere/",
    "nowhere",
    "unread//",
    "unread/unread/",
    "conversations/2/x/",
    "conversations/unread/1/",
    "send/",
    "send",
    "send//",
    "send/2/extra/",
    "messages/",
    "/",
    "/api",
    "/api/dm",
    "/api/dmx/unread/",
    "/api/dm//unread/",
    "//api/dm/unread/",
    "/API/dm/unread/",
    "/api/dm/Unread/",
    "/api/dm/./unread/",
    "/api/dm/x/../unread/",
    "/unread/",
]

NOT_A_NUMBER = ["abc", "-1", "+1", "1.5", "1e3", "0x1", "%20", "%201", "1%20", "1;x", "%D9%A2", "1,2", "None"]


@pytest.mark.parametrize("path", UNKNOWN)
def test_unknown_path_is_404(alice, path):
    check_error(alice.get(path), 404, "Not found.")
    check_error(alice.post(path, {"content": "x"}), 404, "Not found.")


@pytest.mark.parametrize("template", ["conversations/{}/", "messages/{}/", "send/{}/", "conversations/{}", "send/{}"])
@pytest.mark.parametrize("identity", NOT_A_NUMBER)
def test_id_that_is_not_digits_is_404(alice, template, identity):
    for method in ("GET", "POST", "DELETE"):
        check_error(alice.request(method, template.format(identity)), 404, "Not found.")


@pytest.mark.parametrize(
    "identity", ["9223372036854775807", "9223372036854775808", "18446744073709551616", FORTY_NINES]
)
def test_id_beyond_64_bits_is_as_one_that_does_not_exist(alice, identity):
    check_error(alice.get(f"conversations/{identity}/"), 404, NO_USER)
    check_error(alice.post(f"conversations/{identity}/", {"content": "x"}), 404, NO_USER)
    check_error(alice.post(f"send/{identity}/", {"content": "x"}), 404, NO_USER)
    check_error(alice.delete(f"messages/{identity}/"), 404, NO_MESSAGE)


def test_id_that_wraps_around_64_bits_is_nobody(alice, bob):
    check_error(alice.post(f"send/{2**64 + bob.id}/", {"content": "x"}), 404, NO_USER)
    check_error(alice.post(f"send/{2**32 + bob.id}/", {"content": "x"}), 404, NO_USER)
    assert bob.unread() == 0


def test_id_zero_does_not_exist(alice):
    check_error(alice.get("conversations/0/"), 404, NO_USER)
    check_error(alice.post("send/0/", {"content": "x"}), 404, NO_USER)
    check_error(alice.delete("messages/0/"), 404, NO_MESSAGE)


@pytest.mark.parametrize("zeros", [1, 5, 40])
def test_ids_may_have_leading_zeros(alice, bob, zeros):
    lead = "0" * zeros
    sent = alice.post(f"send/{lead}{bob.id}/", {"content": "x"})
    assert (sent.status, sent.json()["recipient"]) == (201, bob.id)
    assert len(bob.conversation(alice)["results"]) == 1
    assert len(bob.page(f"conversations/{lead}{alice.id}/")["results"]) == 1
    assert bob.post(f"conversations/{lead}{alice.id}/", {"content": "y"}).status == 201
    assert alice.delete(f"messages/{lead}{sent.json()['id']}/").status == 204
    assert [message["content"] for message in alice.conversation(bob)["results"]] == ["y"]


def test_percent_encoding_in_the_path_is_decoded(alice, bob):
    assert alice.get("%75nread/").json()["id"] == alice.id
    digits = "".join(f"%{ord(digit):02x}" for digit in str(bob.id))
    assert alice.post(f"send/{digits}/", {"content": "x"}).json()["recipient"] == bob.id


def raw_get(server, user, target):
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {user.token}\r\n\r\n"
    return server.exchange(head.encode())


def test_question_mark_without_a_query(alice):
    assert alice.get("unread/?").status == 200


@on_each_route
@pytest.mark.parametrize("query", ["", "?a=1&b=%20", "?a=b?c", "?cursor=%3D&%C3%A9=1+2&x[]=1"])
def test_missing_slash_is_301_for_get_and_head_and_308_for_others(server, route, query):
    path = server.path(route.path().rstrip("/"))
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"):
        answer = server.anonymous().request(method, path + query)
        assert answer.status == (301 if method in ("GET", "HEAD") else 308)
        assert answer.headers.get_all("Location") == [path + "/" + query]


def test_missing_slash_answers_with_nothing_that_is_no_uri(server):
    """Raw bytes of the query, which clients and proxies read in different ways, come back escaped."""
    foreign = bytes(sorted({*range(0x21, 0x7F), *range(0x80, 0x100)} - {0x25}))
    line = b"GET " + server.prefix.encode() + b"unread?" + foreign + b"%zz%4%C3%a9% HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = server.exchange(line)
    assert answer.status == 301
    allowed = "!$&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~"
    escaped = "".join(chr(byte) if chr(byte) in allowed else f"%{byte:02X}" for byte in foreign)
    assert answer.headers["Location"] == f"{server.prefix}unread/?{escaped}%25zz%254%C3%a9%25"


def test_missing_slash_of_a_uri_that_escaped_is_too_long(server):
    answer = server.exchange(b"GET " + server.prefix.encode() + b"unread?" + b"\xff" * 7000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    check_error(answer, 414, "The URI is too long to be redirected: let its path end with a slash.")


@pytest.mark.parametrize("scheme", ["http", "HTTP", "https"])
@pytest.mark.parametrize("path", ["unread/", "unread/?a=b", "unread/?a=http://x/&b", "%75nread/"])
def test_absolute_form(server, alice, scheme, path):
    """As a client writes it to a proxy (RFC 9112, 3.2.2)."""
    answer = raw_get(server, alice, f"{scheme}://example.com:8080{server.prefix}{path}")
    assert (answer.status, answer.body) == (200, f'{{"id":{alice.id},"count":0}}'.encode())


@pytest.mark.parametrize("path", ["", "/", "?a", "/nowhere/", "//api/dm/unread/"])
def test_absolute_form_of_no_path(server, alice, path):
    check_error(raw_get(server, alice, f"http://example.com{path}"), 404, "Not found.")


@pytest.mark.parametrize("target", ["http:/api/dm/unread/", "http:api/dm/unread/", "ftp://x/api/dm/unread/", "http", "http:", "*"])
def test_a_target_in_no_form(server, alice, target):
    check_error(raw_get(server, alice, target), 404, "Not found.")


@pytest.mark.parametrize("host, detail", [("", MALFORMED_HEAD), ("user@x", BAD_HOST), ("x:y", BAD_HOST)])
def test_absolute_form_with_a_host_that_is_none(server, alice, host, detail):
    check_error(raw_get(server, alice, f"http://{host}{server.prefix}unread/"), 400, detail)


def test_absolute_form_lacks_a_slash(server, alice):
    answer = raw_get(server, alice, f"http://example.com{server.prefix}unread?a=b")
    assert (answer.status, answer.headers["Location"]) == (301, f"{server.prefix}unread/?a=b")


def test_missing_slash_keeps_the_id_as_written(alice):
    assert alice.get("conversations/0007").headers["Location"] == "/api/dm/conversations/0007/"
    assert alice.post(f"send/{FORTY_NINES}", {}).headers["Location"] == f"/api/dm/send/{FORTY_NINES}/"


def test_missing_slash_comes_before_accept_and_credentials(server):
    answer = server.anonymous().get("unread", {"Accept": "text/html"})
    assert answer.status == 301


def test_missing_slash_does_nothing_else(alice, bob):
    message = alice.send(bob)
    assert alice.post(f"send/{bob.id}", {"content": "x"}).status == 308
    assert alice.delete(f"messages/{message['id']}").status == 308
    assert bob.get(f"conversations/{alice.id}").status == 301
    assert bob.unread() == 1
    assert len(alice.conversation(bob)["results"]) == 1


@pytest.mark.parametrize(
    "prefix, root",
    [
        ("", "/"),
        ("/", "/"),
        ("dm", "/dm/"),
        ("/a/b/c/", "/a/b/c/"),
        ("api/dm/", "/api/dm/"),
        ("v1.0/x-y_z~", "/v1.0/x-y_z~/"),
    ],
)
def test_prefix_is_configurable(make_server, prefix, root):
    server = make_server(env={"DIRECTMESSAGES_PREFIX": prefix}, prefix=None)
    server.prefix = root
    alice, bob = server.users(2)
    assert server.wait_log(r"listening on").endswith(f":{server.port}{root}")
    assert alice.get("unread/").body == f'{{"id":{alice.id},"count":0}}'.encode()
    assert alice.send(bob)["recipient"] == bob.id
    assert alice.get("unread").headers["Location"] == root + "unread/"
    check_error(alice.get("/elsewhere/unread/"), 404, "Not found.")
    check_error(alice.get("//unread/"), 404, "Not found.")
    if root != "/api/dm/":
        check_error(alice.get("/api/dm/unread/"), 404, "Not found.")


def test_prefix_of_the_command_line_wins_over_the_environment(make_server):
    server = make_server(env={"DIRECTMESSAGES_PREFIX": "loses"}, prefix="wins")
    assert server.user().get("/wins/unread/").status == 200
    check_error(server.user().get("/loses/unread/"), 404, "Not found.")


def test_empty_prefix_of_the_command_line(make_server):
    server = make_server(prefix="")
    assert server.user().get("/unread/").status == 200
