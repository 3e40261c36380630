# SPDX-License-Identifier: MIT
"""What goes over the connection to PostgreSQL: nothing needless, and nonsense from there is survived."""

import threading
import time

import pytest

import postgres
from databases import PostgresDatabase
from postgres_proxy import Proxy

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not())),
]

READY_FOR_QUERY = b"Z\0\0\0\5I"


@pytest.fixture
def proxy():
    made = Proxy(postgres.shared().port)
    yield made
    made.close()


@pytest.fixture
def behind(proxy, make_server):
    """A server whose connections go through the proxy."""
    database = PostgresDatabase()
    database.url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database.name}"
    return make_server(database=database, env={"DIRECTMESSAGES_BUSY_TIMEOUT": 4000})


def test_a_message_of_the_protocol_that_makes_no_sense(proxy, behind):
    """Once, behind the answer to BEGIN: that request fails, and the next one is on a new connection."""
    alice, bob = behind.users(2)
    alice.send(bob, "before")
    nonsense = b"2\0\0\0\4" + b"D\0\0\0\2" + b"\0" * 64
    asked, disturbed = threading.Event(), threading.Event()

    def disturb(data):
        at = data.find(b"BEGIN\0")
        if at < 0 or not asked.is_set() or disturbed.is_set():
            return data
        disturbed.set()
        return data[: at + 6] + nonsense

    proxy.hear = lambda data: b"during" in data and asked.set()  # who folds the inbox begins a transaction each second, too
    proxy.change = disturb
    assert alice.post(f"send/{bob.id}/", {"content": "during"}).status == 503
    assert disturbed.is_set()
    assert alice.post(f"send/{bob.id}/", {"content": "after"}).status == 201


def test_a_connection_in_use_is_not_asked_for_a_sign_of_life(proxy, behind):
    """Each request costs the same number of round trips, however long ago the connection was made."""
    (alice,) = behind.users(1)
    answers = []

    def count(data):
        answers.append(data.count(READY_FOR_QUERY))
        return data

    def round_trips(requests=20):
        """Of one request, in the calmest of some runs: what the server does beside them is counted, too."""

        def run():
            del answers[:]
            for _ in range(requests):
                assert alice.get("unread/").status == 200
            return sum(answers) / requests

        return min(run() for _ in range(5))

    proxy.change = count
    round_trips()
    began, first = time.monotonic(), round_trips()
    assert first < 2.5, "who it is, and the count; the event log is looked at now and then"
    while time.monotonic() - began < 1.5:  # beyond the limit after which an idle connection is asked
        last = round_trips()
    assert last < 1.5 * first
