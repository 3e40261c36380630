# SPDX-License-Identifier: MIT
"""A Django project and we on one schema: made by either, found in order by both, undone and made again."""

import re

import pytest

import harness
import reference_project
from clients import User
from django_project import ADMIN, ADMIN_URLS, DATABASES, DjangoProject
from commands import check_error
from test_storage_schema import make_django, schema

pytestmark = [
    pytest.mark.skipif(reference_project.why_not() is not None, reason=str(reference_project.why_not())),
    pytest.mark.usefixtures("database"),
]

COMPATIBILITY = (harness.ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
INDEXES = {
    "directmessages_received", "directmessages_received_hidden", "directmessages_sent", "directmessages_sent_hidden",
    "directmessages_unread",
}


def ours_finds_nothing_due(database):
    return database.run("migrate", "--check").returncode == 0


def migrate(database):
    done = database.run("migrate")
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def check_both_work(project, database, make_both):
    both = make_both(project)
    one, two = both.accounts("one", "two")
    one.ours.send(two, "by us")
    two.theirs.send(one, "by them")
    for user, partner in ((one, two), (two, one)):
        pages = [client.conversation(partner)["results"] for client in (user.ours, user.theirs)]
        assert pages[0] == pages[1]
        assert [message["content"] for message in pages[0]] == ["by them", "by us"]
    project.check_clean()


@pytest.fixture
def project(tmp_path, database):
    return DjangoProject(tmp_path / "project", database)


def test_both_work_on_a_schema_of_ours(project, database, make_both):
    migrate(database)
    project.check_clean()
    check_both_work(project, database, make_both)
    assert ours_finds_nothing_due(database)


def test_both_work_on_a_schema_of_django(project, database, make_both):
    project.manage("migrate")
    before = database.tables()
    assert "applied" in migrate(database)
    assert all(name.startswith("directmessages_") for name in database.tables() - before)
    project.check_clean()
    check_both_work(project, database, make_both)
    assert ours_finds_nothing_due(database)


@pytest.mark.parametrize("flags", [(), ("--fake-initial",)], ids=["plain", "fake-initial"])
def test_a_project_adopts_a_database_of_ours(tmp_path, database, make_both, flags):
    """With more apps than the tables are of: Django makes what is missing, and leaves the rest."""
    migrate(database)
    assert database.run("user", "create", "john").returncode == 0
    project = DjangoProject(tmp_path / "project", database, ADMIN, ADMIN_URLS)
    applied = project.manage("migrate", *flags)
    assert "admin.0001_initial" in applied and "sessions.0001_initial" in applied
    assert "auth.0001" not in applied and "directmessages.0001" not in applied
    assert database.sql("SELECT username FROM auth_user") == [("john",)]
    assert project.shell("from django.contrib.auth.models import Permission\nresult = Permission.objects.count()") > 0
    assert ours_finds_nothing_due(database)
    check_both_work(project, database, make_both)


@pytest.mark.sqlite
def test_fixture_is_what_this_django_makes(project, database, tmp_path):
    """The statements in data/django.sql, which the other tests compare with."""
    project.manage("migrate")
    make_django(tmp_path / "fixture.db")
    assert schema(database.store.path) == schema(tmp_path / "fixture.db")


def test_migrate_wants_all_migrations_of_the_app(project, database):
    project.manage("migrate", "directmessages", "0002")
    before = database.tables(), database.indexes()
    refused = database.run("migrate")
    check_error(refused, 1)
    assert "manage.py migrate" in refused.stderr
    assert (database.tables(), database.indexes()) == before


@pytest.mark.parametrize("target", ["0002", "0001", "zero"])
def test_migrations_of_the_app_are_undone_and_made_again(project, database, target):
    """As docs/compatibility.md says: on SQLite our indexes are dropped first; then `migrate` makes them anew."""
    project.manage("migrate")
    migrate(database)
    if database.name == "sqlite":
        with pytest.raises(RuntimeError, match="directmessages_(sent|received|unread)"):
            project.manage("migrate", "directmessages", target)
        for statement in re.findall(r"^ +(DROP INDEX \w+);$", COMPATIBILITY, re.MULTILINE):
            database.sql(statement)
    project.manage("migrate", "directmessages", target)
    due = database.run("migrate", "--check")
    check_error(due, 1)
    project.manage("migrate")
    check_error(database.run("message", "list"), 1)
    assert "indexes" in migrate(database)
    assert INDEXES <= database.indexes()
    project.check_clean()
    assert database.run("message", "list").returncode == 0


CATALOGUE = {
    "columns": "SELECT attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull, attidentity::text,"
    " attcollation::regcollation::text, pg_get_expr(adbin, adrelid) FROM pg_attribute"
    " LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum"
    " WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r')"
    " AND attnum > 0 AND NOT attisdropped",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "sequences": "SELECT c.relname, s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqmin FROM pg_sequence s"
    " JOIN pg_class c ON c.oid = s.seqrelid",
}


def catalogue(database):
    """All that Django could see of the schema, without the tables that are ours alone."""
    return {
        kind: {row for row in database.sql(question) if not re.match(r"directmessages_(?!message)", row[0])}
        for kind, question in CATALOGUE.items()
    }


@pytest.mark.postgresql
def test_our_schema_is_that_of_django(project, database, tmp_path):
    """Column by column, with the names of constraints and indexes, which later migrations of Django look for."""
    project.manage("migrate")
    theirs = catalogue(database)
    ours = DATABASES[database.name](tmp_path)
    try:
        migrate(ours)
        found = catalogue(ours)
    finally:
        ours.close()
    more = {kind: {row[:2] for row in found[kind] - theirs[kind]} for kind in CATALOGUE}
    assert more == {
        "columns": set(),
        "constraints": {("directmessages_message", "directmessages_not_to_self")},
        "indexes": {("directmessages_message", name) for name in INDEXES},
        "sequences": set(),
    }
    assert all(theirs[kind] <= found[kind] for kind in CATALOGUE)


@pytest.mark.sqlite
def test_django_may_make_its_table_anew_and_we_ask_for_migrate(project, database):
    """As for a migration of its own that alters a column: that loses our indexes, and `migrate` brings them back."""
    migrate(database)
    project.shell(
        "from django.db import connection\n"
        "from directmessages.models import Message\n"
        "with connection.schema_editor() as editor: editor._remake_table(Message)\n"
        "result = None"
    )
    assert not ours_finds_nothing_due(database)
    migrate(database)
    assert ours_finds_nothing_due(database)
    project.check_clean()


def test_rows_of_ours_are_rows_to_django(tmp_path, database, make_server):
    """The ORM reads and writes them, the admin shows them, and Django takes a user with all that hangs on it."""
    project = DjangoProject(tmp_path / "project", database, ADMIN, ADMIN_URLS)
    project.manage("migrate")
    migrate(database)
    server = make_server(database=database.store)
    for name in ("john", "jane"):
        assert server.run("user", "create", name, "--email", f"{name}@x.org").returncode == 0
        assert server.run("token", "create", name).returncode == 0
    done = project.shell(
        "import datetime\n"
        "from django.contrib.auth.models import User\n"
        "from rest_framework.authtoken.models import Token\n"
        "john, jane = User.objects.order_by('id')\n"
        "result = [john.id, jane.id, john.auth_token.key, jane.auth_token.key]\n"
        "for row in (john, jane, john.auth_token, jane.auth_token): row.full_clean()\n"
        "assert john.date_joined.utcoffset() == john.auth_token.created.utcoffset() == datetime.timedelta(0)\n"
    )
    john, jane = (User(server, key, identity, name) for identity, key, name in zip(done[:2], done[2:], ("john", "jane")))
    sent = [john.send(jane, content) for content in ("plain", "\u00e9\U0001f600\n", " ")]
    jane.conversation(john)
    assert jane.delete(f"messages/{sent[0]['id']}/").status == 204
    assert project.shell(ORM % {"first": sent[0]["id"]}) == {
        "contents": ["plain", "\u00e9\U0001f600\n", " "],
        "aware": True,
        "sent_at": [message["sent_at"] for message in sent],
        "edited": "edited by Django",
        "pages": [200] * 8,
    }
    assert [message["content"] for message in jane.conversation(john)["results"]] == [" ", "edited by Django"]
    project.shell("from django.contrib.auth.models import User\nresult = User.objects.get(username='john').delete()")
    assert jane.get(f"conversations/{john.id}/").status == 404
    assert jane.partners()["results"] == [] and john.get("unread/").status == 401
    assert database.sql("SELECT count(*) FROM directmessages_message") == [(0,)]


ORM = """
from django.contrib.auth.models import User
from django.test import Client
from directmessages.models import Message
from rest_framework.authtoken.models import TokenProxy
messages = list(Message.objects.order_by("id"))
times = [time for one in messages for time in (one.sent_at, one.read_at, one.hidden_for_recipient) if time]
for one in messages: one.full_clean()
root = User.objects.create_superuser("root", password="x")
browser = Client()
browser.force_login(root)
paths = ["", "auth/user/", "directmessages/message/", "authtoken/tokenproxy/"]
paths += ["auth/user/%%d/change/" %% messages[0].sender_id, "directmessages/message/%(first)d/change/"]
paths += ["directmessages/message/?q=", "authtoken/tokenproxy/%%s/change/" %% TokenProxy.objects.first().pk]
pages = [browser.get("/admin/" + path).status_code for path in paths]
second = messages[1]
second.content = "edited by Django"
second.save()
second.refresh_from_db()
result = {
    "contents": [one.content if one.pk != second.pk else "\\u00e9\\U0001f600\\n" for one in messages],
    "aware": all(time.utcoffset() is not None for time in times) and len(times) == 7,
    "sent_at": [one.sent_at.isoformat().replace("+00:00", "Z") for one in messages],
    "edited": second.content,
    "pages": pages,
}
"""
