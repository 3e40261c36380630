# SPDX-License-Identifier: MIT
"""A Django project with the reference and our server at work on one database at the same time."""

import random
import threading

import pytest

import reference_project
from clients import User
from django_project import DjangoProject, check_same, everything

pytestmark = [
    pytest.mark.skipif(reference_project.why_not() is not None, reason=str(reference_project.why_not())),
    pytest.mark.concurrent,
]

THREADS = 6
OPERATIONS = 30


@pytest.fixture
def both(tmp_path, database, make_both):
    project = DjangoProject(tmp_path / "project", database)
    project.migrate()
    return make_both(project, workers=2)


def test_what_one_writes_the_other_sees_at_once(both):
    one, two, three = both.accounts("one", "two", "three")
    for number in range(3):
        one.ours.send(two, f"ours {number}")
        one.theirs.send(two, f"theirs {number}")
        three.theirs.send(one, f"to one {number}")
    check_same([one, two, three])
    unread = three.ours.send(two, "unread")
    assert two.theirs.unread() == two.ours.unread() == 1
    shown = two.theirs.conversation(three)["results"][0]
    assert shown["id"] == unread["id"] and shown["read_at"] is not None
    assert two.ours.unread() == 0 and two.ours.conversation(three)["results"] == [shown]
    three.theirs.send(two, "another")
    assert two.ours.unread() == 1
    assert two.ours.conversation(three)["results"][0]["read_at"] is not None
    assert two.theirs.unread() == 0
    check_same([one, two, three])


def test_what_one_hides_is_hidden_by_the_other(both):
    one, two = both.accounts("one", "two")
    sent = [one.ours.send(two, str(number))["id"] for number in range(4)]
    assert one.ours.delete(f"messages/{sent[0]}/").status == 204
    assert one.theirs.delete(f"messages/{sent[1]}/").status == 204
    assert two.ours.delete(f"messages/{sent[2]}/").status == 204
    assert two.theirs.delete(f"messages/{sent[3]}/").status == 204
    assert two.ours.unread() == two.theirs.unread() == 2
    for client in (one.ours, one.theirs):
        assert [message["id"] for message in client.conversation(two)["results"]] == [sent[3], sent[2]]
        assert client.delete(f"messages/{sent[1]}/").status == 204
    for client in (two.ours, two.theirs):
        assert [message["id"] for message in client.conversation(one)["results"]] == [sent[1], sent[0]]


def test_cursors_of_each_are_honoured_by_the_other(both):
    one, two = both.accounts("one", "two")
    for number in range(120):
        (one if number % 2 else two).ours.send(two if number % 2 else one, str(number))
    path = f"/api/dm/conversations/{two.id}/"
    ours, theirs = one.ours.page(path), one.theirs.page(path)
    assert ours["results"] == theirs["results"]
    for _ in range(2):
        links = [page["next"].split("?")[1] for page in (ours, theirs)]
        ours, theirs = one.ours.page(f"{path}?{links[1]}"), one.theirs.page(f"{path}?{links[0]}")
        assert ours["results"] == theirs["results"]
    assert ours["next"] is None and theirs["next"] is None
    links = [page["previous"].split("?")[1] for page in (ours, theirs)]
    ours, theirs = one.ours.page(f"{path}?{links[1]}"), one.theirs.page(f"{path}?{links[0]}")
    assert ours["results"] == theirs["results"] and len(ours["results"]) == 50


class Worker(threading.Thread):
    """Sends, reads and hides at random, through either server, and remembers what was acknowledged."""

    def __init__(self, accounts, seed):
        super().__init__()
        self.accounts, self.random, self.seed = accounts, random.Random(seed), seed
        self.sent, self.hidden, self.failures = {}, [], []

    def run(self):
        for number in range(OPERATIONS):
            user, partner = self.random.sample(self.accounts, 2)
            client = self.random.choice((user.ours, user.theirs))
            action = self.random.choice((self.send, self.send, self.send, self.look, self.look, self.hide))
            answer = action(client, user, partner, f"{self.seed}/{number}")
            if answer is not None and answer.status not in (200, 201, 204):
                self.failures.append(answer)

    def send(self, client, user, partner, content):
        answer = client.post(f"send/{partner.id}/", {"content": content})
        if answer.status == 201:
            self.sent[answer.json()["id"]] = (user.id, partner.id, content)
        return answer

    def look(self, client, user, partner, _):
        return client.get(f"conversations/{partner.id}/")

    def hide(self, client, user, partner, _):
        mine = [(identity, ends) for identity, ends in self.sent.items() if user.id in ends[:2]]
        if not mine:
            return None
        identity, (sender, _, _) = self.random.choice(mine)
        answer = client.delete(f"messages/{identity}/")
        if answer.status == 204:
            self.hidden.append((identity, "hidden_for_sender" if sender == user.id else "hidden_for_recipient"))
        return answer


def test_nothing_is_lost_or_doubled_when_both_write_at_once(both, database):
    accounts = both.accounts("one", "two", "three", "four")
    workers = [Worker(accounts, seed) for seed in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not [failure for worker in workers for failure in worker.failures]
    sent = {identity: row for worker in workers for identity, row in worker.sent.items()}
    stored = database.sql("SELECT id, sender_id, recipient_id, content FROM directmessages_message")
    assert {identity: tuple(row) for identity, *row in stored} == sent and len(stored) == len(sent) > THREADS
    hidden = {one for worker in workers for one in worker.hidden}
    for column in ("hidden_for_sender", "hidden_for_recipient"):
        rows = database.sql(f"SELECT id FROM directmessages_message WHERE {column} IS NOT NULL")
        assert {identity for (identity,) in rows} == {identity for identity, which in hidden if which == column}
    check_same(accounts, partners=False)  # the reference asks for the partners' hiding, not one's own
    for account in accounts:
        assert account.ours.unread() == 0
        for partner in accounts:
            if partner is not account:
                times = [message["sent_at"] for message in everything(account.ours, partner)]
                assert times == sorted(times, reverse=True)
    both.project.check_clean()


# ---- a project that reads and writes in one transaction, on SQLite

READ_AND_WRITE = """
import urllib.request
from django.db import OperationalError, transaction
from directmessages.models import Message
def add():
    with transaction.atomic():
        count = Message.objects.count()
        {between}
        Message.objects.create(sender_id=1, recipient_id=2, content=str(count))
result = []
for _ in range({rounds}):
    try:
        add()
    except OperationalError as error:
        result.append(str(error))
"""
SEND = """urllib.request.urlopen(urllib.request.Request("http://{host}:{port}/api/dm/send/1/", b'{{"content":"between"}}', {{
            "Authorization": "Token {token}", "Content-Type": "application/json"}}))"""


def transactions(tmp_path, database, **options):
    database.django["OPTIONS"].update(options)
    project = DjangoProject(tmp_path / "project", database)
    project.migrate()
    return project


@pytest.mark.sqlite
def test_a_transaction_that_reads_first_may_fail(tmp_path, database, make_server):
    """Why docs/django.md wants IMMEDIATE: what was read is out of date when the lock is asked for."""
    project = transactions(tmp_path, database)
    server = make_server(database=database.store)
    (_, _), (_, token) = project.users("one", "two")
    between = SEND.format(host=server.host, port=server.port, token=token)
    assert project.shell(READ_AND_WRITE.format(between=between, rounds=2)) == ["database is locked"] * 2
    assert database.sql("SELECT content FROM directmessages_message") == [("between",), ("between",)]


@pytest.mark.sqlite
def test_immediate_transactions_wait_for_their_turn(tmp_path, database, make_server):
    project = transactions(tmp_path, database, transaction_mode="IMMEDIATE")
    server = make_server(database=database.store)
    one, two = (User(server, token, identity, "") for identity, token in project.users("one", "two"))
    stopping, statuses = threading.Event(), []

    def send():
        while not stopping.is_set():
            statuses.append(two.post(f"send/{one.id}/", {"content": "by us"}).status)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        assert project.shell(READ_AND_WRITE.format(between="pass", rounds=100)) == []
    finally:
        stopping.set()
        sender.join()
    assert set(statuses) == {201}
    assert database.sql("SELECT count(*) FROM directmessages_message") == [(100 + len(statuses),)]
