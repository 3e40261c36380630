# SPDX-License-Identifier: MIT
"""PostgreSQL goes away and comes back: nothing acknowledged is lost, nothing is stored twice, and nobody waits long."""

import collections
import contextlib
import http.client
import json
import os
import signal
import threading
import time

import pytest

import postgres
from clients import User
from databases import PostgresDatabase
from routes import check_error
from harness import DEADLINE, Server, run_program, wait_until
from postgres_proxy import Proxy

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.concurrent,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
]

UNAVAILABLE = "Service temporarily unavailable."
# Ends one connection of the server's, and waits for its end.
END_ONE = """SELECT pg_terminate_backend(pid, 10000) FROM (SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'directmessages' ORDER BY random() LIMIT 1) one"""


@pytest.fixture(scope="module")
def mortal():
    """A cluster of these tests' own, which they may kill."""
    own = postgres.Cluster()
    try:
        yield own
    finally:
        own.close()


@pytest.fixture
def cluster(mortal):
    """It runs, whatever the test before has done to it."""
    return mortal if mortal.is_running() else mortal.start()


@pytest.fixture
def serve(cluster):
    """Starts servers on one database of the cluster."""
    database = PostgresDatabase(cluster)
    made = []

    def make(migrate=True, **options):
        made.append(Server(database, migrate=migrate, **options))
        return made[-1].start()

    yield make
    for one in made:
        one.close()


@pytest.fixture
def server(serve):
    return serve()


def is_up(user):
    return user.get("unread/").status == 200


class Sender(threading.Thread):
    """Sends numbered messages one after the other until it is stopped; notes what was answered."""

    def __init__(self, user, recipient, name):
        super().__init__(daemon=True)
        self.user, self.recipient, self.name_ = user, recipient, name
        self.answers = {}
        self.stopping = threading.Event()

    def run(self):
        connection, number = None, 0
        while not self.stopping.is_set():
            number += 1
            content = f"{self.name_}/{number}"
            try:
                connection = connection or http.client.HTTPConnection(
                    self.user.server.host, self.user.server.port, timeout=DEADLINE
                )
                connection.request(
                    "POST",
                    f"/api/dm/send/{self.recipient.id}/",
                    json.dumps({"content": content}),
                    {"Authorization": f"Token {self.user.token}", "Content-Type": "application/json"},
                )
                answer = connection.getresponse()
                answer.read()
                self.answers[content] = answer.status
                assert answer.status != 503 or answer.headers["Retry-After"] is not None
            except (OSError, http.client.HTTPException):
                connection = None

    def acknowledged(self):
        return [content for content, status in self.answers.copy().items() if status == 201]


@contextlib.contextmanager
def senders(users, recipient):
    threads = [Sender(user, recipient, f"{user.id}") for user in users]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.stopping.set()
        for thread in threads:
            thread.join(DEADLINE)


def check_stored(server, threads):
    """Each acknowledged message is stored once; one that was answered by 503 at most once."""
    stored = collections.Counter(content for (content,) in server.sql("SELECT content FROM directmessages_message"))
    assert max(stored.values(), default=0) <= 1
    for thread in threads:
        assert set(thread.answers.values()) <= {201, 503}
        assert [content for content in thread.acknowledged() if content not in stored] == []


def wait_for_more(threads):
    """Waits until each has been acknowledged something more."""
    before = [len(thread.acknowledged()) for thread in threads]
    wait_until(
        lambda: all(len(thread.acknowledged()) > count for thread, count in zip(threads, before)), "sending goes on"
    )


@pytest.mark.parametrize("how", ["kill", "immediate", "fast"])
def test_restart_under_load(cluster, server, how):
    users = server.users(5)
    with senders(users[1:], users[0]) as threads:
        for _ in range(2):
            wait_for_more(threads)
            cluster.kill() if how == "kill" else cluster.stop(how)
            wait_until(lambda: users[0].get("unread/").status == 503, "its absence is told")
            cluster.start()
            wait_for_more(threads)
    check_stored(server, threads)


def test_service_resumes_by_itself(cluster, server):
    alice, bob = server.users(2)
    alice.send(bob, "before")
    cluster.stop()
    answer = alice.post(f"send/{bob.id}/", {"content": "during"})
    check_error(answer, 503, UNAVAILABLE)
    assert answer.headers["Retry-After"]
    check_error(bob.get("unread/"), 503, UNAVAILABLE)
    cluster.start()
    wait_until(lambda: is_up(alice), "reads are answered again", deadline=10)
    # Each session connects again by itself.
    wait_until(lambda: alice.post(f"send/{bob.id}/", {"content": "after"}).status == 201, "so are writes", deadline=10)
    shown = [message["content"] for message in bob.conversation(alice)["results"]]
    assert shown == ["after", "before"]


def test_one_connection_that_the_server_ends_is_not_noticed_by_readers(server):
    """Nor by writers, where it was idle: it is replaced before it is used."""
    alice, bob = server.users(2)
    alice.send(bob)
    for count in range(1, 21):
        server.sql(END_ONE)
        assert bob.unread() == count
        assert alice.post(f"send/{bob.id}/", {"content": "x"}).status == 201


def test_connections_that_the_server_ends_all_the_time_are_not_noticed_by_readers(server):
    """Whatever they were doing: a read that is hit is run again, and a connection that ends while it is made is made
    anew."""
    alice, bob = server.users(2)
    alice.send(bob)
    answers = [[] for _ in range(4)]
    stopping = threading.Event()

    def read(mine):
        while not stopping.is_set():
            mine.append(bob.get("unread/").status)

    readers = [threading.Thread(target=read, args=[mine]) for mine in answers]
    for reader in readers:
        reader.start()
    try:
        for _ in range(20):
            before = [len(mine) for mine in answers]
            server.sql(END_ONE)  # and no other until all have read twice: a read is rerun three times
            wait_until(lambda: all(len(mine) > count + 1 for mine, count in zip(answers, before)), "all go on reading")
    finally:
        stopping.set()
        for reader in readers:
            reader.join(DEADLINE)
    assert {status for mine in answers for status in mine} == {200}


def test_server_starts_before_its_database(cluster, serve):
    server = Server(PostgresDatabase(cluster))
    users = None
    try:
        cluster.stop()
        server.start()
        assert server.wait_log("warning .*; the response to each request is 503 until the database is available")
        check_error(User(server, "0" * 40, 1, "x", "", "", "").get("unread/"), 503, UNAVAILABLE)
        cluster.start()
        assert server.wait_log("info the database is available, and its schema is up to date")
        users = server.users(2)
        send = lambda: users[0].post(f"send/{users[1].id}/", {"content": "Hello"})  # noqa: E731
        wait_until(lambda: send().status == 201, "each session has connected again")
    finally:
        server.close()


def test_server_waits_for_the_schema_of_a_database_that_comes_late(cluster):
    server = Server(PostgresDatabase(cluster), migrate=False)
    try:
        cluster.stop()
        server.start()
        cluster.start()
        assert server.wait_log("warning the schema is not up to date: step 1")
        check_error(User(server, "0" * 40, 1, "x", "", "", "").get("unread/"), 503, UNAVAILABLE)
        assert run_program("migrate", database=server.url).returncode == 0
        assert server.wait_log("info the database is available, and its schema is up to date")
        alice, bob = server.users(2)
        wait_until(lambda: alice.post(f"send/{bob.id}/", {"content": "x"}).status == 201, "each session has connected")
    finally:
        server.close()


def test_server_stops_while_it_waits_for_its_database(cluster):
    server = Server(PostgresDatabase(cluster))
    cluster.stop()
    try:
        server.start()
    finally:
        server.close()  # demands a clean end


# ---- what is silent


def stop_backends(cluster, which):
    """Sends a signal to the postmaster and to all its children."""
    for pid in cluster.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, which)


def test_nobody_waits_longer_than_the_limit_for_a_database_that_hangs(cluster, serve):
    server = serve(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 1000})
    users = server.users(5)
    with senders(users[1:], users[0]) as threads:
        wait_for_more(threads)
        stop_backends(cluster, signal.SIGSTOP)
        try:
            refused = [sum(status == 503 for status in thread.answers.copy().values()) for thread in threads]
            wait_until(
                lambda: all(
                    sum(status == 503 for status in thread.answers.copy().values()) > count + 1
                    for thread, count in zip(threads, refused)
                ),
                "each is refused, again and again, while it hangs",
            )
        finally:
            stop_backends(cluster, signal.SIGCONT)
        wait_for_more(threads)
    check_stored(server, threads)


def test_idle_connections_that_were_cut_are_replaced(cluster):
    """Without a word of it: the next request, after a while of nothing, is answered all the same."""
    proxy = Proxy(cluster.port)
    database = PostgresDatabase(cluster)
    database.url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
    server = Server(database, env={"DIRECTMESSAGES_BUSY_TIMEOUT": 1000})
    try:
        server.start()
        alice, bob = server.users(2)

        def is_noticed_by_nobody():
            """True of a second in which this machine could connect again: that takes its time, too."""
            wait_until(lambda: alice.post(f"send/{bob.id}/", {"content": "x"}).status == 201 and is_up(bob), "it is connected")
            before = bob.unread()
            proxy.cut()
            idle_since = time.monotonic()
            wait_until(lambda: time.monotonic() - idle_since > 1.1, "connections count as idle")
            is_sent = alice.post(f"send/{bob.id}/", {"content": "after"}).status == 201
            return is_sent and bob.get("unread/").json().get("count") == before + 1

        wait_until(is_noticed_by_nobody, "the next request is answered")
    finally:
        server.close()
        proxy.close()


def test_fails_over_to_the_next_host_of_the_url(cluster):
    """The first host is gone; then it is the second's turn, which has the same data."""
    proxy = Proxy(cluster.port)
    database = PostgresDatabase(cluster)
    database.url = (
        f"postgresql://postgres@127.0.0.1:{proxy.port},127.0.0.1:{cluster.port}/{database.name}"
        "?target_session_attrs=read-write"
    )
    server = Server(database)
    try:
        server.start()
        alice, bob = server.users(2)
        assert alice.send(bob)["id"]
        proxy.close()
        wait_until(lambda: alice.post(f"send/{bob.id}/", {"content": "x"}).status == 201, "the other host is used")
        read = wait_until(lambda: (answer := bob.get("unread/")).status == 200 and answer, "reads too")
        assert read.json()["count"] >= 2
    finally:
        server.close()
        proxy.close()
