# SPDX-License-Identifier: MIT
"""Synchronous replication: a message that no standby has confirmed is not acknowledged."""

import concurrent.futures

import pytest

import postgres
from databases import PostgresDatabase
from harness import wait_until

pytestmark = pytest.mark.postgresql

STANDBYS = "ALTER SYSTEM SET synchronous_standby_names = '{}'"


@pytest.fixture
def cluster():
    made = postgres.Cluster()
    yield made.start()
    made.close()


def set_standbys(cluster, names):
    with cluster.connect("postgres") as connection:
        connection.execute(STANDBYS.format(names))
        connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: connection.execute("SHOW synchronous_standby_names").fetchone() == (names,), "it is heard")


# All commits that wait for a standby: who folds the inbox commits, too.
CANCEL = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'"


def try_send(sender, recipient, content):
    return sender.post(f"send/{recipient.id}/", {"content": content})


def test_a_commit_that_no_standby_confirms_is_not_acknowledged(cluster, make_server):
    """Who cancels the wait makes it a commit on the primary alone: PostgreSQL says so by a warning, and no error."""
    server = make_server(database=PostgresDatabase(cluster), env={"DIRECTMESSAGES_BUSY_TIMEOUT": 80_000})
    alice, bob = server.users(2)
    alice.send(bob, "confirmed")
    set_standbys(cluster, "nobody")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:

        def is_refused():
            answer = pool.submit(try_send, alice, bob, "in doubt")
            wait_until(lambda: server.sql(CANCEL) and answer.done(), "the commit waits, until that is cancelled")
            return answer.result().status == 503

        wait_until(is_refused, "commits wait for a standby: PostgreSQL's checkpointer has heard of it, too")
    set_standbys(cluster, "")
    assert try_send(alice, bob, "again").status == 201
