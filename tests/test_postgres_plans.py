# SPDX-License-Identifier: MIT
"""PostgreSQL: what a statement looks at grows with what it gives, and not with the tables (decision 14)."""

import re

import pytest

from databases import PostgresDatabase
from harness import Server
from test_events_clusters import statement, telling  # noqa: F401 (a fixture)
from webhook_receiver import create

pytestmark = pytest.mark.postgresql

LANES = "SET jit = off; SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan"
FAR = 2**60
ROWS = 20000
MESSAGES = (
    "INSERT INTO directmessages_message (content, sent_at, read_at, sender_id, recipient_id)"
    " SELECT 'x', timestamptz '2026-01-01' + n * interval '1 second', {read_at}, ?, ? FROM generate_series(1, ?) n"
)
FILL = (
    MESSAGES.format(read_at="CASE WHEN n % 20 > 0 THEN now() END"),
    "INSERT INTO directmessages_event (transaction, kind, message_id, sender_id, recipient_id, at)"
    " SELECT n / 3, 1, n, ?, ?, 0 FROM generate_series(1, ?) n",
    "INSERT INTO directmessages_idempotency_key (user_id, key, message_id, recipient_id, fingerprint, at)"
    " SELECT ?, n::text, n, ?, 'x', n FROM generate_series(1, ?) n",
    "INSERT INTO directmessages_delivery (webhook_id, name, kind, message_id, at, state, attempts, next_at, finished_at,"
    " http_status, error) SELECT ?, 'x' || ?, 1, n, 0, 0, 1, n, 0, 0, '' FROM generate_series(1, ?) n",
    "INSERT INTO directmessages_block (user_id, blocked_id, blocked_at) SELECT ?, ? + n, n FROM generate_series(1, ?) n",
    "INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active,"
    " date_joined, id) SELECT '!', false, ? || n::text, '', '', '', false, true, now(), ? + n"
    " FROM generate_series(? - 200, 20000) n",
)
WALK = (
    "hidden_for_{side} IS NULL AND ({partner}_id, sent_at, id) > ($2::bigint, $3::timestamptz, $4::bigint)"
    " ORDER BY {partner}_id, sent_at, id LIMIT "
)
ERASING_SENT = WALK.format(side="sender", partner="recipient") + "1000"
ERASING_RECEIVED = WALK.format(side="recipient", partner="sender") + "1000"
STATEMENTS = {  # a part of the text, its parameters; how many rows it may look at, if they are more than MOST
    "a page of users": ('WHERE u."id" > $1', "0, 101"),
    "a piece of the log": ("THEN m.content END, e.origin", "0, 0, 101, 0, 1000000"),
    "what is to be trimmed": ("SELECT 1 FROM old LIMIT 1", f"0, {FAR}"),
    "a claim of what is due": ("is_active FOR UPDATE SKIP LOCKED", f"1, 7, {FAR}, 100, {FAR}"),
    "a claim of what is far ahead": ("is_active FOR UPDATE SKIP LOCKED", "1, 7, 0, 100, 0"),
    "a failure that disables an endpoint": ("is_active = NOT CASE", f"1, 1, 7, {FAR}, 410, 'no', 1, 'why', 1000"),
    "enabling an endpoint": ("updated AS (UPDATE", "1, NULL, NULL, NULL, NULL, 0, true, 7, 1000"),
    "disabling an endpoint": ("updated AS (UPDATE", "1, NULL, NULL, NULL, NULL, 0, false, 7, 1000"),
    "changing an endpoint": ("updated AS (UPDATE", "1, 'http://a/', 'what for', 3, NULL, 0, NULL, 7, 1000"),
    "a piece of requeueing deliveries": ("requeued AS (UPDATE directmessages_delivery d SET state = 0, attempts = 0, next_at"
        " = $2::bigint, finished_at = 0, http_status = 0, error = '' WHERE EXISTS (SELECT 1 FROM directmessages_webhook w"
        " WHERE w.id = d.webhook_id AND w.is_active) AND d.id = ANY", "0, 7, 1, 1000"),
    "a page of deliveries": ("ending.next FROM ending", f"1, 2, {FAR}, 100, 5000"),
    "a piece of trimming deliveries": ("WITH looked_at AS (SELECT id", f"0, {FAR}, 1, 7"),
    "a page of everybody's messages": ("WHERE m.id < $6::bigint AND $5", f"51, 1000000, '-infinity', 'infinity', 'infinity', {FAR}"),
    "a page of a user with many messages": ("is_own FROM", f"51, 1000000, '-infinity', 'infinity', 'infinity', {FAR}, {{one}}", 20001),
    "a page of a user with few messages": ("is_own FROM", f"51, 1000000, '-infinity', 'infinity', 'infinity', {FAR}, {{other}}", 20001),
    "a page of a conversation, hidden messages too": (
        "m.sender_id = $8", f"51, 1000000, '-infinity', 'infinity', 'infinity', {FAR}, {{one}}, {{two}}"),
    "a piece of an export": (WALK.format(side="sender", partner="recipient") + "$5", "{one}, 0, '-infinity', 0, 1000, 1000000"),
    "a piece of erasing what was sent": (ERASING_SENT, "{one}, 0, '-infinity', 0, now()"),
    "a piece of erasing what was received": (
        ERASING_RECEIVED, "{two}, 0, '-infinity', 0, now()"),
    "a piece of erasing, in the middle": (
        ERASING_SENT, "{one}, {two}, '2026-01-01 03:00', 0, now()"),
    "a page of blocks": ("b.blocked_at FROM (SELECT blocked_id", f"{{one}}, {FAR}, {FAR}, 101, 0"),
    "unread messages of a user without blocks": ("SELECT * FROM (SELECT count(*) - (SELECT", "ARRAY[{two}]"),
    "a caller": ("q.p2 >= 0), 0::bigint FROM", "ARRAY['{name}'], ARRAY[{one}]"),
    "a caller with what is unread": ("q.p2 >= 0), (SELECT count(*) - (SELECT", "ARRAY['{name}'], ARRAY[-1]"),
    "a caller with what is unread from one": ("q.p2 >= 0), (SELECT count(*) FROM (SELECT 1", "ARRAY['{name}'], ARRAY[{one}]"),
    "a send": ("content, rules, n)", "ARRAY[{one}], ARRAY[{two}], ARRAY[now()], ARRAY['x'], ARRAY[1], false, ARRAY[]::text[]"),
    "who starts a conversation": ("pg_advisory_xact_lock(1684958832", "ARRAY[{one}, {two}], ARRAY[{two}, {one}], 0"),
    "what may be started": ("counted AS MATERIALIZED (SELECT f.*", "ARRAY[{one}, {two}], ARRAY[{two}, {one}], 0, 5, 7"),
    "a piece of erasing blocks": ("DELETE FROM directmessages_block b USING", "{one}"),
    "a piece of purging": ("SELECT max(id) FROM directmessages_message) FROM chosen", "0, false, 'infinity', true"),
    "sends with and without keys": (
        "pg_try_advisory_xact_lock", "{sends}, true, 19990, 1000000000, ARRAY[]::text[]"),
    "sends whose keys have expired": ("pg_try_advisory_xact_lock", "{sends}, true, 100000000, 200000000, ARRAY[]::text[]"),
    "a piece of erasing keys": ("ORDER BY key LIMIT", "{one}, 1000"),
    "a page of an inbox": ("recent AS MATERIALIZED", "{one}, 'infinity', 0, 51, 200, false, false"),
    "a page of an inbox, far down": ("recent AS MATERIALIZED", "{one}, '2026-01-01 03:00', 0, 51, 200, false, false"),
    "a page of unread ones in an inbox": ("recent AS MATERIALIZED", "{one}, 'infinity', 0, 51, 200, true, false"),
    "conversations with blocked users": ("WITH listed AS MATERIALIZED", "{one}, 'infinity', 0, 51, 200"),
    "conversations with unread messages": ("partner LIMIT 500 + 1", "{one}, 'infinity', 0, 51, 200"),
    "one conversation": ("place AS (SELECT NULL::timestamptz", "{one}, {two}, 200"),
    "a piece of folding": ("late AS MATERIALIZED", ""),
    "a piece of mending": ("compared AS MATERIALIZED", "{one}, 'infinity', 0, 1000"),
    "a piece of marking": ("WITH unread AS MATERIALIZED", f"{{two}}, {{one}}, now(), true, '2026-01-01', 0, '2027-01-01', false, 300, {FAR}, {FAR}, ''"),
    "a piece of marking as unread": ("walked WHERE is_read", "{two}, {one}, now(), true, '', '2026-01-01', 0, '2027-01-01', 300"),
    "a piece of hiding a conversation": ("told AS (SELECT last.id", f"{{two}}, {{one}}, now(), true, '2026-01-01', 0, '2027-01-01', {FAR}, 300, ''"),
    "a piece of marking everything": ("found AS MATERIALIZED", f"{{two}}, {{one}}, now(), true, false, 300, {FAR}, ''"),
}
MOST = 5001  # so many events may be trimmed at once


def sends(one, two):
    """The arrays of 200 sends: of some the key is used, some have none."""
    keys = ["" if n % 3 == 0 else f"{n * 100}" if n % 3 == 1 else f"new {n}" for n in range(200)]
    times = [f"2026-01-01 00:00:00.{n:06}+00" for n in range(200)]
    arrays = [[one.id] * 200, [two.id] * 200, times, ["x"] * 200, [1] * 200, keys, [""] * 200]
    return ", ".join("'{" + ",".join(f'"{value}"' for value in array) + "}'" for array in arrays)


@pytest.fixture(scope="module", params=["new", "analyzed"])
def filled(telling, request):  # noqa: F811
    """A connection to a database with many rows, as the lanes have it, and the server's statements by a part of each."""
    server = Server(database=PostgresDatabase(telling)).start()
    one, two, other = server.users(3)
    create(server, "http://127.0.0.1:1/", "--events", "message_read")
    assert one.unread() == 0  # so all statements are prepared, and the last that has a part is the one
    texts = {part: statement(server, part) for part, *_ in STATEMENTS.values()}
    server.stop()
    with server.transaction() as connection:
        for sql, (first, second) in zip(FILL, (*[(one.id, two.id)] * 3, (1, 1), (one.id, 10**6), ("u", 10**6))):
            connection.execute(sql, (first, second, ROWS))
        connection.execute(MESSAGES.format(read_at="NULL"), (one.id, other.id, ROWS))
        connection.execute("UPDATE directmessages_event_log SET base = 100000")
        connection.execute(
            "INSERT INTO directmessages_inbox (user_id, partner_id, last_at, last_id) SELECT ?, ? + n,"
            " timestamptz '2026-01-01' + n * interval '1 second', n FROM generate_series(1, ?) n", (one.id, two.id, ROWS))
        connection.execute("UPDATE directmessages_inbox_fold SET (folded, checkpoint) ="
                           " (SELECT max(id) - 3000, max(id) FROM directmessages_message)")
    with telling.connect(server.store.name) as connection:
        if request.param == "analyzed":
            connection.execute("ANALYZE")
        connection.execute(LANES)
        yield connection, texts, {"one": one.id, "two": two.id, "name": two.username, "other": other.id, "sends": sends(one, two)}
    server.close()
    server.store.close()


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_statement_looks_at_more_than_it_needs(filled, name):
    connection, texts, users = filled
    part, values, *most = STATEMENTS[name]
    connection.execute("BEGIN")
    cursor = connection.connection.cursor()
    cursor.execute(f"PREPARE asked AS {texts[part]}")
    given = f"({values.format(**users)})" if values else ""
    try:
        cursor.execute(f"EXPLAIN ANALYZE EXECUTE asked{given}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    finally:
        connection.execute("ROLLBACK")
        connection.execute("DEALLOCATE asked")
    rows = [int(rows) * int(loops) for rows, loops in re.findall(r"actual time=\S+ rows=(\d+)\S* loops=(\d+)", plan)]
    removed = [int(count) for count in re.findall(r"Rows Removed by (?:Join )?Filter: (\d+)", plan)]
    assert max(rows + removed) <= (most or [MOST])[0], plan
    assert not re.search("Seq Scan on directmessages_(message|event|delivery|idempotency_key|block|inbox )", plan), plan
