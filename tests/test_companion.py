# SPDX-License-Identifier: MIT
"""contrib/django beside the real reference: receivers hear of what we store, our streams and webhooks of what Django stores."""

import threading

import pytest

import companion_project
from companion_project import Call, CompanionProject, signed
from folding import rounds, wait_folded
from harness import wait_until
from streams import Stream, settle
from test_inbox import partners
from webhook_receiver import LOCAL, deliveries, signature, wait_state

WHY_NOT = companion_project.why_not()
pytestmark = [pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)), pytest.mark.concurrent]


@pytest.fixture
def project(tmp_path, database):
    made = CompanionProject(tmp_path / "project", database)
    made.migrate()
    return made


@pytest.fixture
def both(project, make_both, database):
    """The project behind gunicorn, our server, and an endpoint for the companion's view."""
    made = make_both(project, workers=2, env=LOCAL)
    url = f"http://127.0.0.1:{made.served.port}/dm/webhook/"
    done = database.run("webhook", "create", url, "--secret", companion_project.SECRET)
    assert done.returncode == 0, done
    return made


def wait_calls(project, count):
    """The calls, once there are so many; then none more comes."""
    return wait_until(lambda: len(found := project.calls()) >= count and found, f"{count} calls of receivers")


def told(message, sender, recipient, origin="service"):
    """The event of a message as it is delivered."""
    plain = {name: value for name, value in message.items() if name != "direction"}
    users = [{"id": one.id, "username": one.name, "first_name": "", "last_name": ""} for one in (sender, recipient)]
    data = {"message": plain, "from_user": users[0], "to": users[1], "origin": origin}
    return {"type": "message.sent", "timestamp": message["sent_at"], "data": data}


def test_what_we_store_reaches_each_receiver_once(both, project):
    one, two = both.accounts("one", "two")
    sent = one.ours.send(two, "by the service")
    assert wait_calls(project, 2) == [
        Call(name, "sent", "by the service", ["one", "two"], False, True) for name in ("first", "last")
    ]
    two.ours.conversation(one)
    assert wait_calls(project, 4)[2:] == [
        Call(name, "read", "by the service", ["one", "two"], True, True) for name in ("first", "last")
    ]
    wait_state(both.server, "delivered", 2)
    # The same delivery once more, as after a response that was lost.
    name = [row["name"] for row in deliveries(both.server) if row["type"] == "message.sent"][0]
    body, headers = signed(signature, told(sent, one, two), name=name)
    assert one.theirs.request("POST", "/dm/webhook/", body, headers).status == 204
    assert len(project.calls()) == 4


def test_what_django_stores_reaches_streams_and_receivers_once(both, project):
    one, two = both.accounts("one", "two")
    with Stream(two.ours) as stream:
        sent = one.theirs.send(two, "by Django")
        event = stream.next()
        assert (event.name, event.data) == ("message_sent", {**sent, "direction": "in"})
        two.theirs.conversation(one)
        event = stream.next()
        assert (event.name, event.data["id"]) == ("message_read", sent["id"])
        assert event.data["read_at"] == two.ours.conversation(one)["results"][0]["read_at"]
        two.theirs.conversation(one)  # nothing is unread any more
        last = one.ours.send(two, "by the service")
        assert stream.next().data["id"] == last["id"]
    wait_state(both.server, "delivered", 3)
    calls = [(call.receiver, call.signal, call.content) for call in project.calls()]
    assert sorted(calls) == sorted(
        (name, *what)
        for name in ("first", "last")
        for what in (("sent", "by Django"), ("read", "by Django"), ("sent", "by the service"))
    )


def test_what_django_hides_and_marks_as_unread_reaches_streams(both, database):
    """Hiding only the streams of who has hidden it, as where a client of ours does."""
    one, two = both.accounts("one", "two")
    first, second = one.ours.send(two, "first"), one.theirs.send(two, "second")
    two.theirs.conversation(one)
    settle(both.server)
    with Stream(one.ours) as of_one, Stream(two.ours) as of_two:
        for message in (first, second, second):  # hiding it again tells nothing
            assert two.theirs.delete(f"messages/{message['id']}/").status == 204
        both.project.shell(SAVES + f"result = Message.objects.get(pk={second['id']})\nresult.read_at = None\nresult = result.save()")
        assert one.theirs.delete(f"messages/{first['id']}/").status == 204
        last = two.ours.send(one, "last")
        heard = [[(event.name, event.data["id"]) for event in stream.take(count)] for stream, count in ((of_two, 3), (of_one, 3))]
    assert heard[0] == [("message_hidden", first["id"]), ("message_hidden", second["id"]), ("message_sent", last["id"])]
    assert heard[1] == [("message_unread", second["id"]), ("message_hidden", first["id"]), ("message_sent", last["id"])]
    rows = database.sql("SELECT e.kind FROM directmessages_event e JOIN directmessages_message m ON m.id = e.message_id"
                        " WHERE e.origin = 1 AND e.kind > 2 ORDER BY e.id")
    assert [kind for (kind,) in rows] == [6, 6, 4, 5]


def test_a_receiver_that_raises_is_called_again_and_no_other(both, project):
    project.let_first_fail(2)
    one, two = both.accounts("one", "two")
    one.ours.send(two, "hello")
    (row,) = wait_state(both.server, "delivered")
    assert row["attempts"] == "3"
    assert [call.receiver for call in project.calls()] == ["failing", "last", "failing", "first"]
    assert "receiver site_receivers.models.first failed" in project.log.read_text()


def test_a_message_that_is_gone_is_no_failure(both, project, database):
    one, two = both.accounts("one", "two")
    sent = one.ours.send(two, "soon gone")
    wait_calls(project, 2)
    assert "directmessages.Message" in project.shell(
        f"from directmessages.models import Message\nresult = Message.objects.get(pk={sent['id']}).delete()"
    )[1]
    for message in (sent, {**sent, "id": sent["id"] + 1000}):
        body, headers = signed(signature, told(message, one, two))
        assert one.theirs.request("POST", "/dm/webhook/", body, headers).status == 204
    # Its id is another message's now, as where the table was emptied.
    other = one.ours.send(two, "another")
    wait_calls(project, 4)
    body, headers = signed(signature, told({**other, "sent_at": sent["sent_at"]}, one, two))
    assert one.theirs.request("POST", "/dm/webhook/", body, headers).status == 204
    assert len(project.calls()) == 4


def test_only_our_server_is_heard(both, project):
    one, two = both.accounts("one", "two")
    event = told({**one.theirs.send(two, "x"), "direction": None}, one, two)
    assert len(project.calls()) == 2
    client = one.theirs
    body, good = signed(signature, event)
    bad = {
        "no signature": {"webhook-signature": ""},
        "no scheme": {"webhook-signature": "x"},
        "no base64": {"webhook-signature": "v1,é"},
        "another body's": {"webhook-signature": signed(signature, {"type": "x"})[1]["webhook-signature"]},
        "another id's": {"webhook-id": "msg_other"},
        "another secret's": signed(signature, event, secret="whsec_" + "WFla" * 10)[1],
        "old": signed(signature, event, at=1_700_000_000)[1],
        "no time": {"webhook-timestamp": "soon"},
    }
    for name, headers in bad.items():
        sending = {key: value.encode().decode("latin-1") for key, value in {**good, **headers}.items()}
        assert client.request("POST", "/dm/webhook/", body, sending).status == 401, name
    assert client.request("GET", "/dm/webhook/").status == 405
    assert len(project.calls()) == 2
    for event in ({"type": "webhook.test", "data": {}}, {"type": "message.unheard.of", "data": {}}, {**event, "type": "message.unread"}, {**event, "data": {**event["data"], "origin": "django"}}):
        body, headers = signed(signature, event)
        assert client.request("POST", "/dm/webhook/", body, headers).status == 204
    assert len(project.calls()) == 2
    body, good = signed(signature, {**event, "data": {**event["data"], "origin": "service"}})
    assert client.request("POST", "/dm/webhook/", body, good).status == 204
    assert len(project.calls()) == 4


def test_attempts_at_the_same_time_call_receivers_once(both, project):
    one, two = both.accounts("one", "two")
    message = one.theirs.send(two, "x")
    body, headers = signed(signature, told(message, one, two))
    statuses = []

    def attempt():
        statuses.append(one.theirs.request("POST", "/dm/webhook/", body, headers).status)

    hold = project.here / "hold"
    hold.touch()
    first = threading.Thread(target=attempt)
    first.start()
    try:
        wait_calls(project, 3)
        attempt()
        assert statuses == [409]  # the server tries again later
    finally:
        hold.unlink()
        first.join()
    attempt()
    assert statuses == [409, 204, 204]
    assert [call.receiver for call in project.calls()] == ["first", "last", "holding", "first", "last"]


def test_a_claim_knows_what_ran_while_it_waited(project):
    """On SQLite the update that claims may wait for the file; another attempt may come and go meanwhile."""
    assert project.shell("""
from django.db.models.query import QuerySet
from directmessages_companion import deliveries
deliveries.claim("msg").release()
update = QuerySet.update
def late(self, **values):
    QuerySet.update = update
    other = deliveries.claim("msg")
    other.note("first")
    other.release()
    return update(self, **values)
QuerySet.update = late
result = sorted(deliveries.claim("msg").done)
""") == ["first"]


# ---- what is recorded

KINDS = "SELECT kind, message_id, sender_id, recipient_id, origin FROM directmessages_event WHERE kind > 0 ORDER BY id"

SAVES = """
from datetime import timedelta
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from directmessages.apps import Inbox
from directmessages.models import Message
from directmessages_companion.recording import record_hidden, record_read, record_sent, record_unread
one, two = User.objects.order_by("id")[:2]
"""


def test_what_is_recorded_and_what_is_not(project, database):
    (one, _), (two, _) = project.users("one", "two")
    result = project.shell(SAVES + """
made = [Message.objects.create(sender=one, recipient=two, content="0")]
try:
    with transaction.atomic():
        Message.objects.create(sender=one, recipient=two, content="rolled back")
        raise RuntimeError
except RuntimeError:
    pass
with transaction.atomic():
    try:
        with transaction.atomic():
            Message.objects.create(sender=one, recipient=two, content="rolled back to a savepoint")
            raise RuntimeError
    except RuntimeError:
        pass
    made.append(Inbox.send_message(two, one, "1")[0])
Inbox.delete_message(one, made[0].pk)
made[0].content = "changed"
made[0].save()
stale = Message.objects.get(pk=made[0].pk)
Inbox.mark_as_read(made[0])
made[0].save()
stale.read_at = made[0].read_at
stale.save()
with transaction.atomic():
    many = Message.objects.bulk_create([Message(sender=one, recipient=two, content=str(n)) for n in range(150)])
    record_sent(many)
with transaction.atomic():
    Message.objects.filter(pk=many[0].pk).update(read_at=timezone.now())
    record_read(Message.objects.filter(pk=many[0].pk))
    Message.objects.filter(pk=many[0].pk).update(read_at=None)
    record_unread(many[:1])
    Message.objects.filter(pk=many[0].pk).update(hidden_for_sender=timezone.now(), hidden_for_recipient=timezone.now())
    record_hidden(many[:1], one)
    record_hidden(many[:1], two)
stale.refresh_from_db()
stale.read_at = None
stale.hidden_for_recipient = stale.sent_at
stale.save()
stale.content = "unread already"
stale.save()
result = [[one.pk for one in made], [one.pk for one in many]]
""")
    (first, second), many = result
    rows = database.sql(KINDS)
    assert rows[:4] == [(1, first, one, two, 1), (1, second, two, one, 1), (5, first, one, two, 1), (2, first, one, two, 1)]
    assert rows[4:154] == [(1, number, one, two, 1) for number in many]
    assert rows[154:158] == [(kind, many[0], one, two, 1) for kind in (2, 4, 5, 6)]
    assert rows[158:] == [(4, first, one, two, 1), (6, first, one, two, 1)]
    late = "SELECT count(*) FROM directmessages_event WHERE kind > 2 AND at IN (SELECT at FROM directmessages_event WHERE kind = 1)"
    assert database.sql(late) == [(0,)], "a server from before these kinds takes none for a message that was sent"


def test_an_event_has_the_time_that_is_stored(tmp_path, database):
    """Whatever the attribute is: a time in the project's zone, a text, or what the database is to work out."""
    project = CompanionProject(tmp_path / "project", database, settings='TIME_ZONE = "Europe/Berlin"\n')
    project.migrate()
    project.users("one", "two")
    stored = project.shell(SAVES + """
from datetime import datetime
from django.db.models import Value
from django.db.models.functions import Now
from directmessages_companion.events import microseconds
result = []
for read_at in (datetime(2024, 7, 1, 12), "2024-07-01T12:00:00+02:00", Now(), timezone.now(), Value(None)):
    message = Message.objects.create(sender=one, recipient=two, content="x")
    message.read_at = read_at
    message.save()
    found = Message.objects.get(pk=message.pk)
    result.append([1, found.pk, microseconds(found.sent_at)])
    if found.read_at is not None:
        result.append([2, found.pk, microseconds(found.read_at)])
""")
    assert len(stored) == 9
    assert [stored[1][2], stored[3][2]] == [1719828000000000] * 2  # 10:00 UTC
    rows = database.sql("SELECT kind, message_id, at FROM directmessages_event WHERE kind > 0 ORDER BY id")
    assert [list(row) for row in rows] == stored


def test_a_row_and_its_event_are_one_transaction(project, database):
    """Also where Django has none open: the message is not stored if its event can't be."""
    project.users("one", "two")
    database.sql("ALTER TABLE directmessages_event RENAME COLUMN message_id TO elsewhere")
    said = project.shell(SAVES + """
try:
    Message.objects.create(sender=one, recipient=two, content="x")
    result = "stored"
except Exception as error:
    result = [type(error).__name__, Message.objects.count()]
""")
    assert said[1] == 0 and said[0] in ("OperationalError", "ProgrammingError")


def test_a_database_without_our_tables_is_none_of_its_business(tmp_path, database):
    """As the one in which a project runs its own tests."""
    project = CompanionProject(tmp_path / "project", database)
    project.manage("migrate")
    project.users("one", "two")
    assert project.shell(SAVES + "Inbox.send_message(one, two, 'x')\nresult = Message.objects.count()") == 1
    project.check_clean()


OPEN = """
import sys
from django.db import connection
with transaction.atomic():
    Inbox.send_message(one, two, "held back")
    print("open", flush=True)
    sys.stdin.readline()
result = None
"""


def test_a_transaction_of_djangos_that_stays_open_stops_nobody(both, project):
    """Our sends go on (on PostgreSQL; SQLite has one writer). When it ends, streams hear both exactly once, and the inbox
    shows its message although later ones were folded meanwhile."""
    if both.project.database.name == "sqlite":
        pytest.skip("SQLite has one writer")
    one, two, three = both.accounts("one", "two", "three")
    with Stream(two.ours) as stream, project.running(SAVES + OPEN) as held:
        assert held.stdout.readline() == "open\n"
        sent = [three.ours.send(two, str(number))["content"] for number in range(20)]
        later = three.theirs.send(two, "of another transaction")["content"]
        sent.append(later)
        wait_folded(both.server)
        before = rounds(both.server)
        assert partners(two.ours) == [three.id]
        held.stdin.write("\n")
        held.stdin.flush()
        heard = [event.data["content"] for event in stream.take(22)]
        assert sorted(heard) == sorted([*sent, "held back"])
        wait_until(lambda: partners(two.ours) == [three.id, one.id], "the inbox shows it")
        assert rounds(both.server) - before <= 3, "at the next fold, which comes every second"
        position = stream.last_id
        one.ours.send(two, "last")
        assert stream.next().data["content"] == "last"
    with Stream(two.ours, last_event_id=position) as again:
        assert again.next().data["content"] == "last"
    wait_state(both.server, "delivered", 23)
    contents = [call.content for call in project.calls() if call.receiver == "first"]
    assert sorted(contents) == sorted([*sent, "held back", "last"])


@pytest.mark.postgresql
def test_numbers_are_those_of_the_log(both, database):
    """After a restore they are counted from a base (decision 58): without it Django's events would lie behind the streams."""
    one, two = both.accounts("one", "two")
    both.server.stop()
    database.sql("UPDATE directmessages_event_log SET base = base + 1000000000 RETURNING 1")
    both.server.start()
    with Stream(two.ours) as stream:
        for who, word in ((one.ours, "ours"), (one.theirs, "theirs"), (one.ours, "ours again")):
            who.send(two, word)
            assert stream.next().data["content"] == word


@pytest.mark.sqlite
def test_django_and_we_write_one_file_at_the_same_time(both, project, database):
    """Django waits for the file as long as its timeout says; a transaction that reads first would fail at once."""
    one, two = both.accounts("one", "two")
    stopping = threading.Event()

    def send():
        while not stopping.is_set():
            assert one.ours.post(f"send/{two.id}/", {"content": "ours"}).status == 201

    thread = threading.Thread(target=send)
    thread.start()
    try:
        done = project.shell(SAVES + """
result = []
for number in range(60):
    message = Inbox.send_message(two, one, str(number))[0]
    Inbox.mark_as_read(message)
    result.append(message.pk)
""")
    finally:
        stopping.set()
        thread.join()
    assert len(done) == 60
    assert database.sql("SELECT kind, count(*) FROM directmessages_event WHERE origin = 1 GROUP BY kind ORDER BY kind") == [
        (1, 60),
        (2, 60),
    ]
