# SPDX-License-Identifier: MIT
"""Servers of PostgreSQL that may only be read, that hang, that have a successor: what is written where, and how soon."""

import contextlib

import pytest

import postgres
from databases import PostgresDatabase
from drill import failover
from drill.standby import Standby
from routes import check_error
from harness import Server, wait_until
from postgres_proxy import Proxy
from ports import free_port

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.concurrent,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
]

UNAVAILABLE = "Service temporarily unavailable."
COUNT = "SELECT count(*) FROM directmessages_message"
READ_ONLY = "default_transaction_read_only"


class Pair:
    """A primary, its standby, and a database whose URL names both, in that order."""

    def __init__(self, primary):
        self.primary, self.database = primary, PostgresDatabase(primary)
        self.standby = Standby(primary)
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{self.standby.port}"
        self.database.url = f"postgresql://postgres@{hosts}/{self.database.name}"

    def catch_up(self):
        with self.primary.connect("postgres") as primary, self.standby.connect("postgres") as standby:
            (written,) = primary.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
            replayed = "SELECT pg_last_wal_replay_lsn() >= ?::pg_lsn"
            wait_until(lambda: standby.execute(replayed, (written,)).fetchone()[0], "it has all")

    def promote(self):
        """When it has all that the primary has."""
        self.catch_up()
        self.standby.promote()

    def contents(self, cluster):
        with cluster.connect(self.database.name) as connection:
            rows = connection.execute("SELECT content FROM directmessages_message ORDER BY id").fetchall()
        return [content for (content,) in rows]


@pytest.fixture
def pair(primary):
    made = Pair(primary)
    try:
        made.standby.start()
        yield made
    finally:
        made.standby.close()


@contextlib.contextmanager
def serving(database, **env):
    server = Server(database, env=env)
    try:
        yield server.start()
    finally:
        server.close()


def send(sender, recipient, content):
    return sender.post(f"send/{recipient.id}/", {"content": content})


def wait_unread(user):
    """The count, as soon as a session can tell it: each connects again by itself."""
    return wait_until(lambda: (answer := user.get("unread/")).status == 200 and answer, "it is read").json()["count"]


def test_a_server_that_may_only_be_read_is_not_written_to(primary):
    database = PostgresDatabase(primary)
    with serving(database) as server:
        alice, bob = server.users(2)
        alice.send(bob, "before")
        since = len(server.log)
        with primary.connect(database.name) as connection:
            connection.execute(f"ALTER SYSTEM SET {READ_ONLY} = on")
            connection.execute("SELECT pg_reload_conf()")
        try:
            wait_until(lambda: send(alice, bob, "before").status == 503, "it is told")
            before = server.sql(COUNT)
            for _ in range(20):
                check_error(send(alice, bob, "frozen"), 503, UNAVAILABLE)
                assert bob.get("unread/").status == 200
            assert server.wait_log("warning .*the server may only be read", since)
            assert server.sql(COUNT) == before
            seen = set()
            for _ in range(30):
                check_error(send(alice, bob, "frozen"), 503, UNAVAILABLE)
                seen.update(server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'directmessages'"))
            assert len(seen) < 20, "it does not connect anew for each"
        finally:
            with primary.connect(database.name) as connection:
                connection.execute(f"ALTER SYSTEM RESET {READ_ONLY}")
                connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: send(alice, bob, "after").status == 201, "it is written to again")


def test_a_database_that_is_written_to_again_is_noticed(primary):
    """A session reads a setting of the database only when it begins."""
    database = PostgresDatabase(primary)
    with serving(database) as server:
        alice, bob = server.users(2)
        with primary.connect("postgres") as connection:
            connection.execute(f"ALTER DATABASE {database.name} SET {READ_ONLY} = on")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ?", (database.name,)
            )
            wait_until(lambda: send(alice, bob, "frozen").status == 503, "it is told")
            assert bob.unread() == 0
            connection.execute(f"ALTER DATABASE {database.name} RESET {READ_ONLY}")
        wait_until(lambda: send(alice, bob, "after").status == 201, "it is written to again")
        assert bob.unread() == 1


def test_a_primary_that_was_fenced_is_left_for_its_successor(pair):
    """No request is lost over it, and whoever reads sees what was written there."""
    with serving(pair.database) as server:
        alice, bob = server.users(2)
        alice.send(bob, "before")
        for _ in range(8):
            assert bob.unread() == 1
        with pair.primary.connect("postgres") as connection:
            pair.promote()
            connection.execute(f"ALTER DATABASE {pair.database.name} SET {READ_ONLY} = on")
            connection.execute(f"ALTER SYSTEM SET {READ_ONLY} = on")
            connection.execute("SELECT pg_reload_conf()")
        try:
            wait_until(lambda: pair.contents(pair.primary) and is_read_only(pair), "it is fenced")
            assert send(alice, bob, "after").status == 201
            for _ in range(8):
                assert bob.unread() == 2
        finally:
            with pair.primary.connect("postgres") as connection:
                connection.execute("SET default_transaction_read_only = off")
                connection.execute(f"ALTER SYSTEM RESET {READ_ONLY}")
                connection.execute("SELECT pg_reload_conf()")
        assert pair.contents(pair.primary) == ["before"]
        assert pair.contents(pair.standby) == ["before", "after"]


def test_a_server_whose_writes_go_to_a_standby_is_not_ready(pair):
    """Nor does it ask there for what only a primary has: the standby's log would fill with errors."""
    pair.standby.stop()
    pair.standby.settings = [*pair.standby.settings, "log_min_messages=error"]
    pair.standby.start()
    with serving(pair.database) as server:
        alice, bob = server.users(2)
        alice.send(bob, "before")
        assert server.anonymous().get("/readyz").body == b"ok\n"
    pair.catch_up()
    pair.database.url = pair.standby.url(pair.database.name)
    server = Server(pair.database, migrate=False)
    try:
        server.start()
        bob.server = alice.server = server
        assert bob.unread() == 1
        for _ in range(3):
            answer = server.anonymous().get("/readyz")
            assert (answer.status, answer.body) == (503, b"the database is unavailable\n")
        assert server.wait_log("warning not ready: the database may only be read")
        check_error(send(alice, bob, "frozen"), 503, UNAVAILABLE)
        pair.standby.promote()
        wait_until(lambda: server.anonymous().get("/readyz").body == b"ok\n", "it is ready")
        wait_until(lambda: send(alice, bob, "after").status == 201, "it is written to")
        log = (pair.standby.directory / "log").read_text()
        assert "LISTEN" not in log and "NOTIFY" not in log
    finally:
        server.close()


def test_a_primary_that_ends_or_hangs_loses_nothing_that_was_acknowledged():
    """Its synchronous standby is promoted, and both servers go on there. `make drill` has the long version."""
    result = failover.run(servers=0, killed=1, frozen=1, seed=1, env={"DIRECTMESSAGES_BUSY_TIMEOUT": 2000})
    assert result.acknowledged > 0
    assert (result.lost, result.untrue, result.twice) == (0, 0, 0), result


def is_read_only(pair):
    with pair.primary.connect(pair.database.name) as connection:
        return connection.execute(f"SHOW {READ_ONLY}").fetchone()[0] == "on"


@pytest.fixture
def two_hosts(primary):
    """A database whose URL names first a proxy in front of it, which may `hang`, then the database itself."""
    proxy = Proxy(primary.port)
    database = PostgresDatabase(primary)
    database.url = f"postgresql://postgres@127.0.0.1:{proxy.port},127.0.0.1:{primary.port}/{database.name}"
    database.proxy = proxy
    yield database
    proxy.close()


def test_a_host_that_hangs_is_left_for_another(two_hosts):
    """Hosts are tried side by side: that one of them never answers, however long it may take, delays nothing."""
    with serving(two_hosts, PGCONNECT_TIMEOUT=600, DIRECTMESSAGES_BUSY_TIMEOUT=2000) as server:
        alice, bob = server.users(2)
        alice.send(bob, "before")
        two_hosts.proxy.hang()
        wait_until(lambda: send(alice, bob, "after").status == 201, "it is stored elsewhere")
        assert wait_unread(bob) == 2, "it is read there"


def test_a_server_that_may_only_be_read_is_read_where_there_is_no_other(two_hosts):
    with serving(two_hosts, PGCONNECT_TIMEOUT=600) as server:
        alice, bob = server.users(2)
        alice.send(bob, "before")
        two_hosts.proxy.hang()
        two_hosts.proxy.hang_up()
        with two_hosts.cluster.connect("postgres") as connection:
            connection.execute(f"ALTER DATABASE {two_hosts.name} SET {READ_ONLY} = on")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ?", (two_hosts.name,)
            )
            wait_until(lambda: bob.get("unread/").status == 200, "it is read")
            check_error(send(alice, bob, "frozen"), 503, UNAVAILABLE)
            connection.execute(f"ALTER DATABASE {two_hosts.name} RESET {READ_ONLY}")
        wait_until(lambda: send(alice, bob, "after").status == 201, "it is written to again")
        assert wait_unread(bob) == 2


def test_where_one_connection_is_silent_the_others_are_asked(primary):
    """One operation waits for its limit, and not each in its turn. In one of some rounds: to connect again takes a busy machine
    its time, too."""
    proxy = Proxy(primary.port)
    database = PostgresDatabase(primary)
    database.url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
    try:
        with serving(database, DIRECTMESSAGES_BUSY_TIMEOUT=4000, DIRECTMESSAGES_LANES=2) as server:
            alice, bob = server.users(2)

            def is_sent_at_once():
                wait_until(lambda: send(alice, bob, "before").status == 201, "it is connected")
                wait_unread(bob)
                proxy.cut()
                check_error(bob.get("unread/"), 503, UNAVAILABLE)
                return send(alice, bob, "after").status == 201

            assert any(is_sent_at_once() for _ in range(3))
    finally:
        proxy.close()


def test_the_addresses_of_a_host_are_tried_too(primary):
    """A list of addresses, one of which nobody has."""
    database = PostgresDatabase(primary)
    free = free_port()
    database.url = (
        f"postgresql://postgres@/{database.name}?host=first.invalid,second.invalid&hostaddr=127.0.0.1,127.0.0.1"
        f"&port={free},{primary.port}"
    )
    with serving(database) as server:
        alice, bob = server.users(2)
        assert alice.send(bob, "x")["id"]
        assert bob.unread() == 1


def test_hosts_of_a_service_file(primary, tmp_path):
    """Their ports are a list with a gap: that is libpq's own, where nobody is."""
    database = PostgresDatabase(primary)
    service = tmp_path / "services"
    service.write_text(
        f"[there]\nhost=localhost,{primary.directory},127.0.0.1\nport={free_port()},{primary.port},\n"
        f"dbname={database.name}\nuser=postgres\n"
    )
    database.url = "postgresql://?service=there"
    with serving(database, PGSERVICEFILE=str(service)) as server:
        alice, bob = server.users(2)
        assert alice.send(bob, "x")["id"]
        assert bob.unread() == 1
