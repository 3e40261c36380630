# SPDX-License-Identifier: MIT
"""A conversation with very much unread: marked in pieces, between which others go on."""

import threading

import pytest

from harness import wait_until

READ, SENT = 2, 1
ROUNDS = 5  # of which one has to show it: this machine may be too busy to send anything meanwhile


def pile_up(server, sender, recipient, count, content="Hello"):
    """So many unread messages."""
    at = [f"2025-06-06 12:{n // 1000 // 60:02}:{n // 1000 % 60:02}.{n % 1000:03}000" for n in range(count)]
    return server.insert_messages([(sender, recipient, when, None, content) for when in at])


def events(server):
    """(kind, message_id) of the event log, in the order of commits."""
    order = "id" if server.url.startswith("sqlite") else "transaction, id"
    return server.sql(f"SELECT kind, message_id FROM directmessages_event WHERE kind > 0 ORDER BY {order}")


class Sending:
    """Sends one message after the other while the block runs."""

    def __init__(self, sender, recipient):
        self.sender, self.recipient, self.ids, self.over = sender, recipient, [], threading.Event()
        self.thread = threading.Thread(target=self._send)

    def _send(self):
        while not self.over.is_set():
            self.ids.append(self.sender.send(self.recipient)["id"])

    def __enter__(self):
        self.thread.start()
        wait_until(lambda: self.ids, "a message sent")
        return self

    def __exit__(self, *failure):
        self.over.set()
        self.thread.join()


@pytest.mark.parametrize("count, content", [(3500, "Hello"), (30, "x" * 2_600_000)], ids=["many", "long"])
def test_others_send_between_the_pieces(make_server, count, content):
    server = make_server()

    def one_round():
        alice, bob, carol, dan = server.users(4)
        known = len(events(server))
        ids = pile_up(server, alice, bob, count, content)
        with Sending(carol, dan) as sending:
            page = bob.get(f"conversations/{alice.id}/")
        assert page.status == 200, "the store's patience ends before all is marked at once"
        assert all(row["read_at"] for row in page.json()["results"])
        assert len({row["read_at"] for row in page.json()["results"]}) == 1, "one request, one time"
        assert bob.unread() == 0 and dan.unread() == len(sending.ids)
        log = events(server)[known:]
        assert [message for kind, message in log if kind == READ] == ids, "each once, oldest first"
        # On PostgreSQL contents are neither read nor written again.
        return sent_between(log, READ) > 1 or (count < 100 and server.url.startswith("postgresql"))

    assert any(one_round() for _ in range(ROUNDS)), "no other write was committed between two pieces"


def sent_between(log, kind):
    """How many messages were sent between the first mark of that kind and the last."""
    marks = [n for n, (one, _) in enumerate(log) if one == kind]
    return sum(one == SENT for one, _ in log[marks[0] : marks[-1]])


def test_what_was_marked_when_the_server_died_stays_and_the_rest_follows(make_server):
    server = make_server()
    alice, bob = server.users(2)
    ids = pile_up(server, alice, bob, 6000)
    unread = "SELECT count(*) FROM directmessages_message WHERE read_at IS NULL"
    reader = threading.Thread(target=lambda: ask_and_forget(server, bob, f"conversations/{alice.id}/"))
    reader.start()
    wait_until(lambda: server.sql(unread)[0][0] < len(ids), "a piece is marked")
    server.kill()
    reader.join()
    wait_until(lambda: server.store.sessions() == 0, "PostgreSQL has ended what it was asked for, too")
    marked = [row[0] for row in server.sql("SELECT id FROM directmessages_message WHERE read_at IS NOT NULL")]
    assert [message for _, message in events(server)] == sorted(marked) == ids[: len(marked)]
    server.start()
    assert bob.unread() == len(ids) - len(marked)
    assert bob.get(f"conversations/{alice.id}/").status == 200
    assert bob.unread() == 0
    assert [message for _, message in events(server)] == ids


def ask_and_forget(server, user, path):
    with server.raw(f"GET {server.path(path)} HTTP/1.1\r\nHost: x\r\nAuthorization: Token {user.token}\r\n\r\n".encode()) as raw:
        try:
            raw.response()
        except (OSError, AssertionError):
            pass
