# SPDX-License-Identifier: MIT
"""migrate on PostgreSQL: indexes on a table that is in use, interrupted, by two at once."""

import re
import signal
import subprocess

import pytest

import postgres
from databases import PostgresDatabase
from harness import DEADLINE, PROGRAM, environment, run_program, wait_until

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.concurrent,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
]

INDEXES = {
    "directmessages_received", "directmessages_received_hidden", "directmessages_sent", "directmessages_sent_hidden",
    "directmessages_unread",
}
INSERT = """
    INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id) VALUES ('x', now(), 1, 2)"""


@pytest.fixture
def database():
    """A database whose indexes are due, with two users."""
    own = PostgresDatabase()
    assert run_program("migrate", database=own.url).returncode == 0
    for name in ("john", "jane"):
        assert run_program("user", "create", name, database=own.url).returncode == 0
    with own.transaction() as connection:
        for index in INDEXES:
            connection.execute(f"DROP INDEX {index}")
    yield own
    own.close()


@pytest.fixture
def writer(database):
    """A connection in the middle of a transaction that has written a message: an index has to wait for its end."""
    with database.cluster.connect(database.name) as connection:
        connection.execute("BEGIN")
        connection.execute(INSERT)
        yield connection


@pytest.fixture
def migrate(database):
    """Starts the program in the background."""
    started = []

    def start():
        command = [str(PROGRAM), "--database", database.url, "migrate"]
        started.append(
            subprocess.Popen(command, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def indexes(database):
    """The indexes of ours, and whether each is valid."""
    with database.transaction() as connection:
        return dict(
            connection.execute(
                "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
                " WHERE i.indrelid = 'directmessages_message'::regclass AND c.relname = ANY (?)",
                (sorted(INDEXES),),
            ).fetchall()
        )


def wait_until_it_waits(database):
    wait_until(lambda: False in indexes(database).values(), "an index is being made")


def check_done(process, database):
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    assert out.endswith("the schema is up to date\n")
    assert indexes(database) == dict.fromkeys(INDEXES, True)
    return out


def wait_line(process, pattern):
    """Reads on until a line matches. What else takes a second on this machine is told of, too."""
    told = []
    while not re.search(pattern, line := process.stdout.readline()):
        told.append(line)
        assert line, f"it has ended: {told} {process.stderr.read()}"


def test_nobody_is_stopped_and_progress_is_shown(database, writer, migrate):
    process = migrate()
    wait_line(process, r"^directmessages_sent: waiting for writers before build, 0 of 1 \(the session of process ")
    with database.transaction() as connection:  # reads, and writes, while the index waits
        connection.execute("SET LOCAL lock_timeout = 5000")
        connection.execute(INSERT)
        connection.execute("UPDATE directmessages_message SET read_at = now()")
        assert connection.execute("SELECT count(*) FROM directmessages_message").fetchall() == [(1,)]
    writer.execute("COMMIT")
    assert "applied 0002" in check_done(process, database)


def test_interrupted_index_is_made_again(database, writer, migrate):
    process = migrate()
    wait_until_it_waits(database)
    with database.transaction() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index")
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1 and err.startswith("directmessages: ")
    assert indexes(database) == {"directmessages_sent": False}
    check = run_program("migrate", "--check", database=database.url)
    assert check.returncode == 1 and "step 2" in check.stderr
    writer.execute("ROLLBACK")
    check_done(migrate(), database)


def test_program_that_was_killed_is_waited_for(database, writer, migrate):
    """The server continues with it, and holds the lock until the end; the second one says so."""
    first = migrate()
    wait_until_it_waits(database)
    first.send_signal(signal.SIGKILL)
    first.wait(DEADLINE)
    second = migrate()
    wait_line(second, r"^waiting for another migrate, the session of process \d+: waiting for writers before build, 0 of 1")
    writer.execute("COMMIT")
    check_done(second, database)


def test_two_at_once_do_the_work_once(database, writer, migrate):
    """The one that waits holds no snapshot that the other's index would wait for."""
    first, second = migrate(), migrate()
    wait_until_it_waits(database)
    writer.execute("COMMIT")
    outputs = [check_done(process, database) for process in (first, second)]
    assert sum("applied 0002" in output for output in outputs) == 1


def test_running_server_serves_again_when_what_it_lacked_is_there(database, migrate, make_server):
    server = make_server(database, migrate=True)
    alice, bob = server.users(2)
    alice.send(bob)
    server.sql("DROP INDEX directmessages_unread")
    assert {bob.get("unread/").status for _ in range(20)} <= {200, 503}  # connections that it has work on
    check_done(migrate(), database)
    assert {bob.get("unread/").status for _ in range(20)} == {200}


def test_a_reader_of_a_table_that_is_changed_stops_nobody(database, migrate):
    """A dump that takes an hour, for example: the change waits for it, and others do not wait for the change."""
    assert run_program("migrate", database=database.url).returncode == 0
    with database.transaction() as connection:
        connection.execute("DELETE FROM directmessages_schema WHERE number >= 6")
        connection.execute("ALTER TABLE directmessages_event DROP COLUMN nonce")
    with database.cluster.connect(database.name) as dump:
        dump.execute("BEGIN")
        dump.execute("SELECT count(*) FROM directmessages_event")
        process = migrate()
        for _ in range(2):  # it goes on trying
            waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'directmessages_event'::regclass"
            wait_until(lambda: dump.execute(waits).fetchall(), "it waits for the dump")
            with database.transaction() as connection:
                connection.execute("SET LOCAL lock_timeout = 5000")
                connection.execute("UPDATE directmessages_event SET at = at + 1")
            wait_line(process, "another transaction holds a lock")
        dump.execute("COMMIT")
    check_done(process, database)
