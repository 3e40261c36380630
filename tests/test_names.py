# SPDX-License-Identifier: MIT
"""Users in paths by their names: `send/@jane/` is `send/2/` where Jane is user 2."""

import concurrent.futures
import urllib.parse

import pytest

import jwts
from databases import PostgresDatabase
from routes import ROUTES, check_error
from test_user_table import MEMBER, MEMBER_SETTINGS, make, members  # noqa: F401 (a fixture)

NO_USER = "No User matches the given query."
TO_USER = [route for route in ROUTES if "{user}" in route.template]

# Of a name: what a user of a test is called, and how clients may write it.
SPELLINGS = {
    "plain": ("jane-{}", ["@jane-{}", "%40jane-{}", "@%6Aane-{}", "@jan%65-{}"]),
    "an e-mail address": ("jane+x{}@example.org", ["@jane+x{}@example.org", "%40jane%2Bx{}%40example.org"]),
    "an at sign in front": ("@jane{}", ["@@jane{}", "%40%40jane{}", "@%40jane{}"]),
    "nothing but an at sign": ("@{}", ["@@{}"]),
    "a slash": ("ja/ne{}", ["@ja%2Fne{}", "@ja%2fne{}"]),
    "slashes all around": ("/ja//ne{}/", ["@%2Fja%2F%2Fne{}%2F"]),
    "no ASCII": ("J\u00e1ne \u540d\U0001f600{}", ["@J%C3%A1ne%20%E5%90%8D%F0%9F%98%80{}"]),
    "capitals": ("JANE{}", ["@JANE{}"]),
    "digits alone": ("900{}", ["@900{}"]),
    "as a path is": ("unread{}", ["@unread{}"]),
    "an escape of an escape": ("%41%2F{}", ["@%2541%252F{}"]),
    "percent signs that escape nothing": ("100%{}%zz%", ["@100%25{}%25zz%25", "@100%25{}%zz%"]),
    "what queries are made of": ("a?b#c&d=e;f{}", ["@a%3Fb%23c&d=e;f{}", "@a%3Fb%23c%26d%3De%3Bf{}"]),
    "dots": ("..{}", ["@..{}", "@%2E%2E{}"]),
    "the longest": ("x" * 140 + "{}", ["@" + "x" * 140 + "{}"]),
}


@pytest.mark.parametrize("kind", SPELLINGS)
def test_a_name_stands_for_the_id(server, alice, kind):
    """On all that leads to a user, and whichever way the name is escaped."""
    name, spellings = SPELLINGS[kind]
    jane = server.user(name.format(alice.id))
    for number, spelling in enumerate(spellings):
        path = spelling.format(alice.id)
        sent = alice.post(f"send/{path}/", {"content": f"one {number}"})
        assert (sent.status, sent.json()["recipient"]) == (201, jane.id)
        again = alice.post(f"conversations/{path}/", {"content": f"two {number}"})
        assert (again.status, again.json()[0]["recipient"]) == (201, jane.id)
        by_name, by_id = alice.get(f"conversations/{path}/"), alice.get(f"conversations/{jane.id}/")
        assert (by_name.status, by_name.body) == (200, by_id.body)
        assert alice.head(f"conversations/{path}/").status == 200
    assert jane.unread() == 2 * len(spellings)


def test_reading_by_name_marks_as_read(alice, bob):
    alice.send(bob)
    assert bob.head(f"conversations/@{alice.username}/").status == 200
    assert bob.unread() == 1
    assert bob.get(f"conversations/@{alice.username}/").status == 200
    assert bob.unread() == 0


def test_a_name_and_the_id_of_that_text_are_two_users(server, alice):
    one, two = server.users(2)
    with server.transaction() as connection:
        connection.execute("UPDATE auth_user SET username = ? WHERE id = ?", (str(two.id), one.id))
    assert alice.post(f"send/@{two.id}/", {"content": "x"}).json()["recipient"] == one.id
    assert alice.post(f"send/{two.id}/", {"content": "x"}).json()["recipient"] == two.id


def test_a_user_who_is_not_active_has_a_name(server, alice):
    asleep = server.user(active=False)
    assert alice.post(f"send/@{asleep.username}/", {"content": "x"}).json()["recipient"] == asleep.id


def test_a_new_name_counts_at_once(server, alice):
    jane = server.user(f"before{alice.id}")
    assert alice.post(f"send/@before{alice.id}/", {"content": "x"}).status == 201
    with server.transaction() as connection:
        connection.execute("UPDATE auth_user SET username = ? WHERE id = ?", (f"after{alice.id}", jane.id))
    check_error(alice.post(f"send/@before{alice.id}/", {"content": "x"}), 404, NO_USER)
    assert alice.post(f"send/@after{alice.id}/", {"content": "x"}).status == 201


def test_the_rules_are_those_of_the_id(alice):
    answer = alice.post(f"send/@{alice.username}/", {"content": "x"})
    check_error(answer, 400, "You can't send messages to yourself.")
    assert alice.page(f"conversations/@{alice.username}/")["results"] == []


# ---- nobody's

# Usernames are compared as the database compares them: letter case counts, and so do the forms of Unicode.
NOBODY = {
    "unknown": "@nobody-at-all",
    "other case": "@JAN\u00c9-{}",
    "letters that are composed otherwise": "@jane\u0301-{}",
    "a blank behind it": "@jan\u00e9-{}%20",
    "a plus for a blank": "@jan\u00e9+{}",
    "a slash behind it": "@jan\u00e9-{}%2F",
    "escaped twice": "@jan%25C3%25A9-{}",
    "NUL alone": "@%00",
    "NUL behind it": "@jan\u00e9-{}%00",
    "no UTF-8": "@jan%E9-{}",
    "half a character": "@jan%C3",
    "overlong": "@%C1%AA",
    "a surrogate": "@%ED%A0%80",
    "longer than any": "@" + "x" * 3000,
    "of SQL": "@' OR 1=1 --",
    "a wildcard": "@jan%25",
    "a blank": "@%20",
    "a line": "@%0D%0A",
}


@pytest.mark.parametrize("kind", NOBODY)
def test_a_name_that_nobody_has_is_404(server, alice, kind):
    server.user(f"jan\u00e9-{alice.id}")
    path = urllib.parse.quote(NOBODY[kind].format(alice.id), safe="/%@'=+-")
    for answer in (
        alice.post(f"send/{path}/", {"content": "x"}),
        alice.post(f"conversations/{path}/", {"content": "x"}),
        alice.get(f"conversations/{path}/"),
    ):
        check_error(answer, 404, NO_USER)
    assert alice.options(f"send/{path}/").status == 200
    check_error(alice.get(f"send/{path}/"), 405, 'Method "GET" not allowed.')
    check_error(server.anonymous().get(f"conversations/{path}/"), 401, "Authentication credentials were not provided.")
    bad = {"Authorization": "Token nobody's"}
    check_error(server.anonymous().get(f"conversations/{path}/", bad), 401, "Invalid token.")


@pytest.mark.parametrize(
    "path",
    [
        "send/@/", "send/%40/", "send/@", "conversations/@/", "conversations/%40", "send/@a/b/", "send/@a//", "send/a@b/",
        "send/jane/", "send/1@jane/", "send/@jane/1/", "messages/@jane/", "messages/%40jane/", "@jane/", "send@jane/",
    ],
)  # fmt: skip
def test_paths_without_a_name_or_where_none_may_stand_are_404(alice, path):
    check_error(alice.get(path), 404, "Not found.")
    check_error(alice.post(path, {"content": "x"}), 404, "Not found.")


# ---- links


@pytest.mark.parametrize("path", ["send/@jane", "send/%40jane", "send/@ja%2Fne", "conversations/@a%2fb%C3%A9", "send/@a%2F"])
@pytest.mark.parametrize("query", ["", "?a=%2F"])
def test_a_missing_slash_keeps_the_name_as_written(alice, path, query):
    answer = alice.post(path + query, {})
    assert (answer.status, answer.headers["Location"]) == (308, f"/api/dm/{path}/{query}")
    assert alice.get(path + query).status == 301


def test_a_missing_slash_behind_a_name_with_bytes_that_no_uri_has(server, alice):
    head = b"GET /api/dm/conversations/@j\xc3\xa9%zz HTTP/1.1\r\nHost: x\r\n\r\n"
    assert server.exchange(head).headers["Location"] == "/api/dm/conversations/@j%C3%A9%25zz/"


@pytest.mark.parametrize("spelling", ["@ja%2Fne{}", "%40j%61%2fn%C3%A9{}"])
def test_links_of_pages_keep_the_name_as_written(server, alice, spelling):
    path = spelling.format(alice.id)
    jane = server.user(urllib.parse.unquote(path)[1:])
    server.insert_messages([(alice, jane, "2025-01-01 00:00:00")] * 120)
    seen, page = [], alice.page(f"conversations/{path}/")
    while True:
        seen += [message["id"] for message in page["results"]]
        for link in filter(None, (page["next"], page["previous"])):
            assert link.startswith(f"http://{server.netloc}/api/dm/conversations/{path}/?cursor="), link
        if not page["next"]:
            break
        page = alice.page(page["next"].removeprefix(f"http://{server.netloc}"))
    assert len(set(seen)) == 120
    assert page["previous"]


# ---- who calls, and which database


def test_a_caller_with_a_jwt(make_server):
    """Who is named by id, or by name as well, in the same statement as the recipient."""
    for named in ({"JWT_CLAIM": "user_id"}, {"JWT_CLAIM": "sub", "JWT_USER": "username"}):
        env = {"JWT_SECRET": jwts.SECRET} | named
        server = make_server(env={f"DIRECTMESSAGES_{name}": value for name, value in env.items()})
        one, two = server.users(2)
        token = jwts.encode(jwts.Secret(), jwts.claims(one, sub=one.username))
        for path, status in ((f"@{two.username}", 200), ("@nobody", 404), ("@%FF", 404), (str(two.id), 200)):
            answer = server.anonymous().get(f"conversations/{path}/", jwts.bearer(token))
            assert answer.status == status, answer
        assert server.anonymous().request(
            "POST", f"send/@{two.username}/", b'{"content":"x"}', jwts.bearer(token) | {"Content-Type": "application/json"}
        ).json()["recipient"] == two.id  # fmt: skip


def test_names_of_another_table(make):  # noqa: F811
    server = make(MEMBER, MEMBER_SETTINGS)
    ann, ben, _ = members(server)
    assert ann.post("send/@ben@x.org/", {"content": "x"}).json()["recipient"] == ben.id
    check_error(ann.post("send/@BEN@x.org/", {"content": "x"}), 404, NO_USER)
    assert ben.page("conversations/@ann%40x.org/")["results"][0]["sender"] == ann.id


@pytest.mark.postgresql
def test_names_that_the_database_has_no_letters_for(make_server):
    """A database in LATIN1 refuses to be asked for them. They are nobody's; the token counts first."""
    database = PostgresDatabase(template="template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    server = make_server(database=database)
    alice, jane = server.user("alice"), server.user("jan\u00e9")
    assert alice.post("send/@jan%C3%A9/", {"content": "x"}).json()["recipient"] == jane.id
    check_error(alice.post("send/@%E5%90%8D/", {"content": "x"}), 404, NO_USER)
    answer = server.anonymous().get("conversations/@%E5%90%8D/", {"Authorization": "Token x"})
    check_error(answer, 401, "Invalid token.")


@pytest.mark.postgresql
def test_a_caller_whom_the_database_has_no_letters_for(make_server):
    database = PostgresDatabase(template="template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    server = make_server(database=database, env={"DIRECTMESSAGES_TRUST_USER_HEADER": "X-User", "DIRECTMESSAGES_JWT_USER": "username"})
    bob = server.user("bob")
    for path in ("unread/", f"conversations/{bob.id}/", "conversations/@bob/"):
        answer = server.anonymous().get(path, {"X-User": "\u0141ukasz".encode().decode("latin-1")})
        check_error(answer, 401, "User not found.")


@pytest.mark.two_servers
def test_a_user_whom_another_server_knows(server, alice):
    jane = server.user()
    for _ in range(4):
        assert alice.post(f"send/@{jane.username}/", {"content": "x"}).json()["recipient"] == jane.id


@pytest.mark.concurrent
def test_many_at_once_each_reach_their_own(server):
    """Look-ups of one kind are one statement on PostgreSQL: each gets its own answer."""
    users = server.users(12)

    def send(number):
        sender, recipient = users[number % 12], users[(number + 1 + number // 12) % 12]
        path = f"@{recipient.username}" if number % 3 else str(recipient.id)
        if number % 7 == 0:
            path = "@nobody" if number % 2 else "@%E5%90%8D"
        answer = sender.post(f"send/{path}/", {"content": "x"})
        assert answer.status == 404 if number % 7 == 0 else answer.json()["recipient"] == recipient.id

    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        list(threads.map(send, range(96)))
