# SPDX-License-Identifier: MIT
"""The commands on users, tokens and messages."""

import base64
import hashlib
import re

import pytest

from clients import Client
from harness import run_program
from commands import check_error

pytestmark = pytest.mark.sqlite


@pytest.fixture
def here(make_server):
    """A server that runs beside the commands."""
    return make_server()


def done(server, *arguments, **more):
    result = server.run(*arguments, **more)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def rows(text):
    """The tab-separated lines below a header line."""
    header, *lines = text.splitlines()
    assert "\t" in header
    return [line.split("\t") for line in lines]


# ---- users


def test_create_prints_the_id_and_list_shows_the_user(here):
    assert done(here, "user", "create", "john") == "created user john with id 1\n"
    given = ["--email", "j@example.com", "--first-name", "Jane", "--last-name", "Doe"]
    assert done(here, "user", "create", "jane", *given) == "created user jane with id 2\n"
    assert rows(done(here, "user", "list")) == [
        ["1", "john", "yes", "", "", ""],
        ["2", "jane", "yes", "j@example.com", "Jane", "Doe"],
    ]


def test_created_user_is_stored_as_django_stores_one(here):
    done(here, "user", "create", "--first-name", "J\u00f6rg", "j\u00f6rg+1@x.y-z_0", "--email", "J@Example.COM")
    (row,) = here.sql(
        "SELECT username, first_name, last_name, email, is_staff, is_superuser, is_active, last_login, date_joined"
        " FROM auth_user"
    )
    assert row[:8] == ("j\u00f6rg+1@x.y-z_0", "J\u00f6rg", "", "J@Example.COM", 0, 0, 1, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?", row[8])


def test_names_differ_by_case_as_in_django(here):
    done(here, "user", "create", "john")
    done(here, "user", "create", "John")
    check_error(here.run("user", "create", "john"), 1)
    assert [row[1] for row in rows(done(here, "user", "list"))] == ["john", "John"]


@pytest.mark.parametrize("name", ["a" * 150, "\u00e9" * 150, "@.+-_", "0", "-x", "\u4e2d\u6587"])
def test_names_that_django_takes_are_taken(here, name):
    done(here, "user", "create", "--", name)
    assert rows(done(here, "user", "list"))[0][1] == name


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a\tb", "a\nb", "a/b", "a'b", 'a"b', "a;b", "a" * 151, "\u00e9" * 151]
)
def test_names_that_django_refuses_are_refused(here, name):
    result = here.run("user", "create", "--", name)
    check_error(result, 1)
    assert rows(done(here, "user", "list")) == []


def test_bytes_that_are_no_text_are_refused(here):
    result = here.run("user", "create", b"a\xff".decode("utf-8", "surrogateescape"))
    assert result.returncode == 1 and "surrogate" not in result.stderr
    result = here.run("user", "create", "x", "--first-name", b"\xff".decode("utf-8", "surrogateescape"))
    assert result.returncode == 1
    assert rows(done(here, "user", "list")) == []


def test_odd_characters_do_not_break_the_list(here):
    done(here, "user", "create", "x", "--first-name", "a\tb\nc\x1b[2Jd\\e", "--last-name", "\u009b")
    text = done(here, "user", "list")
    assert text.count("\n") == 2 and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    assert len(rows(text)[0]) == 6
    assert here.sql("SELECT first_name FROM auth_user") == [("a\tb\nc\x1b[2Jd\\e",)]


# ---- passwords


def password_of(server):
    return server.sql("SELECT password FROM auth_user ORDER BY id DESC LIMIT 1")[0][0]


@pytest.mark.parametrize("password", ["s3cret", "with blanks ", "\u00e9\u4e2d\U0001f600", "$\\'\"%", "x" * 4000])
def test_password_is_kept_as_django_keeps_it(here, password):
    done(here, "user", "create", "john", "--password-stdin", stdin=password + "\n")
    stored = password_of(here)
    assert len(stored) <= 128
    algorithm, iterations, salt, digest = stored.split("$")
    assert algorithm == "pbkdf2_sha256" and int(iterations) >= 600_000 and re.fullmatch(r"[A-Za-z0-9]{22,}", salt)
    expected = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), int(iterations))
    assert base64.b64decode(digest) == expected


def test_password_ends_with_its_line(here):
    """With or without an end of the line; what follows is not looked at."""
    digests = []
    for number, text in enumerate(["pass", "pass\n", "pass\nmore\n"]):
        done(here, "user", "create", f"u{number}", "--password-stdin", stdin=text)
        _, iterations, salt, digest = password_of(here).split("$")
        expected = hashlib.pbkdf2_hmac("sha256", b"pass", salt.encode(), int(iterations))
        digests.append(base64.b64decode(digest) == expected)
    assert digests == [True, True, True]


def test_salt_is_another_each_time(here):
    for name in ("a", "b"):
        done(here, "user", "create", name, "--password-stdin", stdin="same")
    assert len(set(here.sql("SELECT password FROM auth_user"))) == 2


def test_without_password_there_is_none_that_fits(here):
    done(here, "user", "create", "a")
    done(here, "user", "create", "b")
    stored = [password for (password,) in here.sql("SELECT password FROM auth_user")]
    assert all(re.fullmatch(r"![A-Za-z0-9]{40}", password) for password in stored) and len(set(stored)) == 2


@pytest.mark.parametrize("text", ["", "\n", "x" * 5000, "x" * 1_000_000], ids=["nothing", "empty", "long", "endless"])
def test_password_that_is_empty_or_endless_is_refused(here, text):
    check_error(here.run("user", "create", "john", "--password-stdin", stdin=text), 1)
    assert rows(done(here, "user", "list")) == []


# ---- tokens


def test_token_is_40_hex_digits_and_stays(here):
    done(here, "user", "create", "john")
    first = done(here, "token", "create", "john")
    assert re.fullmatch(r"[0-9a-f]{40}\n", first)
    assert done(here, "token", "create", "john") == first
    assert Client(here, first.strip()).get("unread/").status == 200
    ((key, created, user_id),) = here.sql("SELECT key, created, user_id FROM authtoken_token")
    assert (key, user_id) == (first.strip(), 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?", created)


def test_reset_makes_another_token(here):
    done(here, "user", "create", "john")
    first = done(here, "token", "create", "john").strip()
    second = done(here, "token", "create", "--reset", "john").strip()
    assert second != first and re.fullmatch(r"[0-9a-f]{40}", second)
    assert Client(here, first).get("unread/").status == 401
    assert Client(here, second).get("unread/").status == 200
    assert here.sql("SELECT count(*) FROM authtoken_token") == [(1,)]
    assert re.fullmatch(r"[0-9a-f]{40}\n", done(here, "token", "create", "john", "--reset"))


def test_revoked_token_is_refused_at_once(here):
    done(here, "user", "create", "john")
    key = done(here, "token", "create", "john").strip()
    assert Client(here, key).get("unread/").status == 200
    done(here, "token", "revoke", "john")
    assert Client(here, key).get("unread/").json() == {"detail": "Invalid token."}
    check_error(here.run("token", "revoke", "john"), 1)
    another = done(here, "token", "create", "john").strip()
    assert another != key and Client(here, another).get("unread/").status == 200


def test_tokens_are_never_the_same(here):
    keys = set()
    for number in range(20):
        done(here, "user", "create", f"u{number}")
        keys.add(done(here, "token", "create", f"u{number}"))
    assert len(keys) == 20


# ---- active or not


def test_deactivated_user_is_refused_at_once_until_activated(here):
    done(here, "user", "create", "john")
    client = Client(here, done(here, "token", "create", "john").strip())
    for _ in range(2):
        assert client.get("unread/").status == 200
        done(here, "user", "deactivate", "john")
        answer = client.get("unread/")
        assert (answer.status, answer.json()) == (401, {"detail": "User inactive or deleted."})
        assert rows(done(here, "user", "list"))[0][2] == "no"
        done(here, "user", "deactivate", "john")
        done(here, "user", "activate", "john")
        assert rows(done(here, "user", "list"))[0][2] == "yes"


# ---- messages


def test_messages_are_listed_newest_first(here):
    one, two, three = here.users(3)
    sent = [one.send(two, "first"), two.send(one, "second"), three.send(one, "third")]
    listed = rows(done(here, "message", "list"))
    assert [row[:3] for row in listed] == [
        [str(message["id"]), sender.username, recipient.username]
        for message, sender, recipient in zip(sent[::-1], [three, two, one], [one, one, two])
    ]
    assert [row[4] for row in listed] == ["third", "second", "first"]
    assert [row[3] for row in listed] == [message["sent_at"] for message in sent[::-1]]


def test_messages_of_one_user_and_at_most_so_many(here):
    one, two, three = here.users(3)
    for number in range(60):
        (one, three)[number % 2].send(two, str(number))
    assert [row[4] for row in rows(done(here, "message", "list", "--limit", "3"))] == ["59", "58", "57"]
    assert [row[4] for row in rows(done(here, "message", "list", "--user", one.username, "--limit", "2"))] == [
        "58",
        "56",
    ]
    assert len(rows(done(here, "message", "list"))) == 50
    assert len(rows(done(here, "message", "list", "--limit=0"))) == 60
    assert len(rows(done(here, "message", "list", "--user", two.username, "--limit=1000"))) == 60


def test_hidden_messages_are_listed_too(here):
    one, two = here.users(2)
    message = one.send(two, "hidden")
    for user in (one, two):
        assert user.delete(f"messages/{message['id']}/").status == 204
    assert [row[4] for row in rows(done(here, "message", "list"))] == ["hidden"]


def test_control_characters_in_contents_are_escaped(here):
    one, two = here.users(2)
    content = "tab\tline\nreturn\rescape\x1b[2J bell\x07 del\x7f back\\slash \u00e9 \U0001f600"
    one.send(two, content)
    text = done(here, "message", "list")
    assert text.count("\n") == 2 and not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
    shown = rows(text)[0][4]
    assert "tab\\tline\\nreturn" in shown and "back\\\\slash \u00e9 \U0001f600" in shown


def test_message_of_a_user_that_is_gone_is_listed(here):
    one, two = here.users(2)
    one.send(two, "x")
    here.sql("DELETE FROM auth_user WHERE id = ?", (one.id,))
    ((_, sender, recipient, _, content),) = rows(done(here, "message", "list"))
    assert (recipient, content) == (two.username, "x") and sender != ""


def test_commands_work_without_a_server(tmp_path):
    url = f"sqlite:///{tmp_path}/a.db"
    for command in (
        ["migrate"],
        ["user", "create", "john"],
        ["token", "create", "john"],
        ["message", "list"],
        ["user", "list"],
    ):
        result = run_program(*command, database=url)
        assert (result.returncode, result.stderr) == (0, ""), result


@pytest.mark.parametrize("rest", ["u:p@s3cret@h/db", "u:12/s3cret@h/db", "u:s3cret:5@h/db", "u:ab/s3cret@h/db"])
def test_a_password_that_was_not_escaped_is_not_repeated(rest):
    """It would be taken for a host, a port or a database's name, and named in the error."""
    done = run_program("user", "list", database=f"postgresql://{rest}", env={"PGCONNECT_TIMEOUT": 2})
    assert done.returncode in (1, 2)
    assert "s3cret" not in done.stderr and done.stderr.count("\n") == 1
