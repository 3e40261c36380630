# SPDX-License-Identifier: MIT
"""The inbox beside a Django project, other servers, open transactions and kills: all pages are what all messages say."""

import contextlib
import os
import random
import threading
import time

import pytest

import reference_project
from django_project import DjangoProject
from folding import folded, newest, rounds, wait_folded, wait_forgotten
from harness import wait_until
from inboxes import check, check_table, check_table_of, shown
from paging import time as when
from test_inbox import partners

pytestmark = pytest.mark.concurrent

THREADS = 5
STEPS = int(os.environ.get("INBOX_OPERATIONS", "100")) // THREADS  # of each thread; `make together`: 10,000
HIDE = "UPDATE directmessages_message SET hidden_for_{} = '2026-01-01 00:00:00' WHERE id = ?"


class Worker(threading.Thread):
    """Sends, reads, hides and deletes at random: through our server, through Django's, and behind both."""

    def __init__(self, server, accounts, seed, rows):
        """`rows`: a lock, since Django answers 500 where a row that it marks or hides is deleted meanwhile."""
        super().__init__()
        self.server, self.accounts, self.random, self.rows = server, accounts, random.Random(seed), rows
        self.sent, self.failures = [], []

    def run(self):
        for number in range(STEPS):
            user, partner = self.random.sample(self.accounts, 2)
            client = self.random.choice((user.ours, user.theirs))
            step = self.random.choice((self.send, self.send, self.send, self.read, self.hide, self.delete, self.inbox))
            try:
                answer = step(client, user, partner, str(number))
            except AssertionError as failure:
                self.failures.append(failure)
                continue
            if answer is not None and answer.status not in (200, 201, 204):
                self.failures.append(answer)

    def send(self, client, user, partner, content):
        answer = client.post(f"send/{partner.id}/", {"content": content})
        if answer.status == 201:
            self.sent.append((answer.json()["id"], user, partner))
        return answer

    def read(self, client, user, partner, _):
        with self.rows if client is user.theirs else contextlib.nullcontext():
            return client.get(f"conversations/{partner.id}/")

    def hide(self, *_):
        if not self.sent:
            return None
        identity, *ends = self.sent[-1 - self.random.randrange(min(len(self.sent), 3))]
        user = self.random.choice(ends)
        client = self.random.choice((user.ours, user.theirs))
        with self.rows if client is user.theirs else contextlib.nullcontext():
            return client.delete(f"messages/{identity}/")

    def delete(self, *_):
        """As Django's admin does it."""
        if self.sent:
            identity, *_ = self.sent.pop()
            with self.rows:
                self.server.sql("DELETE FROM directmessages_message WHERE id = ?", (identity,))

    def inbox(self, _, user, __, ___):
        pages = user.ours.inbox(f"?page_size={self.random.randrange(1, 5)}")["results"]
        assert len({row["partner"]["id"] for row in pages}) == len(pages)


@pytest.mark.skipif(reference_project.why_not() is not None, reason=str(reference_project.why_not()))
def test_after_random_operations_through_both_all_pages_are_right(tmp_path, database, make_both):
    project = DjangoProject(tmp_path / "project", database)
    project.migrate()
    both = make_both(project, workers=2)
    accounts = both.accounts(*(f"user{number}" for number in range(9)))
    rows = threading.Lock()
    workers = [Worker(both.server, accounts, seed, rows) for seed in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not [failure for worker in workers for failure in worker.failures]
    for account in accounts:
        check(both.server, account.ours, 3)
    wait_folded(both.server)
    for account in accounts:
        check(both.server, account.ours, 3)
    check_table(both.server)
    project.check_clean()


@pytest.mark.postgresql
@pytest.mark.parametrize("others", [100, 3000])
def test_a_transaction_that_commits_late_shows_at_the_next_fold(server, alice, bob, carol, others):
    """Like Django's with ATOMIC_REQUESTS: its message has a lower id than many that are folded already."""
    with server.transaction() as connection:
        late = connection.execute(
            "INSERT INTO directmessages_message (sender_id, recipient_id, sent_at, content)"
            " VALUES (?, ?, now(), 'late') RETURNING id", (bob.id, alice.id)).fetchone()[0]
        for _ in range(100):
            carol.send(alice)  # waits for nothing
        server.insert_messages([(carol, alice, when(n)) for n in range(others - 100)])
        wait_folded(server)
        before = rounds(server)
        assert partners(alice) == [carol.id]
    wait_until(lambda: sorted(partners(alice)) == [bob.id, carol.id], "the late message is shown")
    assert rounds(server) - before <= 2 + others // 1000
    assert late in [last for _, last, _ in shown(alice.inbox())]
    check(server, alice)
    wait_forgotten(server)


@pytest.mark.postgresql
def test_an_own_message_is_shown_although_later_ones_are_folded(server, alice, bob, carol):
    """Its id was given before others that are folded; without waiting for the next fold."""
    with server.transaction() as connection:
        connection.execute("INSERT INTO directmessages_message (sender_id, recipient_id, sent_at, content)"
                           " VALUES (?, ?, now(), 'late')", (bob.id, alice.id))
        carol.send(alice)
        wait_folded(server)
    before = rounds(server)
    found = sorted(partners(alice))
    assert found == [bob.id, carol.id] or rounds(server) > before


@pytest.mark.postgresql
def test_a_fold_that_fails_is_tried_each_second_and_sends_go_on(make_server):
    server = make_server()
    alice, bob = server.users(2)
    server.sql("""
        CREATE SEQUENCE tries;
        CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM nextval('tries');
            RAISE EXCEPTION 'a fault';
        END $$;
        CREATE TRIGGER fault BEFORE INSERT ON directmessages_inbox FOR EACH ROW EXECUTE FUNCTION fault()""")
    began = time.monotonic()
    alice.send(bob)
    wait_until(lambda: server.sql("SELECT last_value FROM tries")[0][0] >= 3, "it is tried again")
    assert time.monotonic() - began > 1.6, "the first may come at once"
    alice.send(bob)
    server.sql("DROP TRIGGER fault ON directmessages_inbox")
    wait_folded(server)
    check(server, bob)


@pytest.mark.postgresql
def test_who_mends_waits_for_nobody_else_who_does(server, alice, bob, carol):
    """Many may have to at once, such as after a purge. A fold waits until they are through."""
    last = [partner.send(alice)["id"] for partner in (bob, carol)][1]
    wait_folded(server)
    with server.transaction() as connection:
        connection.execute("SELECT FROM directmessages_inbox_fold FOR SHARE")  # as if it mended
        server.sql(HIDE.format("recipient"), (last,))
        assert partners(alice) == [bob.id]
    check_table_of(server, alice.id)


@pytest.mark.postgresql
def test_nobody_waits_for_an_open_transaction_on_the_pair(server, alice, bob):
    with server.transaction() as connection:
        connection.execute("INSERT INTO directmessages_message (sender_id, recipient_id, sent_at, content)"
                           " VALUES (?, ?, now(), 'open')", (alice.id, bob.id))
        for _ in range(3):
            last = alice.send(bob)
            assert shown(bob.inbox())[0][1] == last["id"]
        wait_folded(server)
        assert shown(bob.inbox())[0][1] == last["id"]


def much(server, users, count):
    """Many messages that are not folded, and a table that knows nothing."""
    dice = random.Random(7)
    server.insert_messages([(*dice.sample(users, 2), when(n)) for n in range(count)])


@pytest.mark.parametrize("second", [False, True])
def test_kills_amid_folding(make_server, backend, second):
    """Also with another server on the same database, which folds at the same time."""
    if second and backend == "sqlite":
        pytest.skip("one server to a file")
    server = make_server(start=False)
    server.run("migrate")
    users = server.users(30)
    much(server, users, 12000)
    servers = [server.start()] + ([make_server(database=server.store)] if second else [])
    for one in servers * 2:
        before = folded(server)
        if before == newest(server):
            much(server, users, 4000)
        wait_until(lambda: folded(server) != before, "it folds")
        one.kill()
        one.start()
    wait_folded(server)
    for user in users[:8]:
        check(server, user)
    check_table(server)


@pytest.mark.postgresql
def test_two_servers_fold_and_mend_at_once(make_server):
    first = make_server()
    second = make_server(database=first.store)
    users = [first.users(1)[0] for _ in range(6)]
    clients = [[type(user)(server, user.token, user.id, user.username) for user in users] for server in (first, second)]
    failures = []

    def work(own, seed):
        dice = random.Random(seed)
        for _ in range(STEPS):
            user, partner = dice.sample(own, 2)
            message = user.send(partner)
            if dice.random() < 0.4:
                user.delete(f"messages/{message['id']}/")
            answer = dice.choice(own).get("inbox/?page_size=3")
            if answer.status != 200:
                failures.append(answer)

    threads = [threading.Thread(target=work, args=(own, number)) for number, own in enumerate(clients * 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    wait_folded(first)
    for own in clients:
        for server, user in zip((first, second), own):
            check(server, user, 2)
    for user in users:
        check(first, user)
    check_table(first)
    assert first.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") in ([(0,)], [[0]])


@pytest.mark.postgresql
def test_a_table_from_another_cluster_is_folded_on(make_server):
    """After a restore, numbers of transactions are those of another cluster."""
    server = make_server()
    alice, bob = server.users(2)
    bob.send(alice)
    wait_folded(server)
    server.sql("UPDATE directmessages_inbox_fold SET open = ARRAY[9000000000], lows = ARRAY[0]")
    bob.send(alice)
    wait_forgotten(server)
    check(server, alice)

