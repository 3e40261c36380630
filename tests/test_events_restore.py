# SPDX-License-Identifier: MIT
"""A database was replaced by an older copy of itself: an old position is either found again, or reported as lost."""

import sqlite3

import pytest

from commands import check_error as check_command_error
from streams import Stream, contents, numbers_of
from webhook_receiver import create
from webhook_receiver import hooked, make_receiver, receiver  # noqa: F401 (fixtures)


def hear(user, position, count):
    with Stream(user, last_event_id=position) as stream:
        return stream.take(count)


def position_of(user):
    with Stream(user) as stream:
        return stream.last_id


@pytest.mark.sqlite
def test_a_backup_that_takes_the_place_of_the_file(make_server, tmp_path):
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(bob)
    alice.send(bob, "in both")
    shared = hear(bob, start, 1)[0].id
    with sqlite3.connect(server.database) as live, sqlite3.connect(tmp_path / "backup.db") as backup:
        live.backup(backup)
    live.close(), backup.close()
    alice.send(bob, "lost")
    alice.send(bob, "lost too")
    lost = [event.id for event in hear(bob, shared, 2)]
    server.stop()
    (tmp_path / "backup.db").rename(server.database)
    server.start()
    for number in range(4):
        alice.send(bob, f"new {number}")
    for position in lost:  # their places are taken by other events
        event = hear(bob, position, 1)[0]
        assert event.name == "reset"
        assert event.id != position
    assert contents(hear(bob, start, 5)) == ["in both", "new 0", "new 1", "new 2", "new 3"]
    assert contents(hear(bob, shared, 4)) == ["new 0", "new 1", "new 2", "new 3"]


def replace(server, message):
    """Another event at the place of the message's."""
    kept = "id, kind, message_id, sender_id, recipient_id, at"
    if server.url.startswith("postgresql"):
        kept += ", transaction"
    with server.transaction() as connection:
        row = connection.execute(f"SELECT {kept} FROM directmessages_event WHERE message_id = ?", (message,)).fetchone()
        connection.execute("DELETE FROM directmessages_event WHERE message_id = ?", (message,))
        connection.execute(
            f"INSERT INTO directmessages_event ({kept}, nonce) VALUES ({', '.join('?' * len(row))}, 5)", tuple(row)
        )


def test_another_event_at_the_same_place(make_server):
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(bob)
    message = alice.send(bob, "one")["id"]
    position = hear(bob, start, 1)[0].id
    alice.send(bob, "two")
    assert contents(hear(bob, position, 1)) == ["two"]
    replace(server, message)
    assert hear(bob, position, 1)[0].name == "reset"
    assert contents(hear(bob, start, 2)) == ["one", "two"]


def test_a_log_of_another_epoch(make_server):
    """What a restore sets: no old position is valid any more, and open streams are told."""
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(bob)
    with Stream(bob) as stream:
        alice.send(bob, "before")
        position = stream.next().id
        server.sql("UPDATE directmessages_event_log SET epoch = epoch / 2 + 1")
        event = stream.next()
        assert event.name == "reset"
        alice.send(bob, "after")
        assert contents([stream.next()]) == ["after"]
    for old in (start, position):
        assert hear(bob, old, 1)[0].name == "reset"
    assert contents(hear(bob, event.id, 1)) == ["after"]


def test_migrate_gives_the_log_a_new_epoch(make_server):
    """For a database that was restored by other means. Running servers notice."""
    server = make_server()
    alice, bob = server.users(2)
    with Stream(bob) as stream:
        alice.send(bob, "before")
        position = stream.next().id
        done = server.run("migrate", "--new-epoch")
        assert (done.returncode, done.stderr) == (0, "")
        assert stream.next().name == "reset"
    with Stream(bob, last_event_id=position) as stream:
        assert stream.next().name == "reset"
    check_command_error(server.run("migrate", "--new-epoch", "--check"), 2)


def test_positions_from_before_they_had_a_mark(make_server):
    server = make_server()
    alice, bob = server.users(2)
    start = position_of(bob)
    alice.send(bob, "one")
    event = hear(bob, start, 1)[0]
    old = numbers_of(server, event.data["id"]).rpartition("-")[0]
    assert hear(bob, old, 1)[0].name == "reset"


@pytest.mark.parametrize("removed", [["event"], ["event_log"], ["delivery", "webhook", "ticket", "event", "schema"]], ids=str)
def test_tables_that_were_removed_are_made_again(make_server, removed):
    """Also where some were left, as by an earlier version's roll back, which did not know them all."""
    server = make_server()
    alice, bob = server.users(2)
    alice.send(bob, "before")
    server.stop()
    for table in removed:
        server.sql(f"DROP TABLE directmessages_{table}")
    done = server.run("migrate")
    assert (done.returncode, done.stderr) == (0, "")
    server.start()
    start = position_of(bob)
    alice.send(bob, "after")
    assert contents(hear(bob, start, 1)) == ["after"]


@pytest.mark.postgresql
def test_a_row_of_the_log_that_a_restore_brings_with_it(make_server):
    """Data alone is restored into tables that are there, which have their row already. Two of them would stop all writes."""
    server = make_server()
    alice, bob = server.users(2)
    with pytest.raises(server.store.IntegrityError):
        server.sql("INSERT INTO directmessages_event_log (epoch, base) VALUES (1, 2)")
    assert alice.send(bob, "x")["id"]


def test_every_event_has_a_mark_of_its_own(make_server):
    server = make_server()
    alice, bob = server.users(2)
    for number in range(20):
        alice.send(bob, str(number))
    bob.conversation(alice)
    nonces = {nonce for (nonce,) in server.sql("SELECT nonce FROM directmessages_event WHERE kind > 0")}
    assert len(nonces) == 40


def test_what_an_endpoint_is_told_again_after_a_restore_has_the_same_id(hooked, receiver):
    """As if restored from a backup in which the events existed, but nothing had been delivered."""
    create(hooked, receiver.url)
    alice, bob = hooked.users(2)
    columns = ("position_transaction", "position_id") if "postgresql" in hooked.url else ("position",)
    (place,) = hooked.sql(f"SELECT {', '.join(columns)} FROM directmessages_webhook")
    for number in range(3):
        alice.send(bob, str(number))
    first = {request.headers["webhook-id"] for request in receiver.wait(3)}
    assert len(first) == 3
    hooked.stop()
    hooked.sql("DELETE FROM directmessages_delivery")
    hooked.sql(f"UPDATE directmessages_webhook SET {', '.join(f'{name} = ?' for name in columns)}", tuple(place))
    hooked.start()
    assert {request.headers["webhook-id"] for request in receiver.wait(6)[3:]} == first
