# SPDX-License-Identifier: MIT
"""Idempotency-Key: a send that is repeated stores one message, and says which."""

import concurrent.futures
import re

import pytest

from harness import wait_until
from keyed import check_new, check_replayed, contents_between, forms, is_replayed, new_key, post, send
from routes import check_error, on_each_sending_route
from streams import Stream, contents

INVALID = "Invalid Idempotency-Key header."
REUSED = "This Idempotency-Key was used for another message."
GONE = "The message of this Idempotency-Key does not exist any more."
KEYS = "SELECT count(*) FROM directmessages_idempotency_key WHERE user_id = ?"
GOOD = {
    "a": "a",
    '"a"': "a",
    ' "a" ': "a",
    '"a\\"b"': 'a"b',
    '"a\\\\b"': "a\\b",
    'a"b': 'a"b',
    '" a "': " a ",
    "a, b": "a, b",
    "~!#$%&'()*+-./:;<=>?@[]^_`{|}": "~!#$%&'()*+-./:;<=>?@[]^_`{|}",
    "x" * 255: "x" * 255,
    '"' + '\\"' * 255 + '"': '"' * 255,
}
BAD = ["", " ", '""', '"', '"a', '"a"b', '"a\\', '"a\\"', '"a\\b"', '"a";b', '"a", "b"', "x" * 256, '"' + "x" * 256 + '"', "\u00e9", "a\tb"]


def count_keys(server, user):
    return server.sql(KEYS, (user.id,))[0][0]


@pytest.mark.two_servers
@on_each_sending_route
def test_again_gives_the_message_and_stores_nothing(server, alice, bob, route):
    key = new_key()
    path = route.path(user=bob.id)
    first = check_new(post(alice, path, "Hello", key))
    for _ in range(3):
        assert check_replayed(post(alice, path, "Hello", key)) == first
    assert contents_between(server, alice, bob) == ["Hello"]
    assert bob.unread() == 1


@pytest.mark.two_servers
def test_a_replay_shows_the_message_as_it_is_now(server, alice, bob):
    key = new_key()
    message = check_new(send(alice, bob, "Hello", key))
    bob.conversation(alice)
    again = check_replayed(send(alice, bob, "Hello", key))
    assert again["read_at"] and again | {"read_at": None} == message
    server.sql("UPDATE directmessages_message SET content = 'changed' WHERE id = ? RETURNING id", (message["id"],))
    assert check_replayed(send(alice, bob, "Hello", key))["content"] == "changed"
    assert alice.delete(f"messages/{message['id']}/").status == 204
    assert check_replayed(send(alice, bob, "Hello", key))["id"] == message["id"]


def test_a_replay_in_a_conversation_is_the_conversation_as_it_is_now(alice, bob):
    key = new_key()
    path = f"conversations/{bob.id}/"
    assert [m["content"] for m in check_new(post(alice, path, "one", key))] == ["one"]
    bob.send(alice, "two")
    assert [m["content"] for m in check_replayed(post(alice, path, "one", key))] == ["two", "one"]
    assert alice.unread() == 0
    assert [m["content"] for m in check_new(post(alice, path, "one", new_key()))] == ["one", "two", "one"]


@pytest.mark.two_servers
def test_both_routes_share_the_keys(server, alice, bob):
    key = new_key()
    check_new(send(alice, bob, "Hello", key))
    check_replayed(post(alice, f"conversations/{bob.id}/", "Hello", key))
    check_replayed(post(alice, f"send/@{bob.username}/", "Hello", key))
    assert contents_between(server, alice, bob) == ["Hello"]


@pytest.mark.two_servers
@on_each_sending_route
def test_another_content_or_recipient_is_422(server, alice, bob, carol, route):
    key = new_key()
    check_new(post(alice, route.path(user=bob.id), "Hello", key))
    check_error(post(alice, route.path(user=bob.id), "Hello ", key), 422, REUSED)
    check_error(post(alice, route.path(user=carol.id), "Hello", key), 422, REUSED)
    check_replayed(post(alice, route.path(user=bob.id), "Hello", key))
    assert contents_between(server, alice, carol) == []


def test_a_key_is_of_one_user(server, alice, bob, carol):
    key = new_key()
    for sender in (alice, carol):
        check_new(send(sender, bob, "Hello", key))
        check_replayed(send(sender, bob, "Hello", key))
    assert check_new(send(bob, alice, "Hello", key))["sender"] == bob.id


def test_one_content_in_all_body_formats(server, alice, bob):
    for content in ("a & b", "\u00e9\u4e2d\U0001f600"):
        made = forms(content)
        made[1] = ("content=" + "".join(f"%{byte:02x}" for byte in content.encode())).encode(), made[1][1]
        for first in range(3):
            key = new_key()
            answers = [post(alice, f"send/{bob.id}/", None, key, *made[(first + n) % 3]) for n in range(3)]
            assert [is_replayed(answer) for answer in answers] == [False, True, True]
            assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize("value, key", GOOD.items(), ids=range(len(GOOD)))
def test_forms_of_a_key(server, alice, bob, value, key):
    check_new(send(alice, bob, "Hello", value))
    assert server.sql("SELECT key FROM directmessages_idempotency_key WHERE user_id = ?", (alice.id,)) == [(key,)]
    check_replayed(send(alice, bob, "Hello", value))
    quoted = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    check_replayed(send(alice, bob, "Hello", quoted))


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
@on_each_sending_route
def test_a_malformed_key_is_400(server, alice, bob, route, value):
    check_error(post(alice, route.path(user=bob.id), "Hello", value.encode()), 400, INVALID)
    assert contents_between(server, alice, bob) == []


def test_two_headers_are_400(server, alice, bob):
    for values in (["a", "b"], ["a", "a"], ["a", ""]):
        check_error(send(alice, bob, "Hello", values), 400, INVALID)
    assert contents_between(server, alice, bob) == []


def test_what_else_is_wrong_comes_first_and_no_key_is_used(server, alice, bob):
    key = new_key()
    check_error(send(alice, bob, "", key), 400, "content is required")
    check_error(post(alice, "send/999999999/", "Hello", key), 404, "No User matches the given query.")
    check_error(send(alice, alice, "Hello", key), 400, "You can't send messages to yourself.")
    check_error(post(alice, f"send/{bob.id}/", None, "", b"x", "text/plain"), 415, 'Unsupported media type "text/plain" in request.')
    assert count_keys(server, alice) == 0
    check_new(send(alice, bob, "Hello", key))


def test_other_requests_do_not_look_at_it(alice, bob):
    for path in ("unread/", "conversations/", f"conversations/{bob.id}/"):
        assert alice.get(path, {"Idempotency-Key": '"'}).status == 200
    message = alice.send(bob)
    assert alice.delete(f"messages/{message['id']}/", {"Idempotency-Key": '"'}).status == 204


def test_without_a_key_each_send_stores(server, alice, bob):
    for _ in range(2):
        alice.send(bob)
    assert (contents_between(server, alice, bob), count_keys(server, alice)) == (["Hello", "Hello"], 0)


@pytest.mark.two_servers
@pytest.mark.parametrize("how", ["deleted", "another one with its id"])
def test_a_message_that_is_gone_is_409(server, alice, bob, carol, how):
    key = new_key()
    identity = check_new(send(alice, bob, "Hello", key))["id"]
    server.sql("DELETE FROM directmessages_message WHERE id = ? RETURNING id", (identity,))
    if how != "deleted":
        server.sql(
            "INSERT INTO directmessages_message (id, sender_id, recipient_id, sent_at, content)"
            " VALUES (?, ?, ?, '2025-01-01 00:00:00', 'Hello') RETURNING id",
            (identity, alice.id, bob.id),
        )
    for path in (f"send/{bob.id}/", f"conversations/{bob.id}/"):
        check_error(post(alice, path, "Hello", key), 409, GONE)
    check_error(send(alice, carol, "Hello", key), 422, REUSED)
    check_new(send(alice, bob, "Hello", new_key()))


def age(server, user, hours):
    """Sets the user's keys, and their messages, back in time."""
    microseconds = int(hours * 3600 * 1_000_000)
    server.sql("UPDATE directmessages_idempotency_key SET at = at - ? WHERE user_id = ? RETURNING key", (microseconds, user.id))


@pytest.mark.two_servers
@pytest.mark.parametrize("hours", [24.01, -24.01])
def test_an_expired_key_is_unused(server, alice, bob, hours):
    """Also one from the future: the clock was set back."""
    key = new_key()
    first = check_new(send(alice, bob, "Hello", key))
    age(server, alice, hours)
    second = check_new(send(alice, bob, "other", key))
    assert second["id"] > first["id"]
    assert check_replayed(send(alice, bob, "other", key)) == second
    check_error(send(alice, bob, "Hello", key), 422, REUSED)
    assert count_keys(server, alice) == 1


def test_how_long_a_key_is_remembered_is_a_setting(make_server):
    server = make_server(env={"DIRECTMESSAGES_IDEMPOTENCY_HOURS": 48})
    alice, bob = server.users(2)
    key = new_key()
    check_new(send(alice, bob, "Hello", key))
    age(server, alice, 47.9)
    check_error(send(alice, bob, "other", key), 422, REUSED)
    age(server, alice, 0.2)
    check_new(send(alice, bob, "other", key))


def test_new_keys_remove_old_ones(make_server):
    """Twice as many as there are new ones, in the long run."""
    server = make_server()
    alice, bob = server.users(2)
    for n in range(80):
        check_new(send(alice, bob, str(n), f"old {n}"))
    age(server, alice, 25)
    left = [80]
    for n in range(64):
        check_new(send(alice, bob, f"new {n}", f"new {n}"))
        left.append(server.sql("SELECT count(*) FROM directmessages_idempotency_key WHERE key LIKE 'old %'")[0][0])
        assert left[-2] - left[-1] <= 32, "no send pays for many"
    assert left[-1] == 0
    assert count_keys(server, alice) == 64
    age(server, alice, -25)  # those from the future go, too
    for n in range(64):
        check_new(send(alice, bob, f"newer {n}", f"newer {n}"))
    assert count_keys(server, alice) == 64


def test_a_replay_tells_nobody(make_server):
    server = make_server()
    alice, bob = server.users(2)
    key = new_key()
    with Stream(bob) as stream:
        check_new(send(alice, bob, "one", key))
        check_replayed(send(alice, bob, "one", key))
        check_replayed(post(alice, f"conversations/{bob.id}/", "one", key))
        alice.send(bob, "two")
        assert contents(stream.take(2)) == ["one", "two"]
    assert server.sql("SELECT count(*) FROM directmessages_event WHERE kind = 1") == [(2,)]


def test_who_may_be_messaged_no_more_is_of_no_matter_to_a_replay(make_server):
    """The allow list is another one when the client asks again."""
    server = make_server()
    alice, bob, carol = server.users(3)
    key = new_key()
    first = check_new(send(alice, bob, "Hello", key))
    server.stop()
    server.env["DIRECTMESSAGES_ALLOWED_RECIPIENTS"] = str(carol.id)
    server.start()
    refused = "You are not allowed to message this user."
    check_error(send(alice, bob, "Hello", new_key()), 400, refused)
    assert check_replayed(send(alice, bob, "Hello", key)) == first
    check_error(send(alice, bob, "other", key), 422, REUSED)
    assert (contents_between(server, alice, bob), count_keys(server, alice)) == (["Hello"], 1)


def test_a_restart_forgets_no_key(make_server):
    server = make_server()
    alice, bob = server.users(2)
    key = new_key()
    first = check_new(send(alice, bob, "Hello", key))
    server.stop()
    server.start()
    assert check_replayed(send(alice, bob, "Hello", key)) == first


@pytest.mark.concurrent
@pytest.mark.two_servers
def test_one_key_on_64_connections(server, alice, bob):
    key = new_key()
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        asked = [pool.submit(send, alice, bob, "Hello", key) for _ in range(64)]
        answers = [one.result() for one in asked]
    assert [answer.status for answer in answers] == [201] * 64
    assert sum(not is_replayed(answer) for answer in answers) == 1
    assert len({answer.body for answer in answers}) == 1
    assert contents_between(server, alice, bob) == ["Hello"]


@pytest.mark.concurrent
@pytest.mark.two_servers
def test_many_keys_at_once_with_and_without(server, alice, bob, carol):
    """Each of 40 keys three times, twice with one content and once with another, among sends without a key."""
    keys = [new_key() for _ in range(40)]
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        asked = [(n, what, pool.submit(send, alice, bob, f"{what} {n}", keys[n])) for n in range(40) for what in "aba"]
        plain = [pool.submit(carol.send, bob, str(n)) for n in range(40)]
        answers = [(n, what, one.result()) for n, what, one in asked]
        assert [one.result()["content"] for one in plain] == [str(n) for n in range(40)]
    for number in range(40):
        of_key = [(what, answer) for n, what, answer in answers if n == number]
        (stored,) = [what for what, answer in of_key if answer.status == 201 and not is_replayed(answer)]
        for what, answer in of_key:
            assert answer.status == (201 if what == stored else 422), answer
    assert len(contents_between(server, alice, bob)) == len(set(contents_between(server, alice, bob))) == 40


def send_admin(server, one, two, content, key):
    body = {"from": f"@{one.username}", "to": f"@{two.username}", "content": content}
    return server.admin("POST", "messages/", body, {"Idempotency-Key": key})


def test_administration_hears_it(admin_server):
    one, two = admin_server.users(2)
    key = new_key()
    first = check_new(send_admin(admin_server, one, two, "Hello", key))
    two.conversation(one)
    again = check_replayed(send_admin(admin_server, one, two, "Hello", key))
    assert again["read_at"] and again | {"read_at": None} == first
    check_error(send_admin(admin_server, one, two, "other", key), 422, REUSED)
    check_error(send_admin(admin_server, one, two, "Hello", '"'), 400, INVALID)
    assert admin_server.admin("DELETE", f"messages/{first['id']}/").status == 204
    check_error(send_admin(admin_server, one, two, "Hello", key), 409, GONE)


def test_the_command_hears_it(make_server):
    server = make_server()
    one, two = server.users(2)
    words = ("message", "send", one.username, two.username, "Hello")
    first = server.run(*words, "--idempotency-key", "k")
    identity = re.fullmatch(r"sent message (\d+)\n", first.stdout)[1]
    assert server.run(*words, "--idempotency-key", "k").stdout == f"had sent message {identity}\n"
    assert f'"id":{identity},' in server.run(*words, "--idempotency-key", "k", "--json").stdout
    other = server.run(*words[:-1], "other", "--idempotency-key", "k")
    assert (other.returncode, other.stderr) == (1, f"directmessages: {REUSED}\n")
    bad = server.run(*words, "--idempotency-key", "\u00e9")
    assert (bad.returncode, bad.stderr.count("\n")) == (1, 1)
    check_replayed(send(one, two, "Hello", "k"))


@pytest.mark.parametrize("messages", ["blank", "delete", "keep"])
def test_erasing_a_user_takes_the_keys(admin_server, messages):
    one, two = admin_server.users(2)
    for n in range(5):
        check_new(send(one, two, str(n), str(n)))
        check_new(send(two, one, str(n), str(n)))
    assert admin_server.admin("POST", f"users/{one.id}/erase/", {"messages": messages}).status == 200
    assert (count_keys(admin_server, one), count_keys(admin_server, two)) == (0, 5)
    if messages == "delete":
        check_error(send(two, one, "0", "0"), 409, GONE)
    else:
        assert check_replayed(send(two, one, "0", "0"))["content"] == "0"


def test_erasing_a_user_with_many_keys(make_server):
    server = make_server(administered=True)
    one, two = server.users(2)
    check_new(send(one, two, "Hello", "k"))
    with server.transaction() as connection:
        for n in range(2500):
            connection.execute(
                "INSERT INTO directmessages_idempotency_key SELECT user_id, ?, message_id, recipient_id, fingerprint, at"
                " FROM directmessages_idempotency_key WHERE key = 'k'",
                (f"k{n}",),
            )
    assert server.admin("POST", f"users/{one.id}/erase/", {}).status == 200
    assert count_keys(server, one) == 0


def hold(server, other, user, key):
    """As another server does while it stores a message with the key."""
    other.execute("SELECT pg_advisory_xact_lock(hashtextextended(?, ?))", (key, user.id))


@pytest.mark.postgresql
def test_a_key_under_way_on_another_server_is_waited_for(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 400_000})
    alice, bob, carol = server.users(3)
    check_new(send(alice, bob, "Hello", "model"))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        with server.transaction() as other:
            hold(server, other, alice, "k")
            waiting = [pool.submit(send, alice, bob, "Hello", "k") for _ in range(8)]
            for n in range(30):
                carol.send(bob, str(n))
                check_new(send(alice, carol, str(n), f"other {n}"))
            assert not any(one.done() for one in waiting)
            other.execute(
                "INSERT INTO directmessages_idempotency_key SELECT user_id, 'k', message_id, recipient_id, fingerprint, at"
                " FROM directmessages_idempotency_key WHERE key = 'model' AND user_id = ?",
                (alice.id,),
            )
        assert [check_replayed(one.result())["content"] for one in waiting] == ["Hello"] * 8
    assert contents_between(server, alice, bob) == ["Hello"]


@pytest.mark.postgresql
def test_one_key_while_the_users_row_is_held(make_server):
    """All wait for the row, and then one stores."""
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 400_000})
    alice, bob, carol = server.users(3)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        with server.transaction() as other:
            other.execute("SELECT 1 FROM auth_user WHERE id = ? FOR UPDATE", (bob.id,))
            waiting = [pool.submit(send, alice, bob, "Hello", "k") for _ in range(4)]
            for n in range(10):
                check_new(send(carol, alice, str(n), str(n)))
            assert not any(one.done() for one in waiting)
        answers = [one.result() for one in waiting]
    assert [answer.status for answer in answers] == [201] * 4
    assert sum(not is_replayed(answer) for answer in answers) == 1
    assert contents_between(server, alice, bob) == ["Hello"]


@pytest.mark.postgresql
def test_a_key_that_is_given_up_on_another_server_is_used(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 400_000})
    alice, bob = server.users(2)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with server.transaction() as other:
            hold(server, other, alice, "k")
            waiting = pool.submit(send, alice, bob, "Hello", "k")
            for n in range(10):
                bob.send(alice, str(n))
            assert not waiting.done()
        check_new(waiting.result())


@pytest.mark.postgresql
def test_a_key_that_is_under_way_for_too_long_is_503(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 2400})
    alice, bob = server.users(2)
    with server.transaction() as other:
        hold(server, other, alice, "k")
        for _ in range(2):
            answer = send(alice, bob, "Hello", "k")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        wait_until(lambda: bob.post(f"send/{alice.id}/", {"content": "x"}).status == 201, "others send")
    wait_until(lambda: send(alice, bob, "Hello", "k").status == 201, "the key is free")
    assert contents_between(server, alice, bob) == ["Hello"]


@pytest.mark.sqlite
def test_a_locked_file_leaves_the_key_free(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 400})
    alice, bob = server.users(2)
    with server.transaction() as other:
        other.execute("UPDATE auth_user SET first_name = 'x' WHERE id = ?", (bob.id,))
        assert send(alice, bob, "Hello", "k").status == 503
    check_new(wait_until(lambda: (answer := send(alice, bob, "Hello", "k")).status != 503 and answer, "the file is free"))
