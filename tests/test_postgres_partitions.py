# SPDX-License-Identifier: MIT
"""Messages in partitions by month: docs/partitions.md carried out, and migrate on a partitioned table."""

import datetime
import re
import subprocess

import pytest

import keyed
import postgres
from databases import PostgresDatabase
from harness import DEADLINE, PROGRAM, ROOT, environment, run_program, wait_until
from page import Page
from routes import check_error
from test_postgres_migrate import wait_line

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
]

INDEXES = (
    "directmessages_received", "directmessages_received_hidden", "directmessages_sent", "directmessages_sent_hidden",
    "directmessages_unread",
)
OF_TABLE = (
    "SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE i.indrelid = 'directmessages_message'::regclass AND c.relname LIKE 'directmessages_%' AND NOT i.indisprimary"
)
# Of each partition: how often an index of the table has one of its own there, and whether another is there, too.
OF_PARTITIONS = (
    "SELECT c.relname, count(i.inhrelid), bool_and(x.indisvalid) FROM pg_class c JOIN pg_index x ON x.indrelid = c.oid"
    " LEFT JOIN pg_inherits i ON i.inhrelid = x.indexrelid"
    " WHERE c.oid IN (SELECT relid FROM pg_partition_tree('directmessages_message') WHERE isleaf) GROUP BY 1 ORDER BY 1"
)


FIRST = 2


def month(ahead):
    """The first day of a month to come; 1 would be the next one, which may begin at any moment."""
    today = datetime.datetime.now(datetime.timezone.utc)
    number = today.year * 12 + today.month - 1 + ahead
    return datetime.date(number // 12, number % 12 + 1, 1)


def statements():
    """The page's blocks, with months to come for those of 2027."""
    def later(found):
        when = month(FIRST + int(found[2]) - 1)
        return f"{when.year}{found[1]}{when.month:02}"

    blocks = Page(ROOT / "docs" / "partitions.md", {}).blocks
    return [re.sub(r"2027([-_])(\d\d)", later, text) for kind, text in blocks if kind == "sql"]


def run_block(store, block):
    """As typed into psql: one statement after the other."""
    with store.cluster.connect(store.name) as connection:
        for statement in block.split(";\n"):
            if statement.strip():
                connection.execute(statement)


def gets_its_lock(store, block):
    try:
        run_block(store, block)
    except postgres.psycopg2.errors.LockNotAvailable:
        return False
    return True


def check_migrated(store):
    done = run_program("migrate", database=store.url)
    assert done.returncode == 0, done.stderr
    check_indexes(store)


def check_indexes(store):
    with store.transaction() as connection:
        assert sorted(connection.execute(OF_TABLE).fetchall()) == [(name, True) for name in INDEXES]
        for name, joined, valid in connection.execute(OF_PARTITIONS).fetchall():
            assert (joined, valid) == (len(INDEXES) + 1, True), name  # and the primary key


def test_the_page_carried_out(make_server):
    """A database with messages, whose server goes on; a month later the old ones are forgotten."""
    first, then, next_month, forget = statements()
    server = make_server()
    alice, bob, eve = server.trio()
    alice.send(bob, "old")
    eve.send(bob, "old, and hidden")
    bob.delete(f"messages/{bob.get('inbox/').json()['results'][0]['last_message']['id']}/")
    kept = keyed.send(alice, bob, "keyed", "k")
    assert kept.status == 201
    rows = server.sql("SELECT indexrelid FROM pg_index WHERE indrelid = 'directmessages_message'::regclass")
    run_block(server.store, first)
    wait_until(lambda: gets_its_lock(server.store, then), "the block gets its lock, perhaps when it is run again, as the page says")
    check_migrated(server.store)
    built = server.sql("SELECT indexrelid FROM pg_index WHERE indrelid = 'directmessages_message_before'::regclass")
    assert len(set(rows) & set(built)) == len(INDEXES) + 2, "nothing was built again; Django's two are there"
    run_block(server.store, next_month)
    check_indexes(server.store)
    wait_until(lambda: alice.post(f"send/{bob.id}/", {"content": "after"}).status == 201, "it is sent to again")
    ids = [identity for (identity,) in server.sql("SELECT id FROM directmessages_message ORDER BY sent_at")]
    assert ids == sorted(set(ids))
    later = f"{month(FIRST)} 12:00:00"
    server.insert_messages([(bob, alice, later, None, "next month")])
    assert server.sql(f"SELECT content FROM directmessages_message_{month(FIRST):%Y_%m}") == [("next month",)]
    contents = [one["content"] for one in alice.get(f"conversations/{bob.id}/?mark_read=false").json()["results"]]
    assert contents == ["next month", "after", "keyed", "old"]

    run_block(server.store, forget)
    assert [one["content"] for one in alice.get(f"conversations/{bob.id}/?mark_read=false").json()["results"]] == ["next month"]
    wait_until(lambda: [row["last_message"]["content"] for row in bob.get("inbox/").json()["results"]] == ["next month"],
               "the inbox is mended")
    assert eve.get("inbox/").json()["results"] == []
    assert (bob.unread(), alice.unread()) == (0, 1)
    assert keyed.send(alice, bob, "keyed", "k").status == 409
    check_error(alice.post(f"send/{bob.id}/", {"content": "too early"}), 503, "Service temporarily unavailable.")
    server.wait_log("no partition of relation")


PARTITIONED = """
    CREATE TABLE directmessages_message (LIKE before INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (id, sent_at))
        PARTITION BY RANGE (sent_at);
    CREATE TABLE a_message PARTITION OF directmessages_message FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
    CREATE TABLE b_messages PARTITION OF directmessages_message
        FOR VALUES FROM ('2026-01-01') TO (MAXVALUE) PARTITION BY RANGE (sent_at);
    CREATE TABLE "b Message" PARTITION OF b_messages FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE c_message_whose_name_is_as_long_as_postgresql_lets_names_be_long
        PARTITION OF b_messages FOR VALUES FROM ('2026-02-01') TO (MAXVALUE);
    INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id)
        SELECT 'x', timestamptz '2025-12-01' + n * interval '1 day', 1, 2 FROM generate_series(1, 90) n"""
COLUMNS = "(sender_id, recipient_id, sent_at, id) WHERE hidden_for_sender IS NULL"
LEAVES = ("a_message", '"b Message"', "c_message_whose_name_is_as_long_as_postgresql_lets_names_be_long")
INSERT = "INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id) VALUES ('x', now(), 1, 2)"


@pytest.fixture
def partitioned():
    """A database that was partitioned by somebody else, at two levels, and whose indexes are due."""
    own = PostgresDatabase()
    assert run_program("migrate", database=own.url).returncode == 0
    for name in ("john", "jane"):
        assert run_program("user", "create", name, database=own.url).returncode == 0
    with own.transaction() as connection:
        connection.execute("ALTER TABLE directmessages_message RENAME TO before")
        for index in INDEXES:
            connection.execute(f"DROP INDEX {index}")
        connection.execute(PARTITIONED)
        connection.execute("DROP TABLE before")
    yield own
    own.close()


@pytest.fixture
def migrate(partitioned):
    started = []

    def start():
        command = [str(PROGRAM), "--database", partitioned.url, "migrate"]
        started.append(
            subprocess.Popen(command, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def check_ended(process, store):
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    check_indexes(store)


def numbers_of(store, leaf):
    with store.transaction() as connection:
        return dict(connection.execute(
            "SELECT indexrelid::regclass::text, indexrelid::bigint FROM pg_index WHERE indrelid = ?::regclass", (leaf,)).fetchall())


def test_interrupted_it_goes_on_where_it_was(partitioned, migrate):
    """While one partition is in use the others can be written to; what was built stays, and no half index is joined."""
    with partitioned.cluster.connect(partitioned.name) as writer:
        writer.execute("BEGIN")
        writer.execute("UPDATE \"b Message\" SET content = 'y'")
        process = migrate()
        wait_line(process, "^directmessages_sent_b Message: waiting for writers before build, 0 of 1")
        with partitioned.transaction() as connection:
            connection.execute("SET LOCAL lock_timeout = 5000")
            connection.execute(INSERT)
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index")
        _, err = process.communicate(timeout=DEADLINE)
        assert process.returncode == 1 and err.startswith("directmessages: ")
        writer.execute("ROLLBACK")
    assert run_program("migrate", "--check", database=partitioned.url).returncode == 1
    before = numbers_of(partitioned, LEAVES[0])
    assert "directmessages_sent_a_message" in before
    check_migrated(partitioned)
    after = numbers_of(partitioned, LEAVES[0])
    assert before == {name: after[name] for name in before}
    assert len(after) == len(INDEXES) + 1


def test_nobody_waits_behind_it(partitioned, migrate):
    """Who has written to the table holds its index up, and no other writer waits meanwhile."""
    with partitioned.cluster.connect(partitioned.name) as writer:
        writer.execute("BEGIN")
        writer.execute("LOCK TABLE ONLY directmessages_message IN ROW EXCLUSIVE MODE")
        process = migrate()
        for _ in range(2):  # it goes on trying
            waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'directmessages_message'::regclass"
            wait_until(lambda: writer.execute(waits).fetchall(), "it waits for the writer")
            with partitioned.transaction() as connection:
                connection.execute("SET LOCAL lock_timeout = 5000")
                connection.execute(INSERT)
            wait_line(process, "another transaction holds a lock")
        writer.execute("COMMIT")
    check_ended(process, partitioned)


def test_an_index_that_was_made_by_hand_is_used_or_made_anew(partitioned):
    """As PostgreSQL's manual has it: ON ONLY the table, which is not valid until all partitions have one."""
    with partitioned.cluster.connect(partitioned.name) as connection:
        connection.execute(f"CREATE INDEX directmessages_sent ON ONLY directmessages_message {COLUMNS}")
        connection.execute(f"CREATE INDEX by_hand ON a_message {COLUMNS.replace('WHERE', 'WITH (fillfactor = 80) WHERE')}")
    by_hand = numbers_of(partitioned, LEAVES[0])["by_hand"]
    check_migrated(partitioned)
    assert numbers_of(partitioned, LEAVES[0])["by_hand"] == by_hand


NOT_VALID = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{}'::regclass"  # as where its making was interrupted


def test_an_interrupted_index_of_another_name_is_dropped(partitioned):
    """CREATE INDEX on the table would join it, since it is older than ours."""
    with partitioned.cluster.connect(partitioned.name) as connection:
        connection.execute(f"CREATE INDEX by_hand ON a_message {COLUMNS}")
        connection.execute(NOT_VALID.format("by_hand"))
    check_migrated(partitioned)
    assert "by_hand" not in numbers_of(partitioned, LEAVES[0])


def test_an_index_of_a_partition_that_has_our_name_alone_is_left_alone(partitioned, migrate):
    """Ours gets another name, and is built concurrently, too, not while the table is locked."""
    with partitioned.cluster.connect(partitioned.name) as connection:
        connection.execute("CREATE INDEX directmessages_sent_a_message ON a_message (sender_id)")
        other = numbers_of(partitioned, LEAVES[0])["directmessages_sent_a_message"]
        connection.execute("BEGIN")
        connection.execute("UPDATE a_message SET content = 'y'")
        process = migrate()
        wait_line(process, "^directmessages_sent_a_message: waiting for writers before build, 0 of 1")
        connection.execute("ROLLBACK")
    check_ended(process, partitioned)
    assert numbers_of(partitioned, LEAVES[0])["directmessages_sent_a_message"] == other


def test_an_index_of_which_some_partitions_are_missing_gets_them(partitioned):
    """What belongs to it stays: it would take a second time to build, with the table locked. One that is invalid is repaired."""
    with partitioned.cluster.connect(partitioned.name) as connection:
        connection.execute(f"CREATE INDEX directmessages_sent ON ONLY directmessages_message {COLUMNS}")
        connection.execute(f"CREATE INDEX by_hand ON a_message {COLUMNS}")
        connection.execute("ALTER INDEX directmessages_sent ATTACH PARTITION by_hand")
        connection.execute("CREATE INDEX directmessages_sent_b_messages ON ONLY b_messages (sender_id)")  # our name alone
        columns = "(recipient_id, sender_id, sent_at, id) WHERE hidden_for_recipient IS NULL"
        connection.execute(f"CREATE INDEX directmessages_received ON ONLY directmessages_message {columns}")
        connection.execute(f"CREATE INDEX repaired ON a_message {columns}")
        connection.execute("ALTER INDEX directmessages_received ATTACH PARTITION repaired")
        connection.execute(NOT_VALID.format("repaired"))
    of_table, of_leaf = (numbers_of(partitioned, table) for table in ("directmessages_message", LEAVES[0]))
    check_migrated(partitioned)
    for name in ("directmessages_sent", "directmessages_received"):
        assert numbers_of(partitioned, "directmessages_message")[name] == of_table[name]
    assert numbers_of(partitioned, LEAVES[0])["by_hand"] == of_leaf["by_hand"]


def test_an_index_that_cannot_become_valid_is_named_with_what_to_do(partitioned):
    """All of its partitions have one that belongs to it, and PostgreSQL looks no more."""
    check_migrated(partitioned)
    with partitioned.cluster.connect(partitioned.name) as connection:
        connection.execute(NOT_VALID.format("directmessages_unread"))
    done = run_program("migrate", database=partitioned.url)
    assert done.returncode == 1
    advice = re.search(r'the index directmessages_unread is not valid, .*; run "(DROP INDEX directmessages_unread)", then migrate', done.stderr)
    assert advice, done.stderr
    with partitioned.cluster.connect(partitioned.name) as connection:
        connection.execute(advice[1])
    check_migrated(partitioned)
