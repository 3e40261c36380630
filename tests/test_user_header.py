# SPDX-License-Identifier: MIT
"""A proxy that authenticates: the header in which it names the user, who can't be anybody else by it."""

import time

import pytest

import harness
from metrics import Admin
from routes import check_error, on_each_route
from streams import Stream
from test_events_ticket import make_ticket

HEADER = "X-User-Id"
NOT_PROVIDED = "Authentication credentials were not provided."
UNKNOWN = "User not found."
TWICE = "The header that names the user was sent twice."


@pytest.fixture(scope="module")
def proxied(backend):
    server = harness.Server(backend=backend, env={"DIRECTMESSAGES_TRUST_USER_HEADER": HEADER, "DIRECTMESSAGES_EVENTS_HEARTBEAT": 1})
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def mary(proxied):
    return proxied.user()


@pytest.fixture(scope="module")
def john(proxied):
    return proxied.user()


def named(user, **more):
    """What the proxy sends for a page of the same origin."""
    value = getattr(user, "id", user)
    return {HEADER: str(value), "Sec-Fetch-Site": "same-origin", **more}


def ask(server, value, **more):
    return server.anonymous().get("unread/", named(value, **more))


def check_is(server, user, **more):
    answer = server.anonymous().get("unread/", {**named(user), **more})
    assert (answer.status, answer.json()["id"] if answer.status == 200 else answer.body) == (200, user.id)


def check_401(answer, detail, challenge="Token"):
    check_error(answer, 401, detail)
    assert answer.headers.get_all("WWW-Authenticate") == [challenge]


# ---- whom it names


@on_each_route
def test_the_user_of_the_header_calls(proxied, mary, john, route):
    sent = john.send(mary)
    for method in route.methods:
        headers = {**named(mary), "Content-Type": "application/json"}
        body = route.body if method in ("POST", "PUT") else None
        answer = proxied.anonymous().request(method, route.path(john.id, sent["id"]), body, headers)
        assert answer.status in (200, 201, 204), answer
        if route.sends and method == "POST":
            (sender,) = proxied.sql("SELECT sender_id FROM directmessages_message ORDER BY id DESC LIMIT 1")[0]
            assert sender == mary.id


@pytest.mark.parametrize("value", [None, "", " ", "\t "])
def test_without_a_name_nobody_is_authenticated(proxied, value):
    headers = {} if value is None else {HEADER: value}
    check_401(proxied.anonymous().get("unread/", headers), NOT_PROVIDED)


@pytest.mark.parametrize("value", ["0", "999999999", "9" * 30, "18446744073709551617", "x", "{id}x", "-{id}", "+{id}", "{id}.0",
                                   "{id} {id}", "{id},{id}", "{id}, {id}", '"{id}"', "0x1", "Token {id}", "1e1", "\xe4"])  # fmt: skip
def test_who_is_none(proxied, mary, value):
    check_401(ask(proxied, value.replace("{id}", str(mary.id))), UNKNOWN)


def test_a_user_who_is_not_active(proxied):
    user = proxied.user()
    check_is(proxied, user)
    proxied.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, user.id))
    check_401(ask(proxied, user), "User inactive or deleted.")
    proxied.sql("DELETE FROM authtoken_token WHERE user_id = ?", (user.id,))
    proxied.sql("DELETE FROM auth_user WHERE id = ?", (user.id,))
    check_401(ask(proxied, user), UNKNOWN)


def test_what_is_no_id_is_not_the_user_minus_one(proxied):
    user = proxied.user()
    proxied.sql("DELETE FROM authtoken_token WHERE user_id = ?", (user.id,))
    proxied.sql("UPDATE auth_user SET id = -1 WHERE id = ?", (user.id,))
    for value in ("-1", "x", "9" * 30):
        check_401(ask(proxied, value), UNKNOWN)
    proxied.sql("DELETE FROM auth_user WHERE id = ?", (-1,))


def test_users_by_name(make_server):
    server = make_server(env={"DIRECTMESSAGES_TRUST_USER_HEADER": HEADER, "DIRECTMESSAGES_JWT_USER": "username"})
    users = [server.user(name) for name in ("mary@example.org", "12345", "n" * 150)]
    umlaut = server.user("ärger")
    for user in users:
        assert ask(server, user.username).json()["id"] == user.id
    assert ask(server, "ärger".encode().decode("latin-1")).json()["id"] == umlaut.id
    for value in ("MARY@example.org", "nobody", users[1].id, "' OR 1=1", "\xe4rger", "\xff", "mary@example.org, 12345"):
        check_401(ask(server, value), UNKNOWN)


# ---- twice, and other spellings


@pytest.mark.parametrize("second", [("X-User-Id", "{other}"), ("x-user-id", "{other}"), ("X-USER-ID", "{same}"), ("X-User-Id", "")])
@pytest.mark.parametrize("client_first", [True, False])
def test_twice_is_400(proxied, mary, john, second, client_first):
    pairs = [(HEADER, str(mary.id)), (second[0], second[1].format(same=mary.id, other=john.id))]
    for extra in ([], [("Authorization", f"Token {mary.token}")]):
        answer = proxied.anonymous().get("unread/", [*(reversed(pairs) if client_first else pairs), *extra])
        check_error(answer, 400, TWICE)


def test_the_name_in_any_case_and_no_other_name(proxied, mary, john):
    for name in ("x-user-id", "X-USER-ID"):
        assert proxied.anonymous().get("unread/", {name: str(mary.id)}).json()["id"] == mary.id
    for name in ("X_User_Id", "X-User_Id", "XUser-Id", "X-User-Id-", "X-User-I", "HTTP_X_USER_ID", "X-User-Id.", "X-Forwarded-User"):
        check_401(proxied.anonymous().get("unread/", {name: str(john.id)}), NOT_PROVIDED)
        check_is(proxied, mary, **{name: str(john.id)})
    for query in (f"?X-User-Id={john.id}", f"?x-user-id={john.id}"):
        check_401(proxied.anonymous().get(f"unread/{query}"), NOT_PROVIDED)
    check_401(proxied.anonymous().get("unread/", {"Cookie": f"X-User-Id={john.id}"}), NOT_PROVIDED)


def exchange(server, *lines, body=""):
    head = "".join(f"{line}\r\n" for line in ("GET {0}unread/ HTTP/1.1".format(server.prefix), "Host: x", *lines, ""))
    return server.exchange((head + body).encode())


def test_folded_blank_and_cut_off_names(proxied, mary, john):
    for lines in (
        ["X-User-Id :" + str(john.id)],
        ["X-Other: a", f" X-User-Id: {john.id}"],
        ["X-Other: a", f"\tX-User-Id: {john.id}"],
        ["X-User-Id:", f" {john.id}"],
        [f"X-User-Id: {mary.id}", f" {john.id}"],
        [f"X-Other: a\nX-User-Id: {john.id}"],
        [f"X-Other: a\rX-User-Id: {john.id}"],
        [f"X-User-Id\0: {john.id}"],
        [f"X-User-Id: {john.id}\0"],
        [f"X-User-Id: {mary.id}\0{john.id}"],
    ):
        assert exchange(proxied, *lines).status == 400, lines


def test_not_from_a_trailer(proxied, mary, john):
    lines = ["Transfer-Encoding: chunked", "Trailer: X-User-Id"]
    check_401(exchange(proxied, *lines, body=f"0\r\nX-User-Id: {john.id}\r\n\r\n"), NOT_PROVIDED)
    answer = exchange(proxied, *lines, f"X-User-Id: {mary.id}", body=f"0\r\nX-User-Id: {john.id}\r\n\r\n")
    assert answer.json()["id"] == mary.id


def test_each_request_of_a_connection_has_its_own(proxied, mary, john):
    """A proxy sends the requests of all its clients over one connection, also without waiting for the responses."""
    lines = [[f"X-User-Id: {mary.id}"], [], [f"X-User-Id: {john.id}"], [f"Authorization: Token {mary.token}"], ["X-User-Id:"]]
    heads = "".join(
        "".join(f"{line}\r\n" for line in (f"GET {proxied.prefix}unread/ HTTP/1.1", "Host: x", *one, "")) for one in lines
    )
    with proxied.raw(heads.encode()) as raw:
        answers = [raw.response() for _ in lines]
    assert [answer.status for answer in answers] == [200, 401, 200, 200, 401]
    assert [answer.json()["id"] for answer in answers if answer.status == 200] == [mary.id, john.id, mary.id]


# ---- beside other schemes


def test_whom_the_proxy_names_it_is_whatever_else_is_there(proxied, mary, john):
    for value in (f"Token {john.token}", "Token x", "Token", "Basic am9objpqb2hu", "Bearer x.y.z", ""):
        check_is(proxied, mary, Authorization=value)
    check_401(ask(proxied, "x", Authorization=f"Token {john.token}"), UNKNOWN)


def test_where_the_proxy_names_nobody_the_token_counts(proxied, john):
    for headers in ({}, {HEADER: ""}):
        assert john.get("unread/", headers).json()["id"] == john.id
        check_401(proxied.anonymous().get("unread/", {**headers, "Authorization": "Token x"}), "Invalid token.")
        check_401(proxied.anonymous().get("unread/", {**headers, "Authorization": "Basic x"}), NOT_PROVIDED)


def test_it_is_off_unless_it_is_set(server, alice, bob):
    check_401(server.anonymous().get("unread/", named(alice)), NOT_PROVIDED)
    assert bob.get("unread/", named(alice)).json()["id"] == bob.id


def test_without_tokens(make_server):
    server = make_server(env={"DIRECTMESSAGES_TRUST_USER_HEADER": HEADER, "DIRECTMESSAGES_TOKENS": 0})
    user = server.user()
    check_is(server, user)
    check_401(user.get("unread/"), NOT_PROVIDED, "Session")
    put_ticket(server, user.token)
    check_401(server.anonymous().get("events/?ticket=" + "0" * 40), "Invalid ticket.", "Session")


def test_the_servers_own_paths_ask_nobody(proxied, mary, make_server):
    for path in ("/livez", "/readyz", "/metrics", "/api/schema/"):
        assert proxied.anonymous().get(path, [(HEADER, str(mary.id)), (HEADER, "x")]).status == 200
    check_error(proxied.anonymous().get("/admin/", named(mary)), 404, "Not found.")


@pytest.mark.sqlite
def test_it_opens_nothing_at_the_operators_address(make_server):
    server = make_server(env={"DIRECTMESSAGES_TRUST_USER_HEADER": HEADER}, flags=["--admin-listen", "127.0.0.1:0"])
    user = server.user()
    client = Admin(server).anonymous()
    for path in ("unread/", "/admin/", "/admin/users/", f"/admin/users/{user.id}/"):
        answer = client.get(path, named(user))
        assert answer.status in (401, 404), answer


# ---- streams and tickets


def put_ticket(server, key):
    server.sql("INSERT INTO directmessages_ticket VALUES (?, ?, ?)", ("0" * 40, key, int((time.time() + 20) * 1e6)))


def ticket_of(server, user):
    answer = server.anonymous().request("POST", "events/ticket/", b"", named(user))
    assert answer.status == 201, answer
    return answer.json()["ticket"]


def test_a_stream_and_a_ticket(proxied, mary, john):
    ticket = ticket_of(proxied, john)
    for query, headers in (("", named(john)), (f"?ticket={ticket}", {})):
        with Stream(proxied.anonymous(), query, headers=headers) as stream:
            mary.send(john, f"to {query}")
            assert stream.next().data["content"] == f"to {query}"
    check_401(proxied.anonymous().get(f"events/?ticket={ticket}"), "Invalid ticket.")


def test_a_ticket_in_the_url_does_not_make_somebody_else(proxied, mary, john):
    ticket = ticket_of(proxied, john)
    with Stream(proxied.anonymous(), f"?ticket={ticket}", headers=named(mary)) as stream:
        john.send(mary, "to mary")
        assert stream.next().data["recipient"] == mary.id
    with Stream(proxied.anonymous(), f"?ticket={ticket}") as stream:  # it was not used up
        mary.send(john, "to john")
        assert stream.next().data["recipient"] == john.id


@pytest.mark.parametrize("by_ticket", [False, True])
def test_a_stream_ends_when_its_user_is_deactivated(proxied, by_ticket):
    user = proxied.user()
    query, headers = (f"?ticket={ticket_of(proxied, user)}", {}) if by_ticket else ("", named(user))
    with Stream(proxied.anonymous(), query, headers=headers) as stream:
        proxied.sql("DELETE FROM authtoken_token WHERE user_id = ?", (user.id,))  # which it has nothing to do with
        stream.wait_comment()
        proxied.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, user.id))
        assert stream.ends()


def test_a_ticket_outlives_no_setting(make_server):
    server = make_server()
    user = server.user()
    put_ticket(server, f"proxy {user.id}")
    check_401(server.anonymous().get("events/?ticket=" + "0" * 40), "Invalid ticket.")
    assert make_ticket(user)


# ---- refused at start


@pytest.mark.sqlite
@pytest.mark.parametrize("address", [":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "[2001:db8::1]:0", "127.1:0", "example.org:0"])
def test_an_address_that_others_reach(tmp_path, address):
    env = {"DIRECTMESSAGES_TRUST_USER_HEADER": HEADER}
    done = harness.run_program("serve", "--migrate", "--listen", address, database=harness.sqlite_url(tmp_path / "a.db"), env=env)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert f"DIRECTMESSAGES_TRUST_USER_HEADER is set, and other machines may reach {address}" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.sqlite
@pytest.mark.parametrize("listen", ["127.0.0.1:0", "[::1]:0", "localhost:0", "unix:{}/socket"])
def test_an_address_that_only_this_machine_reaches(make_server, tmp_path, listen):
    server = make_server(listen=listen.format(tmp_path), env={"DIRECTMESSAGES_TRUST_USER_HEADER": HEADER})
    check_is(server, server.user())


@pytest.mark.sqlite
@pytest.mark.parametrize("name", ["Authorization", "host", "Cookie", "Content-Length", "Transfer-Encoding", "Origin", "Sec-Fetch-Site",
                                  "X-Forwarded-For", "X User", "X-User-Id:", "X-\u00fcser", "x" * 65, "X-User\nHost"])  # fmt: skip
def test_names_that_no_such_header_has(tmp_path, name):
    env = {"DIRECTMESSAGES_TRUST_USER_HEADER": name, "DIRECTMESSAGES_LISTEN": "127.0.0.1:0"}
    done = harness.run_program("serve", "--migrate", database=harness.sqlite_url(tmp_path / "a.db"), env=env)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done
    assert done.stderr.startswith("directmessages: DIRECTMESSAGES_TRUST_USER_HEADER is '")
    assert list(tmp_path.iterdir()) == []
