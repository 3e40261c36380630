# SPDX-License-Identifier: MIT
"""Times in the tables: stored as Django stores them, shown to the microsecond."""

import pytest

from test_storage_schema import STAMP, query

pytestmark = pytest.mark.sqlite


def test_times_are_stored_as_django_stores_them(make_server):
    server = make_server()
    one, two = server.users(2)
    messages = [one.send(two, str(number)) for number in range(20)]
    one.delete(f"messages/{messages[0]['id']}/")
    two.delete(f"messages/{messages[1]['id']}/")
    two.conversation(one)
    rows = query(
        server.database,
        "SELECT id, sent_at, read_at, hidden_for_sender, hidden_for_recipient, typeof(sent_at),"
        " typeof(content) FROM directmessages_message",
    )
    for identity, *times, kind, of_content in rows:
        assert (kind, of_content) == (b"text", b"text")
        for time in times:
            assert time is None or STAMP.fullmatch(time.decode()) and not time.endswith(b".000000"), time
    stored = {identity: sent.decode() for identity, sent, *_ in rows}
    for message in messages:
        assert message["sent_at"] == stored[message["id"]].replace(" ", "T") + "Z"
    assert (
        rows[0][3] is not None
        and rows[1][4] is not None
        and all(row[2] is not None for row in rows if row[0] != messages[1]["id"])
    )


@pytest.mark.parametrize(
    "stored, told",
    [
        ("2025-06-06 12:00:00", "2025-06-06T12:00:00Z"),
        ("2025-06-06 12:00:00.123456", "2025-06-06T12:00:00.123456Z"),
        ("2025-06-06 12:00:00.100000", "2025-06-06T12:00:00.100000Z"),
        ("2025-06-06 12:00:00.000001", "2025-06-06T12:00:00.000001Z"),
        ("0001-01-01 00:00:00", "0001-01-01T00:00:00Z"),
        ("9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.999999Z"),
        ("2024-02-29 23:59:59", "2024-02-29T23:59:59Z"),
    ],
)
def test_times_of_django_are_told_to_the_microsecond(server, alice, bob, stored, told):
    server.insert_messages([(alice, bob, stored)])
    assert alice.conversation(bob)["results"][0]["sent_at"] == told
