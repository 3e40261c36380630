# SPDX-License-Identifier: MIT
"""A Django project with the reference app works on our database, and we on its, at the same time.

Needs a Python that has Django, djangorestframework and drf-directmessages, named by DIRECTMESSAGES_DJANGO_PYTHON.
"""

import json
import os
import subprocess

import pytest

from clients import User
from harness import environment, run_program, sqlite_url
from test_storage_schema import make_django, schema

PYTHON = os.environ.get("DIRECTMESSAGES_DJANGO_PYTHON")

SETTINGS = """
SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes",
    "rest_framework", "rest_framework.authtoken", "directmessages",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": %r, "OPTIONS": {"timeout": 60}}}
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("api/dm/", include("directmessages.urls"))]
"""
# Talks to the reference without a socket; prints the status and body of each request that it reads.
DRIVER = """
import json, sys
import django
django.setup()
from rest_framework.test import APIClient
for line in sys.stdin:
    token, method, path, body = json.loads(line)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token " + token)
    answer = getattr(client, method)(path, body, format="json")
    print(json.dumps([answer.status_code, json.loads(answer.content or b"null")]), flush=True)
"""


def why_not():
    if not PYTHON:
        return "DIRECTMESSAGES_DJANGO_PYTHON names no Python that has Django and drf-directmessages"
    found = subprocess.run(
        [PYTHON, "-c", "import django, rest_framework, directmessages"], capture_output=True, text=True
    )
    return found.stderr.strip().splitlines()[-1] if found.returncode != 0 else None


pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


class Project:
    """A Django project on one SQLite file."""

    def __init__(self, folder, database):
        self.folder, self.database = folder, database
        (folder / "settings.py").write_text(SETTINGS % str(database))
        (folder / "urls.py").write_text(URLS)
        self.env = environment(DJANGO_SETTINGS_MODULE="settings", PYTHONPATH=folder, PYTHONDONTWRITEBYTECODE=1)

    def manage(self, *arguments, stdin=None):
        return subprocess.run(
            [PYTHON, "-m", "django", *arguments],
            cwd=self.folder,
            env=self.env,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=120,
        )

    def done(self, *arguments, stdin=None):
        result = self.manage(*arguments, stdin=stdin)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def shell(self, script):
        """The value of `result` after the script."""
        text = f"import django, json\ndjango.setup()\n{script}\nprint(json.dumps(result, default=str))"
        done = subprocess.run(
            [PYTHON, "-c", text], cwd=self.folder, env=self.env, text=True, capture_output=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def ask(self, *requests):
        """What the reference answers to (user, method, path, body): a status and a body each."""
        lines = "".join(
            json.dumps([user.token, method, "/api/dm/" + path, body]) + "\n" for user, method, path, body in requests
        )
        done = subprocess.run(
            [PYTHON, "-c", DRIVER],
            cwd=self.folder,
            env=self.env,
            input=lines,
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder, tmp_path / "shared.db")


def check_clean(project):
    project.done("migrate", "--check")
    project.done("makemigrations", "--check", "--dry-run")
    project.done("check", "--fail-level", "WARNING", "--database", "default")


def check_both_work(project, make_server):
    """Each sees at once what the other has written."""
    server = make_server(database=project.database)
    one, two = server.users(2)
    one.send(two, "by us")
    ((sent, created),) = project.ask((two, "post", f"send/{one.id}/", {"content": "by them"}))
    assert sent == 201
    page = one.conversation(two)["results"]
    assert [message["content"] for message in page] == ["by them", "by us"]
    assert page[0]["id"] == created["id"] and page[0]["sent_at"] == created["sent_at"]
    unread, theirs, after = project.ask(
        (two, "get", "unread/", None), (two, "get", f"conversations/{one.id}/", None), (two, "get", "unread/", None)
    )
    assert unread == [200, {"id": two.id, "count": 1}] and after[1]["count"] == 0
    ours = two.conversation(one)["results"]
    assert theirs[1]["results"] == ours
    ((hidden, _),) = project.ask((one, "delete", f"messages/{created['id']}/", None))
    assert hidden == 204 and [message["content"] for message in one.conversation(two)["results"]] == ["by us"]
    assert one.delete(f"messages/{ours[-1]['id']}/").status == 204
    ((_, seen),) = project.ask((one, "get", f"conversations/{two.id}/", None))
    assert seen["results"] == []


def test_django_finds_nothing_to_complain_of_in_our_database(project):
    assert run_program("migrate", database=sqlite_url(project.database)).returncode == 0
    check_clean(project)
    assert "No migrations to apply" in project.done("migrate")
    assert run_program("migrate", "--check", database=sqlite_url(project.database)).returncode == 0


def test_both_work_on_our_database(project, make_server):
    assert run_program("migrate", database=sqlite_url(project.database)).returncode == 0
    check_both_work(project, make_server)
    check_clean(project)


def test_both_work_on_a_database_of_django(project, make_server):
    project.done("migrate")
    check_both_work(project, make_server)
    check_clean(project)
    assert "No migrations to apply" in project.done("migrate")


def test_fixture_is_what_this_django_makes(project, tmp_path):
    """The statements in data/django.sql, which the other tests compare with."""
    project.done("migrate")
    make_django(tmp_path / "fixture.db")
    assert schema(project.database) == schema(tmp_path / "fixture.db")


def test_django_knows_our_users_passwords_and_tokens(project):
    url = sqlite_url(project.database)
    assert run_program("migrate", database=url).returncode == 0
    assert (
        run_program(
            "user", "create", "john", "--password-stdin", "--email", "j@x.org", database=url, stdin="p\u00e4ss\n"
        ).returncode
        == 0
    )
    assert run_program("user", "create", "jane", database=url).returncode == 0
    key = run_program("token", "create", "john", database=url).stdout.strip()
    assert project.shell(
        "from django.contrib.auth import authenticate\n"
        "from django.contrib.auth.models import User\n"
        "from rest_framework.authtoken.models import Token\n"
        "john, jane = User.objects.get(username='john'), User.objects.get(username='jane')\n"
        "john.full_clean(); Token.objects.get(user=john).full_clean()\n"
        "result = [john.check_password('p\\u00e4ss'), john.check_password('pass'), jane.has_usable_password(),"
        " authenticate(username='john', password='p\\u00e4ss') == john, Token.objects.get(user=john).key, john.email,"
        " [str(john.date_joined.tzinfo), john.is_active, john.is_staff]]"
    ) == [True, False, False, True, key, "j@x.org", ["UTC", True, False]]


def test_tokens_of_django_open_our_doors(project, make_server):
    project.done("migrate")
    made = project.shell(
        "from django.contrib.auth.models import User\n"
        "from rest_framework.authtoken.models import Token\n"
        "users = [User.objects.create_user(name, password='x') for name in ('john', 'jane')]\n"
        "result = [[user.id, Token.objects.create(user=user).key] for user in users]"
    )
    server = make_server(database=project.database)
    john, jane = (User(server, key, identity, name) for (identity, key), name in zip(made, ("john", "jane")))
    john.send(jane)
    assert jane.unread() == 1
    assert server.run("token", "create", "john").stdout.strip() == john.token


def test_cursors_of_each_are_honoured_by_the_other(project, make_server):
    project.done("migrate")
    server = make_server(database=project.database)
    one, two = server.users(2)
    server.insert_messages(
        [(one, two, f"2025-01-01 00:{n // 60:02}:{n % 60:02}", "2025-01-01 12:00:00") for n in range(120)]
    )
    path = f"conversations/{two.id}/"
    ((_, theirs),) = project.ask((one, "get", path, None))
    ours = one.conversation(two)
    ours_by_their_link = one.page("/api/dm/" + path + "?" + theirs["next"].split("?")[1])
    ((_, theirs_by_our_link),) = project.ask((one, "get", path + "?" + ours["next"].split("?")[1], None))
    assert ours_by_their_link["results"] == theirs_by_our_link["results"]
    assert [message["id"] for message in ours_by_their_link["results"]] == list(range(70, 20, -1))


def test_django_may_make_its_table_anew_and_we_ask_for_migrate(project):
    """As for a migration of its own that alters a column: that loses our indexes, and `migrate` brings them back."""
    url = sqlite_url(project.database)
    assert run_program("migrate", database=url).returncode == 0
    project.shell(
        "from django.db import connection\n"
        "from directmessages.models import Message\n"
        "with connection.schema_editor() as editor: editor._remake_table(Message)\n"
        "result = None"
    )
    assert run_program("migrate", "--check", database=url).returncode == 1
    done = run_program("migrate", database=url)
    assert done.returncode == 0, done
    assert run_program("migrate", "--check", database=url).returncode == 0
    check_clean(project)
