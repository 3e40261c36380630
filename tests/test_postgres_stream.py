# SPDX-License-Identifier: MIT
"""The answer of POST conversations/<id>/ is read from PostgreSQL piece by piece, and no loop waits for a piece."""

import concurrent.futures

import pytest

import postgres
from harness import wait_until

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
]

COUNT, SIZE = 400, 100_000  # more than any socket's buffers hold


def waiting_for_a_lock(server):
    return server.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )[0][0]


def test_a_loop_does_not_wait_for_the_next_piece(make_server):
    server = make_server(flags=["--threads", 1], env={"DIRECTMESSAGES_BUSY_TIMEOUT": 240_000})
    alice, bob = server.users(2)
    server.sql(
        f"INSERT INTO directmessages_message (content, sent_at, sender_id, recipient_id) SELECT repeat('x', {SIZE}),"
        f" TIMESTAMPTZ '2025-06-06 12:00:00Z' + i * interval '1 second', ?, ? FROM generate_series(1, {COUNT}) i",
        (alice.id, bob.id),
    )
    body = b'{"content": "last"}'
    head = f"POST /api/dm/conversations/{bob.id}/ HTTP/1.1\r\nHost: x\r\nAuthorization: Token {alice.token}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with server.raw(head.encode() + body) as connection, concurrent.futures.ThreadPoolExecutor(1) as threads:
        wait_until(lambda: alice.get(f"conversations/{bob.id}/").json()["results"][0]["content"] == "last", "it is sent")
        with server.transaction() as other:
            other.execute("LOCK TABLE directmessages_message IN ACCESS EXCLUSIVE MODE")
            answer = threads.submit(connection.response)  # what was read before, and then the next piece
            wait_until(lambda: waiting_for_a_lock(server), "the next piece waits for the lock")
            assert server.anonymous().get("/livez").status == 200
            assert waiting_for_a_lock(server)
        assert answer.result(60).status == 201
    assert [len(message["content"]) for message in answer.result().json()] == [4] + [SIZE] * COUNT
