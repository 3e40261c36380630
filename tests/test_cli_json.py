# SPDX-License-Identifier: MIT
"""--json of the commands that list and make: lines of JSON with the API's keys and times; and `user show`, `update`, `delete`."""

import json

import pytest

from commands import check_error
from harness import wait_until
from webhook_receiver import create

URL = "http://127.0.0.1:1/"


def lines(server, *arguments):
    done = server.run(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def server(make_server):
    return make_server(administered=True)


def test_users(server):
    name = 'j"\\ö'.replace('"', "-").replace("\\", "+")
    made = lines(server, "user", "create", name, "--email", "j@x", "--first-name", 'A "B"\tC\n')
    assert made == [
        {"id": 1, "username": name, "first_name": 'A "B"\tC\n', "last_name": "", "email": "j@x", "is_active": True}
    ]
    assert lines(server, "user", "show", name) == made == [server.admin("GET", "users/1/").json()]
    other = server.user()
    assert lines(server, "user", "list") == server.admin("GET", "users/").json()["results"]
    assert [user["id"] for user in lines(server, "user", "list")] == [1, other.id]
    changed = lines(server, "user", "update", name, "--last-name", "D", "--active", "no", "--first-name", "")
    assert changed == [{**made[0], "last_name": "D", "is_active": False, "first_name": ""}]
    assert lines(server, "user", "update", name) == changed


def test_show_update_and_delete_as_text(server):
    server.run("user", "create", "jane", "--email", "j@x")
    header, shown = "id\tusername\tactive\temail\tfirst name\tlast name\n", "1\tjane\tyes\tj@x\t\t\n"
    done = server.run("user", "show", "jane")
    assert (done.returncode, done.stdout) == (0, header + shown)
    done = server.run("user", "update", "jane", "--active", "no")
    assert (done.returncode, done.stdout) == (0, header + shown.replace("yes", "no"))
    user = server.user()
    user.send(server.user())
    done = server.run("user", "delete", user.username)
    check_error(done, 1)
    assert "user erase" in done.stderr and user.get("unread/").status == 200
    done = server.run("user", "delete", "jane")
    assert (done.returncode, done.stdout, done.stderr) == (0, "deleted user jane\n", "")
    for words in (("show",), ("update",), ("delete",)):
        done = server.run("user", *words, "jane")
        check_error(done, 1)
        assert "user list" in done.stderr


def test_what_update_refuses_changes_nothing(server):
    user = server.user(email="a@x")
    check_error(server.run("user", "update", user.username, "--email", "b@x", "--active", "maybe"), 2)
    check_error(server.run("user", "update", user.username, "--email", "x" * 255), 1)
    assert lines(server, "user", "show", user.username)[0]["email"] == "a@x"


def test_tokens(server):
    user = server.user()
    assert lines(server, "token", "create", user.username) == [{"token": user.token}]
    (new,) = lines(server, "token", "create", user.username, "--reset")
    assert new["token"] != user.token
    assert server.run("token", "create", user.username).stdout == new["token"] + "\n"  # for scripts: the token alone


def test_webhooks(server):
    (made,) = lines(server, "webhook", "create", URL, "--description", "a\tb", "--events", "message_read")
    secret, created = made.pop("secret"), made.pop("created_at")
    assert secret.startswith("whsec_") and created.endswith("Z") and "T" in created
    assert made == {
        "id": 1, "url": URL, "description": "a\tb", "events": ["message_read"], "state": "active", "disabled_reason": "",
    }  # fmt: skip
    (again,) = lines(server, "webhook", "create", URL)
    assert again["id"] == 2 and again["events"] == ["message_sent", "message_read"]
    listed = lines(server, "webhook", "list")
    assert listed[0] == {**made, "created_at": created} and [one["id"] for one in listed] == [1, 2]
    (rotated,) = lines(server, "webhook", "rotate", "1")
    assert rotated.pop("secret") != secret and rotated == listed[0]


def test_deliveries(server):
    create(server, URL)
    one, two = server.users(2)
    message = one.send(two)
    (found,) = wait_for_failure(server)
    assert found.pop("name").startswith("msg_") and found.pop("error")
    assert found.pop("next_attempt_at") > message["sent_at"]
    assert found == {
        "id": found["id"], "webhook": 1, "type": "message.sent", "message": message["id"], "state": "pending",
        "attempts": 1, "happened_at": message["sent_at"], "finished_at": None, "http_status": None,
    }  # fmt: skip


def wait_for_failure(server):
    """The delivery, once its first attempt has failed: nobody listens there, or the guard forbids it."""
    return wait_until(
        lambda: [one for one in lines(server, "webhook", "deliveries") if one["error"]], "an attempt that failed"
    )
