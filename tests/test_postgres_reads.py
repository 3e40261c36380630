# SPDX-License-Identifier: MIT
"""Reads from standbys: nothing is missed that was written or told, and a standby's failures are nobody's."""

import contextlib
import os
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

import postgres
from databases import PostgresDatabase
from drill.standby import Standby
from harness import LONG, Server, run_program, wait_until
from metrics import scrape
from streams import Stream

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.concurrent,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
]

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
DELAY_MS = 2000 if LONG else 1000  # of the standby that is late


class Replicated:
    """A primary, one standby, and a database there; the settings of a server that reads from the standby."""

    def __init__(self, primary, *settings):
        self.primary, self.standby = primary, Standby(primary)
        self.standby.settings = [*primary.settings, *settings]
        self.standby.start()
        self.database = PostgresDatabase(primary)

    def caught_up(self):
        with self.primary.connect("postgres") as primary, self.standby.connect("postgres") as standby:
            (written,) = primary.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
            replayed = "SELECT pg_last_wal_replay_lsn() >= ?::pg_lsn"

            def has_all():
                # At the end of a page the primary's place is behind the next one's head, where no standby comes before more is written.
                primary.execute("SELECT pg_logical_emit_message(true, 'more', '')")
                return standby.execute(replayed, (written,)).fetchone()[0]

            wait_until(has_all, "the standby has all")

    @contextlib.contextmanager
    def serving(self, max_lag=600_000, **env):
        env["DIRECTMESSAGES_DATABASE_READ_URL"] = self.standby.url(self.database.name) + "?target_session_attrs=prefer-standby"
        env["DIRECTMESSAGES_DATABASE_READ_MAX_LAG"] = max_lag
        env["DIRECTMESSAGES_LANES"] = 2  # so there is one session on the standby, and no other one that is not connected yet
        server = Server(self.database, env=env)
        try:
            yield server.start()
        finally:
            server.close()


@pytest.fixture(scope="module")
def replicated(primary):
    made = Replicated(primary)
    yield made
    made.standby.close()


@pytest.fixture(scope="module")
def late(primary):
    made = Replicated(primary, f"recovery_min_apply_delay={DELAY_MS}")
    yield made
    made.standby.close()


@pytest.fixture
def fragile(primary):
    """One whose standby a test promotes."""
    made = Replicated(primary)
    yield made
    made.standby.close()


def counts(server):
    metrics = scrape(server)
    return metrics["directmessages_standby_reads_total"], metrics["directmessages_standby_fallbacks_total"]


def ask(user, path):
    answer = user.get(path)
    assert answer.status == 200, (path, answer)
    return answer.json()


def wait_for_standby(server, user, path="inbox/"):
    """Asks until the standby answers; it does so from then on."""

    def is_answered():
        before = counts(server)[0]
        ask(user, path)
        return counts(server)[0] > before

    wait_until(is_answered, "a standby answers")


def contents(user, other):
    return [message["content"] for message in ask(user, f"conversations/{other.id}/?mark_read=false")["results"]]


def test_lists_and_pages_are_read_from_a_standby(replicated):
    with replicated.serving() as server:
        alice, bob = server.users(2)
        message = alice.send(bob, "Hello")
        replicated.caught_up()
        wait_for_standby(server, bob)

        def is_answered_there_alone(path):
            """Where this machine lets a standby wait for too long the primary answers, and for a second all that is asked then."""
            before = counts(server)
            told = str(ask(bob, path))
            assert alice.username in told or "Hello" in told, path
            after = counts(server)
            return after[0] > before[0] and after[1] == before[1]

        for path in (
            f"conversations/{alice.id}/?mark_read=false",
            f"messages/{message['id']}/",
            f"inbox/{alice.id}/",
            "inbox/",
            "inbox/?unread=true",
            "conversations/",
            "conversations/unread/",
        ):
            wait_until(lambda path=path: is_answered_there_alone(path), f"a standby answers {path}, and nobody else")


def test_what_was_just_written_is_never_missing(late):
    """Neither for who wrote it nor for whom it was written, whatever the page; who has nothing new is answered there."""
    with late.serving() as server:
        alice, bob, carol = server.users(3)
        carol.send(alice, "long ago")
        late.caught_up()
        wait_for_standby(server, carol)
        before = counts(server)
        for number in range(15):
            content = f"message {number}"
            message = alice.send(bob, content)
            assert contents(alice, bob)[0] == content
            assert contents(bob, alice)[0] == content
            assert ask(bob, f"messages/{message['id']}/")["content"] == content
            for user in (alice, bob):
                assert ask(user, "inbox/")["results"][0]["last_message"]["content"] == content
            assert ask(bob, "conversations/unread/")[0]["unread_count"] == 1
            bob.post(f"conversations/{alice.id}/read/", {})
            assert ask(bob, "conversations/unread/") == []
            assert bob.delete(f"messages/{message['id']}/").status == 204
            assert content not in contents(bob, alice)
            assert contents(carol, alice) == ["long ago"]
        answered, fell_back = counts(server)
        assert answered > before[0] and fell_back > before[1]


def test_what_a_user_has_just_done_shows(late):
    """Nobody has written to them for a while, so the standby could answer but for what they have done."""

    def history(user):
        return ask(user, f"conversations/{alice.id}/?mark_read=false")["results"]

    def unread(user):
        return [entry["unread_count"] for entry in ask(user, "inbox/")["results"]]

    with late.serving() as server:
        alice, hider, clearer, blocker, pardoner, reader, quick = server.users(7)
        everybody = [hider, clearer, blocker, pardoner, reader, quick]
        ids = [alice.send(user, "long ago")["id"] for user in everybody]
        assert pardoner.request("PUT", f"blocks/{alice.id}/").status == 204
        forgetful = server.user()
        alice.send(forgetful, "long ago")
        forgetful.conversation(alice)
        late.caught_up()
        for user in [*everybody, forgetful, alice]:
            wait_for_standby(server, user)
        assert hider.delete(f"messages/{ids[0]}/").status == 204
        assert history(hider) == []
        assert clearer.delete(f"conversations/{alice.id}/").status == 204
        assert history(clearer) == []
        assert blocker.request("PUT", f"blocks/{alice.id}/").status == 204
        assert unread(blocker) == []
        assert pardoner.request("DELETE", f"blocks/{alice.id}/").status == 204
        assert unread(pardoner) == [1]
        assert reader.post(f"conversations/{alice.id}/read/", {}).status == 200
        assert unread(reader) == [0]
        assert quick.post("conversations/read/", {}).status == 200
        assert unread(quick) == [0]
        assert forgetful.post(f"conversations/{alice.id}/unread/", {}).status == 200
        assert unread(forgetful) == [1]


def test_who_is_told_by_a_stream_finds_it(late):
    """Also where another server has stored it."""
    with late.serving() as server, late.serving() as other:
        alice, bob = server.users(2)
        bob.server = other
        alice.send(bob, "before")
        late.caught_up()
        wait_for_standby(other, bob)
        with Stream(bob) as stream:
            for number in range(10):
                alice.send(bob, f"told {number}")
                assert stream.next().data["content"] == f"told {number}"
                assert contents(bob, alice)[0] == f"told {number}"


def test_what_others_write_shows_within_the_lag(late):
    """Here Django, of whom the server hears nothing."""
    with late.serving(max_lag=300) as server:
        alice, bob = server.users(2)
        alice.send(bob, "ours")
        late.caught_up()
        wait_for_standby(server, bob, f"conversations/{alice.id}/?mark_read=false")
        server.insert_messages([(alice, bob, datetime.now(UTC), None, "theirs")])
        committed = time.monotonic()
        wait_until(lambda: time.monotonic() - committed > 0.3, "the lag is over")
        for _ in range(3):
            assert contents(bob, alice) == ["theirs", "ours"]


def test_nobody_sees_less_than_before(late):
    """What the primary has shown a user, of which the server heard nothing, a standby does not hide again."""
    with late.serving() as server:
        alice, bob, carol = server.users(3)
        alice.send(bob, "ours")
        late.caught_up()
        wait_for_standby(server, bob, f"conversations/{alice.id}/?mark_read=false")
        carol.send(bob, "ours too")
        sent = time.monotonic()
        wait_until(lambda: time.monotonic() - sent > 0.4, "the standby gets one a while before the other")
        server.insert_messages([(alice, bob, datetime.now(UTC), None, "theirs")])
        wait_until(lambda: contents(bob, alice)[0] == "theirs", "the primary shows it")
        with late.standby.connect(late.database.name) as connection:
            has_it = "SELECT count(*) FROM directmessages_message WHERE content = 'ours too'"
            wait_until(lambda: connection.execute(has_it).fetchone() == (1,), "the standby has what we have written")
        assert contents(bob, alice)[0] == "theirs"


def test_what_another_server_did_and_this_one_has_confirmed_is_not_missing(late):
    """What `unread/` counts; who repeats what another server has done has nothing to write here, and is told that it is so."""
    with late.serving() as server, late.serving() as other:
        alice, bob = server.users(2)
        there = type(bob)(other, bob.token, bob.id, bob.username)
        message = alice.send(bob, "first")
        late.caught_up()
        wait_for_standby(server, bob)
        wait_for_standby(server, bob, f"conversations/{alice.id}/?mark_read=false")
        server.insert_messages([(alice, bob, datetime.now(UTC), None, "second")])
        assert bob.unread() == 2
        assert ask(bob, "conversations/unread/")[0]["unread_count"] == 2
        for done in (
            lambda user: user.post(f"conversations/{alice.id}/read/", {"up_to": message["id"]}),
            lambda user: user.post("conversations/read/", {}),
            lambda user: user.delete(f"conversations/{alice.id}/"),
        ):
            late.caught_up()
            wait_for_standby(server, bob)
            assert done(there).status < 300
            before = ask(there, "inbox/")
            assert done(bob).status < 300
            assert ask(bob, "inbox/") == before


def test_a_long_replay_is_read_from_a_standby(replicated):
    """Whole pieces of the log; its end is the primary's."""
    with replicated.serving() as server:
        alice, bob = server.users(2)
        with Stream(bob) as stream:
            start = stream.last_id
        wanted = [str(number) for number in range(1500)]
        server.insert_messages([(alice, bob, BEGAN + timedelta(seconds=number), None, text) for number, text in enumerate(wanted)])
        server.sql(
            "INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)"
            " SELECT 1, id, sender_id, recipient_id, (extract(epoch FROM sent_at) * 1000000)::bigint"
            " FROM directmessages_message WHERE recipient_id = ? ORDER BY id",
            [bob.id],
        )
        replicated.caught_up()
        wait_for_standby(server, bob)
        before = counts(server)
        with Stream(bob, last_event_id=start) as stream:
            assert [event.data["content"] for event in stream.take(len(wanted))] == wanted
        after = counts(server)
        assert after[0] > before[0] and after[1] > before[1]


# ---- standbys that fail


def check_fresh(alice, bob, count):
    """Messages one after the other, each of which both find at once."""
    for number in range(count):
        alice.send(bob, f"fresh {number}")
        assert contents(bob, alice)[0] == contents(alice, bob)[0] == f"fresh {number}"


def test_a_standby_that_hangs_is_done_without(replicated):
    with replicated.serving() as server:
        alice, bob, carol = server.users(3)
        alice.send(carol, "before")
        replicated.caught_up()
        wait_for_standby(server, carol)
        stopped = replicated.standby.processes()
        try:
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            for _ in range(3):
                assert contents(carol, alice) == ["before"]
            check_fresh(alice, bob, 2)
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        wait_for_standby(server, carol)
        assert contents(bob, alice)[0] == "fresh 1"


def test_a_standby_that_ends_is_done_without(replicated):
    with replicated.serving() as server:
        alice, bob, carol = server.users(3)
        alice.send(carol, "before")
        replicated.caught_up()
        wait_for_standby(server, carol)
        replicated.standby.kill()
        try:
            for _ in range(3):
                assert contents(carol, alice) == ["before"]
            check_fresh(alice, bob, 2)
        finally:
            replicated.standby.start()
        wait_for_standby(server, carol)
        assert contents(bob, alice)[0] == "fresh 1"


def test_a_standby_that_is_promoted_is_one_no_more(fragile):
    """It takes writes of its own then, which nobody may see."""
    with fragile.serving() as server:
        alice, bob, carol = server.users(3)
        alice.send(carol, "before")
        fragile.caught_up()
        wait_for_standby(server, carol)
        fragile.standby.promote()
        with fragile.standby.connect(fragile.database.name) as connection:
            connection.execute("UPDATE directmessages_message SET content = 'elsewhere'")
        before = counts(server)
        assert contents(carol, alice) == ["before"]
        check_fresh(alice, bob, 3)
        assert contents(carol, alice) == ["before"]
        assert counts(server)[0] == before[0] and counts(server)[1] > before[1]


def test_a_server_begins_without_its_standby(replicated):
    """And takes it up when it is there."""
    replicated.standby.stop()
    try:
        with replicated.serving() as server:
            alice, bob = server.users(2)
            check_fresh(alice, bob, 3)
            replicated.standby.start()
            wait_for_standby(server, bob)
            check_fresh(alice, bob, 3)
    finally:
        if not replicated.standby.is_running():
            replicated.standby.start()


def test_a_standby_that_has_what_was_lost_is_left_out():
    """Another one was promoted, which had got less: what is stored there has places that this one has passed."""
    with contextlib.ExitStack() as stack:
        primary = postgres.Cluster()
        stack.callback(primary.close)
        kept = Replicated(primary.start())
        stack.callback(kept.standby.close)
        promoted = Replicated(primary)
        stack.callback(promoted.standby.close)
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{promoted.standby.port}"
        kept.database.url = f"postgresql://postgres@{hosts}/{kept.database.name}"
        server = stack.enter_context(kept.serving())
        alice, bob = server.users(2)
        alice.send(bob, "before")
        promoted.caught_up()
        promoted.standby.stop()
        with primary.connect("postgres") as connection:
            connection.execute("SELECT pg_logical_emit_message(true, 'lost', repeat('x', 1000000)) FROM generate_series(1, 8)")
        kept.caught_up()
        wait_for_standby(server, bob)
        primary.kill()
        promoted.standby.start()
        promoted.standby.promote()
        wait_until(lambda: alice.post(f"send/{bob.id}/", {"content": "after"}).status == 201, "it is stored")
        for _ in range(5):
            assert contents(bob, alice)[0] == "after"


# ---- what is refused


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://localhost/x", "localhost", "postgresql://a@b@c:d/x"])
def test_a_url_that_is_none_of_standbys_is_refused(primary, url):
    done = run_program(
        "serve", "--check", database=primary.url("postgres"), env={"DIRECTMESSAGES_DATABASE_READ_URL": url}
    )
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
