# SPDX-License-Identifier: MIT
"""Who is asking: the Authorization header, and users that may not ask."""

import pytest

from routes import check_error, on_each_route

NOT_PROVIDED = "Authentication credentials were not provided."
INVALID = "Invalid token."
EMPTY = "Invalid token header. No credentials provided."
SPACES = "Invalid token header. Token string should not contain spaces."
CHARACTERS = "Invalid token header. Token string should not contain invalid characters."


def check_refused(answer, detail):
    check_error(answer, 401, detail)
    assert answer.headers.get_all("WWW-Authenticate") == ["Token"]


@on_each_route
def test_no_credentials_is_401_on_each_route(server, route):
    for method in set(route.methods) - {"HEAD"}:
        answer = server.anonymous().request(method, route.path())
        check_refused(answer, NOT_PROVIDED)
        assert answer.headers["Allow"] == route.allow


@on_each_route
def test_unknown_token_is_401_on_each_route(server, route):
    headers = {"Authorization": "Token 0123456789012345678901234567890123456789"}
    check_refused(server.anonymous().request(route.method, route.path(), headers=headers), INVALID)


@pytest.mark.parametrize(
    "header, detail",
    [
        ("", NOT_PROVIDED),
        ("Bearer 0123456789", NOT_PROVIDED),
        ("Basic am9objpqb2hu", NOT_PROVIDED),
        ("Basic", NOT_PROVIDED),
        ("Tokenx 0123456789", NOT_PROVIDED),
        ("Token:0123456789", NOT_PROVIDED),
        ("Token,0123456789", NOT_PROVIDED),
        (b"T\xc3\xb6ken 0123456789", NOT_PROVIDED),
        (b"\xff", NOT_PROVIDED),
        ("Token", EMPTY),
        ("Token ", EMPTY),
        ("Token \t ", EMPTY),
        ("token", EMPTY),
        ("Token a b", SPACES),
        ("Token a b c", SPACES),
        ("TOKEN a\tb", SPACES),
        (b"Token \xff", CHARACTERS),
        (b"Token 0123456789\xfe0123456789", CHARACTERS),
        (b"Token \xc3\xa9", CHARACTERS),
        ("Token 0123456789", INVALID),
        ('Token "0123456789"', INVALID),
        pytest.param("Token " + "0" * 4000, INVALID, id="4000 digits"),
        ("Token 'OR'1'='1", INVALID),
    ],
)
def test_authorization_header_that_is_refused(server, header, detail):
    check_refused(server.anonymous().get("unread/", {"Authorization": header}), detail)


@pytest.mark.parametrize(
    "form", ["Token {}", "token {}", "TOKEN {}", "tOkEn {}", "Token   {}", "Token {}  ", "Token\t{}"]
)
def test_scheme_word_in_any_case_and_any_white_space_around_the_token(server, alice, form):
    answer = server.anonymous().get("unread/", {"Authorization": form.format(alice.token)})
    assert (answer.status, answer.json()["id"]) == (200, alice.id)


def test_header_name_in_any_case(server, alice):
    answer = server.anonymous().get("unread/", {"aUTHORIZATION": f"Token {alice.token}"})
    assert answer.status == 200


def test_token_itself_is_case_sensitive_and_whole(server, alice):
    for token in (alice.token.upper(), alice.token[:-1], alice.token + "0"):
        if token != alice.token:
            check_refused(server.anonymous().get("unread/", {"Authorization": f"Token {token}"}), INVALID)


def test_token_in_the_query_is_no_credential(server, alice):
    check_refused(server.anonymous().get(f"unread/?token={alice.token}"), NOT_PROVIDED)


def test_each_token_acts_for_its_own_user(alice, bob):
    assert [user.get("unread/").json()["id"] for user in (alice, bob, alice)] == [alice.id, bob.id, alice.id]


@on_each_route
def test_inactive_user_is_401_on_each_route(server, route):
    gone = server.user(active=False)
    check_refused(gone.request(route.method, route.path()), "User inactive or deleted.")


def test_user_deactivated_and_activated_while_serving(server, alice):
    assert alice.get("unread/").status == 200
    server.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (False, alice.id))
    check_refused(alice.get("unread/"), "User inactive or deleted.")
    server.sql("UPDATE auth_user SET is_active = ? WHERE id = ?", (True, alice.id))
    assert alice.get("unread/").status == 200


def test_token_removed_while_serving(server, alice):
    assert alice.get("unread/").status == 200
    server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (alice.id,))
    check_refused(alice.get("unread/"), INVALID)


def test_refused_sender_stores_nothing(server, alice, bob):
    answer = server.anonymous().post(f"send/{bob.id}/", {"content": "x"})
    check_refused(answer, NOT_PROVIDED)
    assert bob.unread() == 0


def test_other_responses_do_not_ask_for_credentials(alice):
    assert "WWW-Authenticate" not in alice.get("unread/").headers
    assert "WWW-Authenticate" not in alice.post("unread/", {}).headers
