# SPDX-License-Identifier: MIT
"""A block on one server while a send of another one is under way: it is answered when that is stored, or never will be."""

import contextlib

import pytest

import commands
from clients import Client
from harness import run_program, wait_until
from routes import check_error
from test_blocks import NOT_ALLOWED, block
from test_postgres_locks import Waiting, others_go_on

pytestmark = pytest.mark.postgresql

PATIENT = {"DIRECTMESSAGES_BUSY_TIMEOUT": 80_000}
HELD = "an INSERT that has looked for blocks, and waits"
HOLD = f"""
    CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.content = '{HELD}' THEN
            WHILE NOT pg_try_advisory_xact_lock_shared(42) LOOP PERFORM pg_sleep(0.01); END LOOP;
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER hold BEFORE INSERT ON directmessages_message FOR EACH ROW EXECUTE FUNCTION hold()"""
UNDER_WAY = (
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%INSERT INTO directmessages_message%' AND state = 'active'"
    " AND wait_event = 'PgSleep' AND datname = current_database()"
)

# Not by its wait, from which it wakes up all the time.
OLDEST = (
    "SELECT pid FROM pg_stat_activity WHERE query LIKE '%INSERT INTO directmessages_message%' AND state = 'active'"
    " AND datname = current_database() AND pid <> pg_backend_pid() ORDER BY xact_start LIMIT 1"
)


@pytest.fixture
def under_way(make_server):
    """Two servers, and a send on the second that is under way until the block ends; `alice` is to receive it."""

    @contextlib.contextmanager
    def make(env):
        first = make_server(env=env)
        second = make_server(database=first.store, env=PATIENT)
        alice, bob = first.users(2)
        first.sql(HOLD)
        with first.store.cluster.connect(first.store.name) as holder:
            holder.execute("SELECT pg_advisory_lock(42)")
            there = Client(second, bob.token)
            sending = Waiting(lambda: there.post(f"send/{alice.id}/", {"content": HELD}))
            wait_until(lambda: first.sql(UNDER_WAY) == [(1,)], "the INSERT")
            yield first, alice, bob, sending
            holder.execute("SELECT pg_advisory_unlock_all()")
        assert sending.result().status in (201, 400)

    return make


def stored(server):
    return server.sql("SELECT count(*) FROM directmessages_message WHERE content = ?", (HELD,))[0][0]


def test_a_block_is_answered_when_the_send_is_stored(under_way):
    with under_way(PATIENT) as (server, alice, bob, sending):
        blocking = Waiting(lambda: alice.request("PUT", f"blocks/{bob.id}/"))
        wait_until(lambda: server.sql("SELECT 1 FROM directmessages_block"), "the block")
        others_go_on(server, blocking)
        check_error(bob.post(f"send/{alice.id}/", {"content": "later"}), 400, NOT_ALLOWED)
        assert stored(server) == 0 and blocking.answer is None
        watching = Waiting(lambda: (blocking.result(), stored(server)))
    answer, count = watching.result()
    assert (answer.status, count) == (204, 1)


def test_sends_that_begin_behind_the_block_are_not_waited_for(under_way, make_server):
    """A server that always has a send under way can't keep a block from its answer."""
    with under_way(PATIENT) as (server, alice, bob, sending):
        blocking = Waiting(lambda: alice.request("PUT", f"blocks/{bob.id}/"))
        wait_until(lambda: server.sql("SELECT 1 FROM directmessages_block"), "the block")
        third = make_server(database=server.store, env=PATIENT)
        carol, dave = server.users(2)
        later = Waiting(lambda: Client(third, carol.token).post(f"send/{dave.id}/", {"content": HELD}))
        wait_until(lambda: server.sql(UNDER_WAY) == [(2,)], "another INSERT")
        assert blocking.answer is None
        server.sql(f"SELECT pg_terminate_backend(pid) FROM ({OLDEST}) x")
        assert blocking.result().status == 204
        assert later.answer is None and sending.result().status == 400
    assert later.result().status == 201


def test_a_block_that_waits_too_long_is_in_force_all_the_same(under_way):
    with under_way({"DIRECTMESSAGES_BUSY_TIMEOUT": 1000}) as (server, alice, bob, sending):

        def block_in_vain():
            check_error(alice.request("PUT", f"blocks/{bob.id}/"), 503, "Service temporarily unavailable.")
            return server.sql("SELECT 1 FROM directmessages_block")

        wait_until(block_in_vain, "the block")  # before it is there a busy machine may refuse it, as any write
        later = wait_until(lambda: (answer := bob.post(f"send/{alice.id}/", {"content": "later"})).status != 503 and answer, "a refusal")
        check_error(later, 400, NOT_ALLOWED)
        check_error(alice.request("PUT", f"blocks/{bob.id}/"), 503, "Service temporarily unavailable.")
        command = ("block", "create", alice.username, bob.username)
        commands.check_error(run_program(*command, database=server.url, env={"DIRECTMESSAGES_BUSY_TIMEOUT": 1000}), 1)
    wait_until(lambda: alice.request("PUT", f"blocks/{bob.id}/").status == 204, "the block is answered")
    assert stored(server) == 1


def test_the_command_waits_too(under_way):
    with under_way(PATIENT) as (server, alice, bob, sending):
        command = ("block", "create", alice.username, bob.username)
        blocking = Waiting(lambda: run_program(*command, database=server.url, env=PATIENT))
        wait_until(lambda: server.sql("SELECT 1 FROM directmessages_block"), "the block")
        assert blocking.answer is None
        watching = Waiting(lambda: (blocking.result(), stored(server)))
    done, count = watching.result()
    assert (done.returncode, count) == (0, 1), done


def test_neither_django_nor_a_dump_is_waited_for(make_server):
    server = make_server()
    alice, bob = server.users(2)
    with server.transaction() as django, server.transaction() as dump:
        django.execute(
            "INSERT INTO directmessages_message (sender_id, recipient_id, sent_at, content) VALUES (?, ?, now(), 'x')",
            (bob.id, alice.id),
        )
        dump.execute("LOCK TABLE directmessages_block, directmessages_message IN ACCESS SHARE MODE")
        block(alice, bob)


# A view of this name comes before the system's.
FAULT = """
    CREATE SCHEMA faults;
    CREATE FUNCTION faults.locks() RETURNS SETOF pg_catalog.pg_locks LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a fault'; END $$;
    CREATE VIEW faults.pg_locks AS SELECT * FROM faults.locks()"""


def test_where_it_is_not_known_which_sends_are_under_way_it_is_503(make_server):
    server = make_server()
    alice, bob = server.users(2)
    server.sql(FAULT)
    server.sql(f"ALTER DATABASE {server.store.name} SET search_path = faults, public, pg_catalog")
    server.stop()
    server.start()
    check_error(alice.request("PUT", f"blocks/{bob.id}/"), 503, "Service temporarily unavailable.")
    check_error(bob.post(f"send/{alice.id}/", {"content": "later"}), 400, NOT_ALLOWED)
    server.sql("CREATE OR REPLACE VIEW faults.pg_locks AS SELECT * FROM pg_catalog.pg_locks")
    block(alice, bob)
