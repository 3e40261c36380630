# SPDX-License-Identifier: MIT
"""Administration of users and their tokens over HTTP."""

import itertools
import os
import threading

import pytest

from routes import check_error

NUMBERS = itertools.count(1)


def new_name():
    return f"put{os.getpid()}-{next(NUMBERS)}"


def test_one_user(admin_server):
    user = admin_server.user(first_name="Jane", last_name='"Doe"', email="jane@example.org", active=False)
    answer = admin_server.admin("GET", f"users/{user.id}/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.text == (
        f'{{"id":{user.id},"username":"{user.username}","first_name":"Jane","last_name":"\\"Doe\\"",'
        '"email":"jane@example.org","is_active":false}'
    )
    assert admin_server.admin("GET", f"users/@{user.username}/").body == answer.body
    assert admin_server.admin("GET", f"users/%40%75{user.username[1:]}/").body == answer.body
    for path in ("users/@nobody/", "users/@%FF/", "users/@a%00b/", "users/999999999/", "users/99999999999999999999/"):
        check_error(admin_server.admin("GET", path), 404, "No User matches the given query.")


def test_pages_of_users(make_server):
    server = make_server(administered=True)
    users = server.users(201)
    seen, path, pages = [], "/admin/users/?x=1", 0
    while path:
        page = server.admin("GET", path).json()
        assert page["previous"] is None
        seen += page["results"]
        pages += 1
        if page["next"]:
            start, query = page["next"].split("?")
            assert start.endswith("/admin/users/") and query.endswith("&x=1")
            path = f"/admin/users/?{query}"
        else:
            path = None
    assert ([user["id"] for user in seen], pages) == ([user.id for user in users], 3)
    server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (users[-1].id,))
    server.sql("DELETE FROM auth_user WHERE id = ?", (users[-1].id,))
    last = server.admin("GET", "users/?cursor=cD00").json()  # p=4
    assert len(last["results"]) == 100 and last["results"][0]["id"] > 4
    for number in range(2):  # exactly two pages now: the second has no next
        page = server.admin("GET", page_of(server, number)).json()
    assert page["next"] is None and len(page["results"]) == 100


def page_of(server, number):
    path = "users/"
    for _ in range(number):
        path = "users/?" + server.admin("GET", path).json()["next"].split("?")[1]
    return path


def test_bad_cursors(admin_server):
    assert admin_server.admin("GET", "users/?cursor=").status == 200
    for cursor in ("cD1qYW5l", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OQ=="):  # p=jane, p=9999999999999999999
        check_error(admin_server.admin("GET", f"users/?cursor={cursor}"), 404, "Invalid cursor")
    beyond = admin_server.admin("GET", "users/?cursor=cD05MjIzMzcyMDM2ODU0Nzc1ODA3")  # p=9223372036854775807
    assert beyond.json() == {"next": None, "previous": None, "results": []}


# --- PUT


def row(server, name):
    columns = "id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, last_login"
    return server.sql(f"SELECT {columns} FROM auth_user WHERE username = ?", (name,))[0]


def test_put_makes_a_user_as_django_would(admin_server):
    name = new_name()
    body = {"email": "jane@example.org", "first_name": "Jane", "last_name": 'D"ö', "is_active": True}
    answer = admin_server.admin("PUT", f"users/@{name}/", body)
    assert answer.status == 201
    identity, password, superuser, *stored_row, last_login = row(admin_server, name)
    assert answer.json() == {"id": identity, "username": name, **body}
    assert [bool(superuser), *stored_row[:4], *map(bool, stored_row[4:])] == [
        False, name, "Jane", 'D"ö', "jane@example.org", False, True]  # fmt: skip
    assert last_login is None and len(password) == 41 and password[0] == "!"
    assert admin_server.admin("GET", f"users/{identity}/").body == answer.body
    plain = admin_server.admin("PUT", f"users/@{new_name()}/")
    assert plain.status == 201 and {**plain.json(), "id": 0, "username": ""} == {
        "id": 0, "username": "", "first_name": "", "last_name": "", "email": "", "is_active": True}  # fmt: skip
    assert admin_server.admin("PUT", f"users/@{new_name()}/", {"is_active": False}).json()["is_active"] is False


def test_put_changes_what_is_given_alone(admin_server):
    user = admin_server.user(first_name="Jane", last_name="Doe", email="jane@example.org")
    before = row(admin_server, user.username)
    for path in (f"users/@{user.username}/", f"users/{user.id}/"):
        for body, changed in (
            ({}, {}),
            ({"email": ""}, {"email": ""}),
            ({"email": "j@example.org", "is_active": False}, {"email": "j@example.org", "is_active": False}),
            ({"email": "j@example.org", "is_active": False}, {}),
            ({"is_active": True, "first_name": "x" * 150}, {"is_active": True, "first_name": "x" * 150}),
            ({"first_name": "Jane", "email": "jane@example.org"}, {"first_name": "Jane", "email": "jane@example.org"}),
        ):
            was = admin_server.admin("GET", path).json()
            answer = admin_server.admin("PUT", path, body)
            assert (answer.status, answer.json()) == (200, {**was, **changed})
    assert row(admin_server, user.username) == before


def test_put_on_an_id_makes_nobody(admin_server):
    for path in ("users/999999999/", "users/99999999999999999999/", "users/0/", "users/@%FF/", "users/@a%00/"):
        check_error(admin_server.admin("PUT", path, {"email": ""}), 404, "No User matches the given query.")


def test_an_active_user_may_call_and_an_inactive_one_may_not(admin_server):
    user = admin_server.user()
    admin_server.admin("PUT", f"users/{user.id}/", {"is_active": False})
    check_error(user.get("unread/"), 401, "User inactive or deleted.")
    admin_server.admin("PUT", f"users/{user.id}/", {"is_active": True})
    assert user.get("unread/").status == 200


NAME = "a user name is 1 to 150 letters, digits and @ . + - _; choose such a name"
REFUSED = [
    ("@{}", {"frist_name": "x"}, 'Unknown field "frist_name".'),
    ("@{}", {"username": "x"}, 'Unknown field "username".'),
    ("@{}", {"x" * 99 + "ä": 1}, f'Unknown field "{"x" * 99}".'),
    ("@{}", {"email": None}, "email must be a string."),
    ("@{}", {"first_name": 1}, "first_name must be a string."),
    ("@{}", {"is_active": "true"}, "is_active must be a boolean."),
    ("@{}", {"is_active": 1}, "is_active must be a boolean."),
    ("@{}", [], "Invalid data. Expected a dictionary, but got list."),
    ("@{}", {"email": "x" * 255}, "an e-mail address is UTF-8 text of at most 254 characters; shorten it"),
    ("@{}", {"email": "x\0"}, "an e-mail address is UTF-8 text of at most 254 characters; shorten it"),
    ("@{}", {"last_name": "x" * 151}, "a first or last name is UTF-8 text of at most 150 characters; shorten it"),
    ("@{}%20x", {}, NAME),
    ("@{}%2Fx", {}, NAME),
    ("@{}" + "x" * 150, {}, NAME),
]


@pytest.mark.parametrize("path, body, detail", REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused_changes_nothing(admin_server, path, body, detail):
    name = new_name()
    check_error(admin_server.admin("PUT", f"users/{path.format(name)}/", body), 400, detail)
    assert admin_server.sql("SELECT 1 FROM auth_user WHERE username LIKE ?", (name + "%",)) == []


def test_bodies_that_are_none(admin_server):
    path = f"users/@{new_name()}/"
    for body, start in (
        (b"{", "JSON parse error - "),
        (b'{"email":"a","email":"b"}', "JSON parse error - duplicate object key"),
        (b'{"\\u0000":1}', "JSON parse error - "),
        (b'{"email":"\xff"}', "JSON parse error - "),
    ):
        answer = admin_server.admin("PUT", path, body)
        assert answer.status == 400 and answer.json()["detail"].startswith(start), answer
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = admin_server.admin("PUT", path, b"email=x", form)
    check_error(answer, 415, 'Unsupported media type "application/x-www-form-urlencoded" in request.')
    answer = admin_server.admin("PUT", path, headers={"Content-Length": "2621441"})
    check_error(answer, 413, "Request body exceeds the limit of 2621440 bytes.")
    check_error(admin_server.admin("GET", path), 404, "No User matches the given query.")


@pytest.mark.concurrent
def test_of_many_at_once_one_makes_the_user(admin_server):
    for _ in range(5):
        name, answers = new_name(), []

        def put(number):
            answers.append(admin_server.admin("PUT", f"users/@{name}/", {"email": f"{number}@example.org"}))

        threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status for answer in answers) == [200] * 7 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert len(admin_server.sql("SELECT 1 FROM auth_user WHERE username = ?", (name,))) == 1


@pytest.mark.postgresql
def test_two_servers_at_once_make_one_user(make_server):
    """Each sees nobody, and both insert: the second finds the first one's row when that is committed."""
    one = make_server(administered=True)
    two = make_server(database=one.store, administered=True)
    for number in range(10):
        answers, gate = [], threading.Barrier(2)

        def put(server):
            gate.wait()
            answers.append(server.admin("PUT", f"users/@both{number}/", {"email": f"{server.port}@example.org"}))

        threads = [threading.Thread(target=put, args=(server,)) for server in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status for answer in answers) == [200, 201], answers


def test_changing_a_user_uses_up_no_ids(admin_server):
    name = new_name()
    first = admin_server.admin("PUT", f"users/@{name}/").json()["id"]
    for number in range(10):
        assert admin_server.admin("PUT", f"users/@{name}/", {"email": f"{number}@x"}).json()["id"] == first
    assert admin_server.admin("PUT", f"users/@{new_name()}/").json()["id"] == first + 1


# --- DELETE


def test_delete(admin_server):
    user, other = admin_server.user(), admin_server.user()
    assert user.request("PUT", f"blocks/{other.id}/").status == 204
    for path in (f"users/@{user.username}/", f"users/{other.id}/"):
        answer = admin_server.admin("DELETE", path)
        assert (answer.status, answer.body) == (204, b"")
        check_error(admin_server.admin("DELETE", path), 404, "No User matches the given query.")
    check_error(user.get("unread/"), 401, "Invalid token.")
    assert admin_server.sql("SELECT 1 FROM authtoken_token WHERE user_id IN (?, ?)", (user.id, other.id)) == []
    assert admin_server.sql("SELECT 1 FROM directmessages_block WHERE user_id = ?", (user.id,)) == []


def test_a_user_with_messages_is_not_deleted(admin_server):
    one, two = admin_server.user(), admin_server.user()
    one.send(two)
    for user in (one, two):
        answer = admin_server.admin("DELETE", f"users/{user.id}/")
        assert answer.status == 409 and answer.json()["detail"].startswith("rows of directmessages_message belong")
        assert user.get("unread/").status == 200


def test_a_user_to_whom_other_rows_refer_is_not_deleted(make_server):
    """As a project's own tables do. The sends of the same moment are stored."""
    server = make_server(administered=True)
    user, one, two = server.users(3)
    server.sql("CREATE TABLE shop_order (id integer PRIMARY KEY, customer_id integer NOT NULL"
               " REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED)")  # fmt: skip
    server.sql("INSERT INTO shop_order VALUES (1, ?)", (user.id,))
    sending = threading.Thread(target=lambda: [one.send(two) for _ in range(20)])
    sending.start()
    answers = [server.admin("DELETE", f"users/{user.id}/") for _ in range(5)]
    sending.join()
    for answer in answers:
        assert answer.status == 409 and "belong to this user" in answer.json()["detail"], answer
    assert user.get("unread/").status == 200 and two.unread() == 20
    server.sql("DELETE FROM shop_order")
    assert server.admin("DELETE", f"users/{user.id}/").status == 204


def test_what_names_nobody_is_not_the_user_minus_one(make_server):
    """Early versions of django-guardian made one."""
    server = make_server(administered=True)
    caller, user = server.users(2)
    server.sql("DELETE FROM authtoken_token WHERE user_id = ?", (user.id,))
    server.sql("UPDATE auth_user SET id = -1 WHERE id = ?", (user.id,))
    for nobody in ("99999999999999999999", "@%FF", "@a%00", "@unknown"):
        check_error(server.admin("DELETE", f"users/{nobody}/"), 404, "No User matches the given query.")
        check_error(server.admin("POST", f"users/{nobody}/token/", {}), 404, "No User matches the given query.")
        check_error(server.admin("POST", f"users/{nobody}/erase/", {}), 404, "No User matches the given query.")
        check_error(caller.post(f"send/{nobody}/", {"content": "x"}), 404, "No User matches the given query.")
    assert server.sql("SELECT username FROM auth_user WHERE id = -1") == [(user.username,)]


# --- tokens


def test_token(admin_server):
    name = new_name()
    identity = admin_server.admin("PUT", f"users/@{name}/").json()["id"]
    by_name, by_id = f"users/@{name}/token/", f"users/{identity}/token/"
    answer = admin_server.admin("POST", by_name)
    token = answer.json()["token"]
    assert (answer.status, answer.json()) == (200, {"token": token}) and len(token) == 40
    assert answer.headers["Cache-Control"] == "no-store"
    assert works(admin_server, token)
    assert admin_server.admin("POST", by_id, {}).json()["token"] == token
    assert admin_server.admin("POST", by_id, {"reset": False}).json()["token"] == token
    new = admin_server.admin("POST", by_id, {"reset": True}).json()["token"]
    assert new != token and works(admin_server, new) and not works(admin_server, token)
    for path in (by_name, by_id):
        assert admin_server.admin("DELETE", path).status == 204
        assert not works(admin_server, new)
    assert admin_server.admin("POST", by_name).json()["token"] != new


def works(server, token):
    return server.anonymous().get("unread/", {"Authorization": f"Token {token}"}).status == 200


def test_no_token_of_nobody(admin_server):
    for path in ("users/@nobody/token/", "users/999999999/token/"):
        for method in ("POST", "DELETE"):
            check_error(admin_server.admin(method, path), 404, "No User matches the given query.")
    answer = admin_server.admin("POST", f"users/{admin_server.user().id}/token/", {"Reset": True})
    check_error(answer, 400, 'Unknown field "Reset".')
    check_error(admin_server.admin("GET", "users/1/token/"), 405, 'Method "GET" not allowed.')
