# SPDX-License-Identifier: MIT
"""Another process holds the file locked: writes get 503, reads work, and everything works afterwards."""

import contextlib
import sqlite3
import threading
import time

import pytest

from routes import check_error
from harness import wait_until

pytestmark = pytest.mark.sqlite

BUSY = "Service temporarily unavailable."


@pytest.fixture
def server(make_server):
    """A server that waits for a lock for 400 ms only, with two users who have a message each."""
    made = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 400})
    made.alice, made.bob = made.users(2)
    made.first = send(made.alice, made.bob, "before")
    send(made.bob, made.alice, "before too")
    return made


def not_busy(ask):
    """The first response that is no 503: on a busy machine a write may take 400 ms where nothing is locked."""
    return wait_until(lambda: (answer := ask()).status != 503 and answer, "it is not refused")


def send(sender, recipient, content):
    answer = not_busy(lambda: sender.post(f"send/{recipient.id}/", {"content": content}))
    assert answer.status == 201, answer
    return answer.json()


@contextlib.contextmanager
def locked(server, how="IMMEDIATE"):
    connection = sqlite3.connect(server.database, isolation_level=None, timeout=60)
    try:
        connection.execute(f"BEGIN {how}")
        yield connection
        connection.execute("ROLLBACK")
    finally:
        connection.close()


def check_busy(answer):
    check_error(answer, 503, BUSY)
    assert int(answer.headers["Retry-After"]) >= 1
    assert "Allow" in answer.headers


on_each_lock = pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])


@on_each_lock
def test_writes_are_refused_for_now_and_reads_go_on(server, how):
    alice, bob = server.alice, server.bob
    with locked(server, how):
        check_busy(alice.post(f"send/{bob.id}/", {"content": "during"}))
        check_busy(alice.post(f"conversations/{bob.id}/", {"content": "during"}))
        check_busy(alice.delete(f"messages/{server.first['id']}/"))
        check_busy(bob.get(f"conversations/{alice.id}/"))
        assert bob.unread() == 1
        assert len(bob.partners()["results"]) == 1
        assert bob.get("conversations/unread/").json()[0]["unread_count"] == 1
        assert bob.head(f"conversations/{alice.id}/").status == 200
        assert alice.get("unread/").status == 200
    assert server.sql("SELECT content FROM directmessages_message ORDER BY id") == [("before",), ("before too",)]
    send(alice, bob, "after")
    shown = not_busy(lambda: bob.get(f"conversations/{alice.id}/")).json()["results"]
    assert [one["content"] for one in shown] == ["after", "before too", "before"]
    assert not_busy(lambda: alice.delete(f"messages/{server.first['id']}/")).status == 204


def test_conversation_with_nothing_to_mark_needs_no_lock(server):
    assert not_busy(lambda: server.bob.get(f"conversations/{server.alice.id}/")).status == 200
    with locked(server):
        assert len(server.bob.conversation(server.alice)["results"]) == 2


def test_what_is_refused_before_the_store_is_refused_as_ever(server):
    with locked(server):
        assert server.alice.post(f"send/{server.bob.id}/", {}).status == 400
        assert server.alice.post("send/999999/", {"content": "x"}).status == 404
        assert server.alice.post(f"send/{server.alice.id}/", {"content": "x"}).status == 400
        assert server.anonymous().post(f"send/{server.bob.id}/", {"content": "x"}).status == 401


def test_write_that_waits_is_done_when_the_lock_goes(make_server):
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 60_000})
    alice, bob = server.users(2)
    answers = []
    with locked(server):
        waiting = threading.Thread(target=lambda: answers.append(alice.post(f"send/{bob.id}/", {"content": "patient"})))
        waiting.start()
        wait_until(lambda: alice.unread() == 0, "reads are served meanwhile")
        assert not answers
    waiting.join(60)
    assert [answer.status for answer in answers] == [201]


@pytest.mark.concurrent
def test_many_writes_against_a_lock_are_all_answered(server):
    """Those that queue behind the ones that wait are refused too, and nothing of them is stored."""
    answers = []

    def send_during(number):
        answers.append(server.alice.post(f"send/{server.bob.id}/", {"content": f"during {number}"}))

    with locked(server):
        threads = [threading.Thread(target=send_during, args=(number,)) for number in range(60)]
        for thread in threads:
            thread.start()
        assert server.bob.unread() == 1
        for thread in threads:
            thread.join(60)
    assert len(answers) == 60
    for answer in answers:
        check_busy(answer)
    assert server.bob.unread() == 1


@pytest.mark.concurrent
def test_lock_that_comes_and_goes_loses_and_doubles_nothing(server):
    answers = []

    def send_some(first):
        for number in range(first, first + 15):
            answers.append((number, server.alice.post(f"send/{server.bob.id}/", {"content": f"n{number}"}).status))

    threads = [threading.Thread(target=send_some, args=(100 * lane,)) for lane in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        told = len(answers)
        with locked(server):
            wait_until(
                lambda: len(answers) > told or not any(thread.is_alive() for thread in threads), "somebody is told"
            )
        told = len(answers)
        wait_until(
            lambda: len(answers) > told or not any(thread.is_alive() for thread in threads), "somebody is served"
        )
    assert {status for _, status in answers} <= {201, 503}
    stored = [
        content for (content,) in server.sql("SELECT content FROM directmessages_message WHERE content LIKE 'n%'")
    ]
    assert sorted(stored) == sorted(f"n{number}" for number, status in answers if status == 201)


def test_a_crowd_of_writers_waits_no_longer_than_one(make_server):
    """However many batches they are: who has waited for as long as one may is refused with those before. In the calmest of
    some rounds."""
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 500})
    alice, bob = server.users(2)
    body = b'{"content":"during"}'
    request = (
        f"POST {server.prefix}send/{bob.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {alice.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body

    def is_told_in_time():
        with locked(server), contextlib.ExitStack() as stack:
            began = time.monotonic()
            crowd = [stack.enter_context(server.raw(request)) for _ in range(1500)]
            check_busy(crowd[0].response())
            first = time.monotonic() - began
            for connection in crowd[1:]:
                assert connection.response().status == 503
            return time.monotonic() - began < 3.5 * first

    assert any(is_told_in_time() for _ in range(3))
    send(alice, bob, "after")


def test_commands_say_that_the_file_is_locked(server):
    """They wait for the default time first; what only reads does not wait at all."""
    with locked(server):
        for command in (["user", "list"], ["message", "list"], ["migrate", "--check"], ["migrate"]):
            assert server.run(*command).returncode == 0, command
        done = server.run("user", "create", "john")
        assert (done.returncode, done.stdout) == (1, "")
        assert "locked" in done.stderr and done.stderr.count("\n") == 1
    assert server.run("user", "create", "john").returncode == 0


def test_cause_is_in_the_log(server):
    since = len(server.log)
    with locked(server):
        check_busy(server.alice.post(f"send/{server.bob.id}/", {"content": "x"}))
    assert "locked" in server.wait_log(r"Z (warning|error) .*locked", since)
