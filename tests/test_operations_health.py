# SPDX-License-Identifier: MIT
"""/livez and /readyz: whether the process answers, and whether it can serve."""

import contextlib
import os
import re
import signal
import time

import pytest

import postgres
from databases import PostgresDatabase
from harness import wait_until
from metrics import Admin, scrape

INSERT_LATER = "INSERT INTO directmessages_schema VALUES (9999, 'later', '2030-01-01 00:00:00')"
OUTDATED = b"the database's schema is not up to date\n"


def readyz(server, status, body):
    """What /readyz answers, once it is this: what it has found out is good for a second."""

    def ask():
        answer = server.anonymous().get("/readyz")
        return answer if (answer.status, answer.body) == (status, body) else None

    return wait_until(ask, f"/readyz says {status} {body}")


def check(server, status, body):
    """/readyz answers this, and /livez that the process is alive in any case."""
    answer = readyz(server, status, body)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers.get_all("Cache-Control") == ["no-store"]
    alive = server.anonymous().get("/livez")
    assert (alive.status, alive.body) == (200, b"ok\n")


def test_ready(server):
    check(server, 200, b"ok\n")


def test_head_has_the_status_alone(make_server):
    server = make_server()
    assert server.anonymous().head("/readyz").status == 200
    server.sql(INSERT_LATER)
    readyz(server, 503, OUTDATED)
    answer = server.anonymous().head("/readyz")
    assert (answer.status, answer.body) == (503, b"")


@pytest.mark.parametrize(
    "spoil, mend",
    [
        ("DROP INDEX directmessages_unread", None),
        (INSERT_LATER, "DELETE FROM directmessages_schema WHERE number = 9999"),
        ("ALTER TABLE authtoken_token RENAME TO gone", "ALTER TABLE gone RENAME TO authtoken_token"),
    ],
    ids=["index", "newer", "table"],
)
def test_schema_that_no_longer_fits(make_server, spoil, mend):
    server = make_server()
    check(server, 200, b"ok\n")
    server.sql(spoil)
    check(server, 503, OUTDATED)
    if mend:
        server.sql(mend)
    else:
        assert server.run("migrate").returncode == 0
    check(server, 200, b"ok\n")


@pytest.mark.sqlite
@pytest.mark.parametrize("mapped, since", [(16384, 0), (0, 4096)])  # what is read into a cache of its own stays there
def test_damaged_file(make_server, mapped, since):
    server = make_server(env={"DIRECTMESSAGES_SQLITE_MMAP_MB": mapped})
    alice, bob = server.users(2)
    alice.send(bob)
    server.stop()
    server.start()  # all is in the file now
    whole = server.database.read_bytes()
    with open(server.database, "r+b") as file:
        file.seek(since)
        file.write((b"This is a letter to my aunt.\n" * len(whole))[: len(whole) - since])
    check(server, 503, b"the database is unavailable\n")
    with open(server.database, "r+b") as file:
        file.write(whole)
    check(server, 200, b"ok\n")
    wait_until(lambda: bob.get("unread/").status == 200, "reads see the file that was put back")
    wait_until(lambda: alice.post(f"send/{bob.id}/", {"content": "x"}).status == 201, "so do writes")
    assert bob.unread() == 2


@pytest.fixture
def cluster():
    """A cluster of this test alone, to be ended and hung."""
    made = postgres.Cluster()
    yield made.start()
    made.close()


@pytest.mark.postgresql
def test_database_that_goes_and_comes_back(make_server, cluster):
    server = make_server(PostgresDatabase(cluster))
    check(server, 200, b"ok\n")
    cluster.stop("immediate")
    check(server, 503, b"the database is unavailable\n")
    metrics = scrape(server)
    assert metrics["directmessages_store_up"] == 0
    assert metrics['directmessages_store_failures_total{reason="unavailable"}'] >= 1
    cluster.start()
    wait_until(lambda: server.anonymous().get("/readyz").status == 200, "it finds the way back by itself")
    check(server, 200, b"ok\n")
    wait_until(lambda: scrape(server)["directmessages_store_up"] == 1, "/metrics says so too")


@pytest.mark.postgresql
def test_database_that_hangs_holds_up_nobody_else(make_server, cluster):
    """One loop serves all: while /readyz waits for a database that says nothing, the loop answers others."""
    database = PostgresDatabase(cluster)
    server = make_server(database, env={"DIRECTMESSAGES_THREADS": 1, "DIRECTMESSAGES_BUSY_TIMEOUT": 2000})
    check(server, 200, b"ok\n")
    with cluster.connect("postgres") as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = ?", [database.name]).fetchall()
    hung = [cluster.pid(), *(pid for (pid,) in rows)]  # nor does the first let new connections in

    def ask():
        """The answer of /readyz; None where it is what was known before."""
        with server.raw(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n") as ready:
            # Each of these comes back before the next is asked.
            assert [server.anonymous().get("/livez").status for _ in range(20)] == [200] * 20
            answer = ready.response()
        return answer if answer.status != 200 else None

    for pid in hung:
        os.kill(pid, signal.SIGSTOP)
    try:
        answer = wait_until(ask, "the database is asked anew")
        assert answer.status == 503
        assert answer.body in (b"the database is unavailable\n", b"the database is busy\n")
    finally:
        for pid in hung:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    wait_until(lambda: server.anonymous().get("/readyz").status == 200, "it goes on")


def test_changes_are_logged_and_not_each_look(make_server):
    """For as long as the database is asked three times."""
    server = make_server()
    readyz(server, 200, b"ok\n")
    server.sql("DROP INDEX directmessages_unread")
    readyz(server, 503, OUTDATED)
    began = time.monotonic()
    wait_until(lambda: readyz(server, 503, OUTDATED) and time.monotonic() - began > 2.5, "it is asked again")
    server.run("migrate")
    for _ in range(3):
        readyz(server, 200, b"ok\n")
    server.stop()
    told = [line for line in server.log if "ready" in line]
    assert len(told) == 2
    assert re.search(r"Z warning not ready: the schema is not up to date: step 2, .*'directmessages migrate'$", told[0])
    assert told[1].endswith("Z info ready again")


def test_many_who_ask_are_one_question_a_second(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS": 0})  # without the hub, which finds the schema wrong itself
    server.sql(INSERT_LATER)
    readyz(server, 503, OUTDATED)
    failed = 'directmessages_store_failures_total{reason="schema"}'
    before, begin = scrape(server)[failed], time.monotonic()
    request = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(10):
        with server.raw(request * 20) as connection:
            answers = [connection.response() for _ in range(40)]
            assert [answer.status for answer in answers] == [503, 200] * 20
    asked = scrape(server)[failed] - before
    assert asked <= 2 * (time.monotonic() - begin + 1)  # who folds the inbox finds it wrong once a second, too


@pytest.mark.postgresql
def test_many_who_ask_hold_up_no_user(make_server):
    """The question waits for a lock: it is asked once, and no request but theirs waits with it."""
    server = make_server(env={"DIRECTMESSAGES_BUSY_TIMEOUT": 60_000}, flags=["--lanes", 1])
    alice, bob = server.users(2)
    alice.send(bob, "before")  # a connection asks for the schema itself when it is made
    check(server, 200, b"ok\n")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(server.transaction())
        connection.execute("LOCK TABLE directmessages_schema IN ACCESS EXCLUSIVE MODE")
        time.sleep(1)  # what was found out before is not good any more
        clients = [stack.enter_context(server.raw(b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n")) for _ in range(50)]
        wait_until(lambda: connection.execute(waiting).fetchone() == (1,), "the question waits")
        for _ in range(20):
            assert alice.unread() == 0
            alice.send(bob, "meanwhile")
        assert connection.execute(waiting).fetchone() == (1,)
        connection.execute("COMMIT")
        assert [client.response().status for client in clients] == [200] * 50
        connection.execute("BEGIN")


@pytest.mark.parametrize("level, logged", [("info", False), ("debug", True)])
def test_access_lines_are_for_debugging(make_server, level, logged):
    server = make_server(env={"DIRECTMESSAGES_LOG_LEVEL": level})
    paths = ["/livez", "/readyz", "/metrics"]
    for path in paths:
        server.anonymous().get(path)
        server.anonymous().post(path, {})
    server.anonymous().get("unread/")
    server.stop()
    lines = [line for line in server.log if " access " in line]
    told = [re.search(r"path=(\S+)", line).group(1) for line in lines]
    assert sorted(told) == sorted(([path for path in paths for _ in range(2)] if logged else []) + ["/api/dm/unread/"])


def test_stopping_is_told_while_requests_end(make_server):
    """So that whoever spreads requests over servers sends no more here; new connections are refused all the same."""
    server = make_server(flags=["--admin-listen", "127.0.0.1:0"])
    admin = Admin(server)
    check(admin, 200, b"ok\n")
    wait_until(lambda: scrape(admin)["directmessages_http_requests_in_flight"] == 1, "these have ended")
    one, two = server.users(2)
    body = b'{"content":"late"}'
    head = f"POST /api/dm/send/{two.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {one.token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with server.raw(head.encode() + body[:5]) as slow:
        wait_until(lambda: scrape(admin)["directmessages_http_requests_in_flight"] == 2, "it and this are under way")
        server.tell_to_stop()
        server.wait_log("stopping on SIGTERM")
        check(admin, 503, b"stopping\n")
        slow.send(body[5:])
        assert slow.response().status == 201
    server.stop()
