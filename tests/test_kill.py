# SPDX-License-Identifier: MIT
"""Ends of the server: by SIGKILL at random moments nothing acknowledged is lost, by SIGTERM nothing is cut off."""

import hashlib
import http.client
import json
import os
import random
import signal
import threading

import pytest

from harness import LONG, wait_until
from hostile_client import JSON, get, request
from ports import free_port

pytestmark = [pytest.mark.sqlite, pytest.mark.concurrent]

SEED = int(os.environ.get("DIRECTMESSAGES_KILL_SEED", random.randrange(10**9)))
KILLS, STOPS = (20, 12) if LONG else (7, 4)
SENDERS = 4


def content_of(name, size):
    """A text that nobody else sends, and that shows whether a part of it is missing."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{name} {digest * (size // len(digest) + 1)}"[: len(name) + 1 + size]


class Sender(threading.Thread):
    """A client that sends messages, one after the other, until its connection ends.

    Each is by now in `tried`, and in `acknowledged` with its id once it was answered 201.
    """

    def __init__(self, server, user, partner, name, size):
        super().__init__(daemon=True)
        self.server, self.user, self.partner = server, user, partner
        self.label, self.size = name, size
        self.tried, self.acknowledged = [], {}
        self.hidden, self.odd = [], []

    def run(self):
        try:
            with self.server.raw() as raw:
                while self.one(raw, len(self.tried)):
                    pass
        except (OSError, http.client.HTTPException, ValueError):
            pass  # the server is gone in the middle of an answer

    def one(self, raw, number):
        content = content_of(f"{self.label}-{number}", self.size(number))
        path = f"conversations/{self.partner.id}/" if number % 7 == 6 else f"send/{self.partner.id}/"
        self.tried.append(content)
        raw.send(request(self.user, "POST", path, JSON, body=json.dumps({"content": content}).encode()))
        answer = raw.response()
        if answer is None:
            return False
        if answer.status != 201:
            self.odd.append(answer)
            return False
        body = answer.json()
        message = next(one for one in body if one["content"] == content) if isinstance(body, list) else body
        self.acknowledged[content] = message["id"]
        if number % 5 == 4:
            return self.hide(raw, message["id"])
        return answer.headers.get("Connection") != "close"

    def hide(self, raw, identity):
        raw.send(request(self.user, "DELETE", f"messages/{identity}/"))
        answer = raw.response()
        if answer is None:
            return False
        if answer.status != 204:
            self.odd.append(answer)
            return False
        self.hidden.append(identity)
        return answer.headers.get("Connection") != "close"


def start_senders(server, users, label, rng):
    senders = []
    for number in range(SENDERS):
        sizes = [rng.choice([1, 20, 500, 9000]) for _ in range(50)]
        pair = (users[2 * number], users[2 * number + 1])
        senders.append(Sender(server, *pair, f"{label}-{number}", lambda at, sizes=sizes: sizes[at % 50]))
    for sender in senders:
        sender.start()
    return senders


def await_acknowledged(senders, count):
    wait_until(lambda: sum(len(sender.acknowledged) for sender in senders) >= count, f"{count} messages are stored")


def join(senders):
    for sender in senders:
        sender.join(60)
        assert not sender.is_alive(), "a client still waits for an answer"
        assert not sender.odd, sender.odd[0]


def stored(server):
    """The messages by content, and that no content is there twice."""
    rows = server.sql("SELECT content, id, sent_at, hidden_for_sender FROM directmessages_message ORDER BY id")
    by_content = {row[0]: row for row in rows}
    assert len(by_content) == len(rows), "a message was stored twice"
    times = [row[2] for row in rows]
    assert times == sorted(times)
    return by_content


def check_kept(server, senders):
    """All that was acknowledged is there as it was said, and nothing that was not tried."""
    rows = stored(server)
    tried = {content for sender in senders for content in sender.tried}
    assert set(rows) <= tried, "something was half written"
    for sender in senders:
        for content, identity in sender.acknowledged.items():
            assert content in rows, f"acknowledged and lost: {content[:40]}"
            assert rows[content][1] == identity
        gone = [identity for _, identity, _, hidden in rows.values() if identity in sender.hidden and hidden is None]
        assert not gone, "an acknowledged delete was lost"
    return rows


def test_kill_loses_nothing_that_was_acknowledged(make_server):
    rng = random.Random(SEED)
    print(f"DIRECTMESSAGES_KILL_SEED={SEED}")
    server = make_server()
    users = server.users(2 * SENDERS)
    everybody = []
    for round_number in range(KILLS):
        senders = start_senders(server, users, f"round{round_number}", rng)
        everybody += senders
        await_acknowledged(senders, rng.randrange(1, 120))
        server.kill()
        join(senders)
        server.start()
        assert users[0].get("unread/").status == 200
    check_kept(server, everybody)
    identities = [identity for sender in everybody for identity in sender.acknowledged.values()]
    assert len(set(identities)) == len(identities)
    assert server.sql("PRAGMA integrity_check") == [("ok",)]
    unread = sum(user.unread() for user in users)
    assert unread == server.sql("SELECT count(*) FROM directmessages_message WHERE read_at IS NULL")[0][0]


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "unix"])
def test_sigterm_finishes_what_is_in_flight(make_server, tmp_path, listen):
    """Whoever sent a whole request gets its answer, or a connection that was closed before anything was done."""
    rng = random.Random(SEED)
    print(f"DIRECTMESSAGES_KILL_SEED={SEED}")
    server = make_server(listen=f"unix:{tmp_path}/socket" if listen == "unix" else listen)
    users = server.users(2 * SENDERS)
    everybody = []
    for round_number in range(STOPS):
        senders = start_senders(server, users, f"round{round_number}", rng)
        everybody += senders
        await_acknowledged(senders, rng.randrange(1, 120))
        server.stop()
        join(senders)
        server.start()
    rows = check_kept(server, everybody)
    unanswered = set(rows) - {content for sender in everybody for content in sender.acknowledged}
    assert not unanswered, f"{len(unanswered)} messages were stored, and their senders not told"


def test_sigterm_under_a_crowd_leaves_cleanly(make_server):
    """Connections that go on sending after the signal, in pipelines, and reads that mark as read."""
    server = make_server()
    users = server.users(2 * SENDERS)
    for _ in range(STOPS):
        stopping = threading.Event()
        rounds = [0] * 12

        def flood(number):
            user, partner = users[number % 8], users[(number + 1) % 8]
            body = json.dumps({"content": "flood"}).encode()
            data = request(user, "POST", f"send/{partner.id}/", JSON, body=body) * 10
            data += get(partner, f"conversations/{user.id}/") * 3
            while not stopping.is_set():
                try:
                    with server.raw(data) as raw:
                        for _ in range(13):
                            if raw.response() is None:
                                break
                        rounds[number] += 1
                except (OSError, http.client.HTTPException, ValueError, TypeError):
                    pass  # refused, or cut off between two answers

        threads = [threading.Thread(target=flood, args=(number,), daemon=True) for number in range(len(rounds))]
        for thread in threads:
            thread.start()
        wait_until(lambda: min(rounds) >= 2, "everybody is at work")
        try:
            server.stop()
        finally:
            stopping.set()
            for thread in threads:
                thread.join(60)
        server.start()


def test_sigterm_lets_a_download_end(make_server):
    server = make_server()
    one, two = server.users(2)
    server.insert_messages([(one, two, "2025-01-01 00:00:00", "2025-01-01 00:00:01", "x" * 2000) for _ in range(5000)])
    with server.raw(request(one, "POST", f"conversations/{two.id}/", JSON, body=b'{"content":"x"}')) as raw:
        begin = raw.reader.peek(1000)
        assert begin.startswith(b"HTTP/1.1 201")
        server.tell_to_stop()
        server.wait_log(r"info stopping on SIGTERM")
        assert len(raw.response().json()) == 5001
    server.stop()


@pytest.mark.parametrize("sent", [b"", b"GET /api/dm/unr", "head", "kept", "body"])
def test_silent_connections_do_not_keep_the_server(make_server, sent):
    """Half a body is waited for until the idle timeout, anything less is closed at once."""
    server = make_server(env={"DIRECTMESSAGES_IDLE_TIMEOUT": 2})
    user = server.user()
    data = {
        "head": get(user, "unread/")[:-2],
        "kept": get(user, "unread/"),
        "body": request(user, "POST", f"send/{user.id}/", JSON, b"Content-Length: 15"),
    }.get(sent, sent)
    with server.raw(data) as raw:
        assert user.unread() == 0
        if sent == "kept":
            assert raw.response().status == 200
        server.stop()
        assert raw.hung_up()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_end_it_with_status_0(make_server, number):
    server = make_server()
    server.process.send_signal(number)
    assert server.process.wait(60) == 0


def test_nobody_connects_while_it_leaves(make_server):
    """The port is free at once, for the next server."""
    server = make_server(listen=f"127.0.0.1:{free_port()}")
    with server.raw(get(server.user(), "unread/")) as raw:
        assert raw.response().status == 200
        port = server.port
        server.stop()
        server.start()
        assert server.port == port
