# SPDX-License-Identifier: MIT
"""Behind PgBouncer in transaction mode, which gives each transaction another connection to the server."""

import concurrent.futures
import os
import pathlib
import pwd
import shutil
import subprocess

import pytest

import postgres
from databases import PostgresDatabase
from harness import DEADLINE, Server, postgres_template, wait_until
from ports import free_port

PGBOUNCER = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
    pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed"),
]

SETTINGS = """
[databases]
* = host=127.0.0.1 port={server} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
"""


class Pooler:
    """A PgBouncer with two connections to the cluster."""

    def __init__(self, cluster, folder):
        self.port = free_port()
        self.folder = pathlib.Path(folder)
        account = pwd.getpwnam(cluster.user)
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        settings = self.folder / "pgbouncer.ini"
        settings.write_text(SETTINGS.format(server=cluster.port, port=self.port, folder=folder))
        as_owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        self.process = subprocess.Popen(
            [PGBOUNCER, str(settings)], cwd=folder, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **as_owner
        )
        wait_until(lambda: (self.folder / "pgbouncer.log").exists() and self._listens(), "the pooler listens")

    def _listens(self):
        return "process up" in (self.folder / "pgbouncer.log").read_text()

    def close(self):
        self.process.terminate()
        self.process.wait(DEADLINE)


@pytest.fixture
def pooled(tmp_path_factory):
    """A server that reaches its database through the pooler alone."""
    cluster = postgres.shared()
    folder = pathlib.Path("/tmp") / f"directmessages-pooler-{os.getpid()}"
    folder.mkdir()
    pooler = Pooler(cluster, folder)
    database = PostgresDatabase(template=postgres_template())
    database.url = f"postgresql://postgres@127.0.0.1:{pooler.port}/{database.name}"
    server = Server(database, migrate=False, env={"DIRECTMESSAGES_PREPARED": 0})
    try:
        yield server.start()
    finally:
        server.close()
        pooler.close()
        database.close()
        shutil.rmtree(folder)


def test_everything_works_without_prepared_statements(pooled):
    alice, bob, carol = pooled.users(3)
    sent = alice.send(bob, "Hello")
    assert (bob.unread(), carol.unread()) == (1, 0)
    assert [row["unread_count"] for row in bob.get("conversations/unread/").json()] == [1]
    assert [row["id"] for row in bob.partners()["results"]] == [alice.id]
    page = bob.conversation(alice)["results"]
    assert [(row["id"], row["content"]) for row in page] == [(sent["id"], "Hello")]
    assert page[0]["read_at"] is not None
    assert bob.post(f"conversations/{alice.id}/", {"content": "Back"}).status == 201
    assert alice.delete(f"messages/{sent['id']}/").status == 204
    assert alice.post("send/999999999/", {"content": "x"}).status == 404
    assert pooled.run("token", "create", alice.username, env={"DIRECTMESSAGES_PREPARED": 0}).stdout.strip() == alice.token


def test_many_at_once_on_few_connections(pooled):
    users = pooled.users(8)

    def work(user):
        for n in range(20):
            other = users[(users.index(user) + 1 + n % 7) % 8]
            assert user.post(f"send/{other.id}/", {"content": f"{user.id}/{n}"}).status == 201
            assert user.get("unread/").status == 200

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        list(threads.map(work, users))
    assert pooled.sql("SELECT count(*), count(DISTINCT content) FROM directmessages_message") == [(160, 160)]


def test_time_limits_are_set_in_each_transaction(pooled):
    """Without a setting on the connection, which others use too."""
    alice, bob = pooled.users(2)
    alice.send(bob)
    with pooled.transaction() as connection:
        connection.execute("LOCK TABLE directmessages_message IN EXCLUSIVE MODE")
        assert alice.post(f"send/{bob.id}/", {"content": "x"}).status == 503
    assert alice.post(f"send/{bob.id}/", {"content": "x"}).status == 201
    ((setting,),) = pooled.sql("SHOW lock_timeout")
    assert setting == "0"


def test_the_switch_is_named_where_it_is_needed(pooled):
    wrong = Server(pooled.store, migrate=False)
    try:
        wrong.start()
        assert wrong.users(1)[0].get("unread/").status == 503
        assert wrong.wait_log("behind a pooler set DIRECTMESSAGES_PREPARED=0")
    finally:
        wrong.close()
