# SPDX-License-Identifier: MIT
"""Users in a table that is not Django's auth_user: the settings that name it, and all commands on it."""

import pytest

from clients import User
from commands import check_error
from harness import ADMIN_KEY
from routes import check_error as check_http_error

# As of a custom user model that has its own names: no first name, the e-mail address is the name, and a column named
# as one of directmessages_message.
MEMBER = """
CREATE TABLE "club member" (sender_id integer NOT NULL PRIMARY KEY, mail varchar(254) NOT NULL UNIQUE,
                            family varchar(50), enabled boolean NOT NULL);
INSERT INTO "club member" VALUES (10, 'ann@x.org', 'Archer', true), (20, 'ben@x.org', NULL, true),
                                 (30, 'cat@x.org', 'C', false)
"""
MEMBER_SETTINGS = {
    "DIRECTMESSAGES_USER_TABLE": "club member",
    "DIRECTMESSAGES_USER_ID": "sender_id",
    "DIRECTMESSAGES_USER_USERNAME": "mail",
    "DIRECTMESSAGES_USER_FIRST_NAME": "-",
    "DIRECTMESSAGES_USER_LAST_NAME": "family",
    "DIRECTMESSAGES_USER_EMAIL": "mail",
    "DIRECTMESSAGES_USER_IS_ACTIVE": "enabled",
}
# As of a subclass of AbstractUser: all columns of auth_user, under another name.
ABSTRACT = "ALTER TABLE auth_user RENAME TO accounts_user"
ABSTRACT_SETTINGS = {"DIRECTMESSAGES_USER_TABLE": "accounts_user"}


@pytest.fixture
def make(database, make_server):
    """A server on a database with Django's tables whose users are elsewhere, once the script has run."""

    def make(script, settings, start=True):
        assert database.run("migrate").returncode == 0
        database.free_users()
        for statement in filter(str.strip, script.split(";")):
            database.sql(statement)
        return make_server(database=database.store, env=settings, start=start)

    return make


def run(server, *arguments, stdin=None):
    return server.run(*arguments, env=server.env, stdin=stdin)


def done(server, *arguments, stdin=None):
    result = run(server, *arguments, stdin=stdin)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


def members(server):
    """The members with a token each, made by the program."""
    keys = {name: done(server, "token", "create", name).strip() for name in ("ann@x.org", "ben@x.org", "cat@x.org")}
    return [User(server, key, 10 * number, name) for number, (name, key) in enumerate(keys.items(), 1)]


def test_every_route_works_on_another_table(make):
    server = make(MEMBER + "; DROP TABLE auth_user_groups; DROP TABLE auth_user_user_permissions; DROP TABLE auth_user", MEMBER_SETTINGS)
    ann, ben, cat = members(server)
    sent = ann.send(ben, "one")
    assert (sent["sender"], sent["recipient"]) == (10, 20)
    ann.send(cat, "two")
    assert ben.get("unread/").json() == {"id": 20, "count": 1}
    assert ben.get("conversations/unread/").json() == [
        {"partner_id": 10, "partner_username": "ann@x.org", "unread_count": 1}
    ]
    assert ann.partners()["results"] == [
        {"id": 30, "username": "cat@x.org", "first_name": "", "last_name": "C"},
        {"id": 20, "username": "ben@x.org", "first_name": "", "last_name": ""},
    ]
    assert [message["content"] for message in ben.conversation(ann)["results"]] == ["one"]
    assert ben.unread() == 0
    assert ben.post(f"conversations/{ann.id}/", {"content": "three"}).status == 201
    assert ann.delete(f"messages/{sent['id']}/").status == 204
    assert [message["content"] for message in ann.conversation(ben)["results"]] == ["three"]
    assert ann.get("conversations/11/").status == 404
    assert ann.post("send/11/", {"content": "x"}).status == 404
    refused = cat.get("unread/")
    assert (refused.status, refused.json()) == (401, {"detail": "User inactive or deleted."})


def test_every_command_works_on_another_table(make):
    server = make(MEMBER, MEMBER_SETTINGS, start=False)
    done(server, "migrate")
    assert done(server, "migrate", "--check")
    assert done(server, "user", "list").splitlines()[1:] == [
        "10\tann@x.org\tyes\tann@x.org\t\tArcher",
        "20\tben@x.org\tyes\tben@x.org\t\t",
        "30\tcat@x.org\tno\tcat@x.org\t\tC",
    ]
    done(server, "user", "activate", "cat@x.org")
    done(server, "user", "deactivate", "ben@x.org")
    assert server.sql('SELECT sender_id FROM "club member" WHERE enabled') == [(10,), (30,)]
    check_error(run(server, "user", "deactivate", "john"), 1)
    key = done(server, "token", "create", "ben@x.org").strip()
    assert server.sql("SELECT key, user_id FROM authtoken_token") == [(key, 20)]
    done(server, "token", "revoke", "ben@x.org")
    assert server.sql("SELECT * FROM authtoken_token") == []
    server.sql(
        "INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id)"
        " VALUES ('x', '2025-01-01 00:00:00', 10, 20)"
    )
    assert len(done(server, "message", "list", "--user", "ann@x.org").splitlines()) == 2
    assert done(server, "message", "list", "--user", "cat@x.org").count("\n") == 1


def test_users_of_auth_user_are_nobody_then(make):
    server = make(MEMBER, MEMBER_SETTINGS)
    server.sql("DELETE FROM auth_user")
    ann, ben, _ = members(server)
    (stranger,) = server.users(1)  # in auth_user, with an id that no member has
    assert stranger.id not in (10, 20, 30)
    assert stranger.get("unread/").status == 401
    assert ann.get(f"conversations/{stranger.id}/").status == 404
    assert ann.send(ben)["id"] == 1


def test_a_table_without_is_active_has_active_users(make):
    server = make(MEMBER, MEMBER_SETTINGS | {"DIRECTMESSAGES_USER_IS_ACTIVE": "-"})
    *_, cat = members(server)
    assert cat.unread() == 0
    assert done(server, "user", "list").count("\tyes\t") == 3
    refused = run(server, "user", "deactivate", "cat@x.org")
    check_error(refused, 1)
    assert "active" in refused.stderr
    check_error(run(server, "user", "activate", "nobody"), 1)


def test_a_schema_may_stand_before_the_table(make, database):
    server = make(ABSTRACT, {"DIRECTMESSAGES_USER_TABLE": f"{database.schema}.accounts_user"})
    done(server, "user", "create", "john")
    john = User(server, done(server, "token", "create", "john").strip(), 1, "john")
    assert john.unread() == 0
    server.stop()
    server.env["DIRECTMESSAGES_USER_TABLE"] = "elsewhere.accounts_user"
    check_error(run(server, "user", "list"), 1)


@pytest.mark.postgresql
def test_the_table_may_be_in_another_schema(make, database):
    server = make(
        ABSTRACT + "; CREATE SCHEMA \"Other\"; ALTER TABLE accounts_user SET SCHEMA \"Other\"",
        {"DIRECTMESSAGES_USER_TABLE": "Other.accounts_user"},
    )
    for name in ("john", "jane"):
        done(server, "user", "create", name)
    john = User(server, done(server, "token", "create", "john").strip(), 1, "john")
    assert john.post("send/2/", {"content": "x"}).status == 201
    assert [partner["username"] for partner in john.partners()["results"]] == ["jane"]
    assert database.sql('SELECT count(*) FROM "Other".accounts_user') == [(2,)]


# ---- making users


def test_users_are_made_in_a_table_like_auth_user(make):
    server = make(ABSTRACT, ABSTRACT_SETTINGS)
    made = done(server, "user", "create", "john", "--first-name", "John", "--password-stdin", stdin="secret\n")
    assert made == "created user john with id 1\n"
    ((password, active, name),) = server.sql("SELECT password, is_active, first_name FROM accounts_user")
    assert password.startswith("pbkdf2_sha256$") and (active, name) == (1, "John")
    taken = run(server, "user", "create", "john")
    check_error(taken, 1)
    assert "name already exists" in taken.stderr


@pytest.mark.parametrize(
    "script, settings, word",
    [
        (MEMBER, MEMBER_SETTINGS, "AbstractUser"),
        (ABSTRACT + "; ALTER TABLE accounts_user DROP COLUMN is_staff;", ABSTRACT_SETTINGS, "is_staff"),
        (ABSTRACT + "; ALTER TABLE accounts_user DROP COLUMN password;", ABSTRACT_SETTINGS, "password"),
        (ABSTRACT + "; ALTER TABLE accounts_user RENAME COLUMN date_joined TO since;", ABSTRACT_SETTINGS, "date_joined"),
        (
            ABSTRACT + "; ALTER TABLE accounts_user ADD COLUMN phone varchar(9) CHECK (phone IS NOT NULL)",
            ABSTRACT_SETTINGS,
            "phone",
        ),
        (ABSTRACT, ABSTRACT_SETTINGS | {"DIRECTMESSAGES_USER_EMAIL": "-"}, "AbstractUser"),
        (ABSTRACT, ABSTRACT_SETTINGS | {"DIRECTMESSAGES_USER_USERNAME": "email"}, "AbstractUser"),
    ],
    ids=["few columns", "no is_staff", "no password", "no date_joined", "another column", "no email", "email is name"],
)
def test_users_are_not_made_in_a_table_that_wants_more(make, script, settings, word):
    server = make(script, settings)
    refused = run(server, "user", "create", "john")
    check_error(refused, 1)
    assert word in refused.stderr and "Django project" in refused.stderr
    assert not any("john" in line for line in done(server, "user", "list").splitlines())


def test_what_else_must_be_unique_is_told(make):
    server = make(ABSTRACT + "; CREATE UNIQUE INDEX one_mail ON accounts_user (email);", ABSTRACT_SETTINGS)
    done(server, "user", "create", "john", "--email", "j@x.org")
    refused = run(server, "user", "create", "jane", "--email", "j@x.org")
    check_error(refused, 1)
    assert "mail" in refused.stderr and "name already exists" not in refused.stderr


# ---- what is no user table


@pytest.mark.parametrize(
    "script, settings, words",
    [
        ("", {"DIRECTMESSAGES_USER_TABLE": "accounts_user"}, ["no user table accounts_user", "manage.py migrate"]),
        ("", {"DIRECTMESSAGES_USER_USERNAME": "nick"}, ["no column nick"]),
        (MEMBER, MEMBER_SETTINGS | {"DIRECTMESSAGES_USER_EMAIL": "email"}, ["no column email"]),
        (MEMBER, MEMBER_SETTINGS | {"DIRECTMESSAGES_USER_ID": "mail"}, ["mail", "integer"]),
        (
            "CREATE TABLE accounts_user (id char(32) PRIMARY KEY, username text, first_name text, last_name text,"
            " email text, is_active boolean)",
            ABSTRACT_SETTINGS,
            ["accounts_user.id", "integer"],
        ),
        (ABSTRACT + "; DROP TABLE authtoken_token;", ABSTRACT_SETTINGS, ["authtoken_token", "manage.py migrate"]),
        (ABSTRACT + "; DROP TABLE directmessages_message;", ABSTRACT_SETTINGS, ["manage.py migrate"]),
    ],
    ids=["no table", "no name", "no email", "text key", "uuid", "no tokens", "no messages"],
)
def test_a_database_without_it_is_refused_and_left_alone(make, database, script, settings, words):
    server = make(script, settings, start=False)
    before = database.tables(), database.indexes()
    for command in (["migrate"], ["user", "list"], ["serve", "--listen", "127.0.0.1:0"]):
        refused = run(server, *command)
        check_error(refused, 1)
        assert "migrate" not in command or all(word in refused.stderr for word in words), refused.stderr
    check_error(run(server, "migrate", "--check"), 1)
    assert (database.tables(), database.indexes()) == before


def test_a_forgotten_setting_is_told(make, database):
    """Every command names the table that was looked for, and the setting."""
    server = make(ABSTRACT, {}, start=False)
    before = database.tables(), database.indexes()
    for command in (["migrate"], ["migrate", "--check"], ["user", "list"], ["serve"], ["serve", "--migrate"]):
        refused = run(server, *command)
        check_error(refused, 1)
        for word in ("auth_user", "DIRECTMESSAGES_USER_TABLE", "manage.py migrate"):
            assert word in refused.stderr, refused.stderr
    assert (database.tables(), database.indexes()) == before
    server.env = ABSTRACT_SETTINGS
    done(server, "migrate")


def test_migrate_makes_no_user_table_of_another_name(database):
    check_error(database.run("migrate", env=ABSTRACT_SETTINGS), 1)
    assert database.tables() == set()
    database.sql(
        "CREATE TABLE accounts_user (id integer, username text, first_name text, last_name text, email text,"
        " is_active boolean)"
    )
    refused = database.run("migrate", env=ABSTRACT_SETTINGS)
    check_error(refused, 1)
    assert "manage.py migrate" in refused.stderr
    assert database.tables() == {"accounts_user"}


@pytest.mark.parametrize("name", ["TABLE", "ID", "USERNAME", "FIRST_NAME", "LAST_NAME", "EMAIL", "IS_ACTIVE"])
@pytest.mark.parametrize("value", ['a"b', "a'b"])
def test_a_quote_in_a_name_is_wrong_usage_of_every_command(make, name, value):
    server = make("", {f"DIRECTMESSAGES_USER_{name}": value}, start=False)
    for command in (["user", "list"], ["migrate"], ["token", "create", "x"], ["message", "list"], ["serve"]):
        refused = run(server, *command)
        check_error(refused, 2)
        assert "quote" in refused.stderr and value in refused.stderr


def test_key_and_name_must_have_columns(database):
    for name in ("ID", "USERNAME"):
        refused = database.run("user", "list", env={f"DIRECTMESSAGES_USER_{name}": "-"})
        check_error(refused, 2)
        assert name.lower() in refused.stderr


def test_names_are_never_sql(make, database):
    """A name that would end a statement is only a table that is not there."""
    server = make(ABSTRACT, ABSTRACT_SETTINGS)
    server.stop()
    server.env["DIRECTMESSAGES_USER_TABLE"] = "accounts_user; DROP TABLE accounts_user; --"
    check_error(run(server, "user", "list"), 1)
    assert "accounts_user" in database.tables()


# --- administration over HTTP

ADMIN = {"DIRECTMESSAGES_ADMIN_KEY": ADMIN_KEY, "DIRECTMESSAGES_ADMIN_LISTEN": "127.0.0.1:0"}


def test_administration_changes_what_the_table_has(make):
    server = make(MEMBER, {**MEMBER_SETTINGS, **ADMIN})
    ann = {"id": 10, "username": "ann@x.org", "first_name": "", "last_name": "Archer", "email": "ann@x.org", "is_active": True}
    assert server.admin("GET", "users/@ann@x.org/").json() == ann
    for path in ("users/@ann@x.org/", "users/10/"):
        answer = server.admin("PUT", path, {"last_name": "A", "is_active": False})
        assert (answer.status, answer.json()) == (200, {**ann, "last_name": "A", "is_active": False})
        assert server.admin("PUT", path, {"last_name": "Archer", "is_active": True}).json() == ann
        for field in ("first_name", "email"):
            answer = server.admin("PUT", path, {field: "x", "last_name": "x"})
            assert answer.status == 400 and f"no column of its own for {field}" in answer.json()["detail"]
    assert server.admin("GET", "users/@ann@x.org/").json() == ann
    answer = server.admin("PUT", "users/@new@x.org/", {})
    assert answer.status == 400 and "make them with the Django project" in answer.json()["detail"]
    check_http_error(server.admin("PUT", "users/11/", {}), 404, "No User matches the given query.")
    assert [user["id"] for user in server.admin("GET", "users/").json()["results"]] == [10, 20, 30]
    assert len(server.admin("POST", "users/20/token/").json()["token"]) == 40


def test_administration_makes_users_in_a_table_as_djangos(make):
    server = make(ABSTRACT + "; CREATE UNIQUE INDEX one_mail ON accounts_user (email)", {**ABSTRACT_SETTINGS, **ADMIN})
    assert server.admin("PUT", "users/@ann/", {"email": "a@x"}).status == 201
    assert server.admin("PUT", "users/@ben/", {"email": "b@x"}).status == 201
    for name in ("ben", "cat"):
        answer = server.admin("PUT", f"users/@{name}/", {"email": "a@x"})
        assert answer.status == 409 and "already has this value" in answer.json()["detail"], answer
    assert server.sql("SELECT username, email FROM accounts_user ORDER BY id") == [("ann", "a@x"), ("ben", "b@x")]
    assert server.admin("DELETE", "users/@ben/").status == 204
    server.sql("ALTER TABLE accounts_user ADD COLUMN club integer NOT NULL DEFAULT 7")
    assert server.admin("PUT", "users/@dan/", {"email": "d@x"}).status == 201


def test_a_table_without_passwords_gets_no_users(make):
    server = make(f"{ABSTRACT}; ALTER TABLE accounts_user RENAME COLUMN password TO secret", {**ABSTRACT_SETTINGS, **ADMIN})
    server.sql("INSERT INTO accounts_user (secret, is_superuser, username, first_name, last_name, email, is_staff, is_active,"
               " date_joined) VALUES ('!', ?, 'ann', '', '', '', ?, ?, '2025-01-01 00:00:00')", (False, False, True))  # fmt: skip
    for _ in range(2):
        answer = server.admin("PUT", "users/@new/", {})
        assert answer.status == 400 and "make them with the Django project" in answer.json()["detail"], answer
    identity = server.admin("GET", "users/@ann/").json()["id"]
    assert server.admin("PUT", f"users/{identity}/", {"email": "x"}).json()["email"] == "x"


def test_a_person_of_another_table_is_erased(make):
    """Only the columns that the settings name are written; the address is the name here, and unique."""
    server = make(MEMBER, MEMBER_SETTINGS)
    ann, ben, _ = members(server)
    ann.send(ben, "from ann")
    assert " who is now erased-10: 1 messages blanked" in done(server, "user", "erase", "ann@x.org", "--yes")
    rows = server.sql('SELECT sender_id, mail, family, enabled FROM "club member" ORDER BY sender_id')
    assert [tuple(row) for row in rows[:2]] == [(10, "erased-10", "", False), (20, "ben@x.org", None, True)]
    assert server.sql("SELECT content FROM directmessages_message") == [("",)]
    assert ann.get("unread/").status == 401
    assert "0 messages blanked" in done(server, "user", "erase", "erased-10", "--yes")


def test_two_people_are_erased_whose_addresses_must_differ(make):
    server = make(ABSTRACT + "; CREATE UNIQUE INDEX one_address ON accounts_user (email)", ABSTRACT_SETTINGS)
    for name in ("jane", "mary"):
        done(server, "user", "create", name, "--email", f"{name}@example.org")
        done(server, "user", "erase", name, "--yes")
    rows = server.sql("SELECT id, username, email, first_name, is_active FROM accounts_user ORDER BY id")
    assert [tuple(row[1:]) for row in rows] == [(f"erased-{row[0]}", f"erased-{row[0]}", "", False) for row in rows]
    assert len(rows) == 2
