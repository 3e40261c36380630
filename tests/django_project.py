# SPDX-License-Identifier: MIT
"""A Django project with the reference on the database of a test, beside our server on the same one."""

import atexit
import json
import pathlib
import shutil
import socket
import tempfile
import urllib.parse

import harness
import reference_project
from clients import User
from databases import PostgresDatabase, SqliteFile

ADMIN = """
INSTALLED_APPS += ["django.contrib.admin", "django.contrib.sessions", "django.contrib.messages"]
MIDDLEWARE += [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
ALLOWED_HOSTS = ["*"]
"""
ADMIN_URLS = """
from django.contrib import admin
urlpatterns.append(path("admin/", admin.site.urls))
"""


class Shared:
    """A database that a Django project and we use, and that is looked at behind their backs."""

    def sql(self, statement):
        """Runs one statement, and returns its rows."""
        with self.store.transaction() as connection:
            return [tuple(row) for row in connection.execute(statement).fetchall()]

    def free_users(self):
        """Takes the references to auth_user away, so that other tables can be made the users'."""

    def names(self, question):
        return {name for (name,) in self.sql(question)}

    def run(self, *arguments, **options):
        """Runs a command of ours on it."""
        return harness.run_program(*arguments, database=self.url, **options)

    @property
    def url(self):
        return self.store.url

    def close(self):
        self.store.close()


class SqliteDatabase(Shared):
    name = "sqlite"
    page_url = "sqlite:////srv/example/db.sqlite3"  # what docs/django.md calls it
    schema = "main"

    def __init__(self, folder):
        self.store = SqliteFile(pathlib.Path(folder) / "shared.db")
        self.django = reference_project.sqlite(self.store.path)

    def copy(self):
        """A copy that stays until the process ends, for `become`."""
        folder = tempfile.mkdtemp(prefix="directmessages-test-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return shutil.copy(self.store.path, folder)

    def become(self, copy):
        shutil.copy(copy, self.store.path)

    def tables(self):
        return self.names("SELECT name FROM sqlite_master WHERE type = 'table'")

    def indexes(self):
        return self.names("SELECT name FROM sqlite_master WHERE type = 'index'")


class PostgresqlDatabase(Shared):
    name = "postgresql"
    page_url = "postgresql://example@localhost/example"
    schema = "public"

    def __init__(self, folder):
        del folder
        self.store = PostgresDatabase()
        parts = urllib.parse.urlsplit(self.store.url)
        self.django = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "HOST": parts.hostname,
            "PORT": parts.port,
            "USER": parts.username,
        }

    def copy(self):
        return self.store.cluster.database(template=self.store.name)

    def become(self, copy):
        self.store.close()
        self.store.cluster.database(template=copy, name=self.store.name)

    def free_users(self):
        for table, key in self.sql(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint"
            " WHERE contype = 'f' AND confrelid = 'auth_user'::regclass"
        ):
            self.sql(f'ALTER TABLE {table} DROP CONSTRAINT "{key}"')

    def tables(self):
        return self.names("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")

    def indexes(self):
        return self.names("SELECT relname FROM pg_class WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace")


DATABASES = {database.name: database for database in (SqliteDatabase, PostgresqlDatabase)}


class DjangoProject(reference_project.Project):
    """A Django project whose settings and URLs may have more in them; `apps` are the models of further apps by name."""

    migrated = {}  # copies of databases: what `migrate` has made in this process

    def __init__(self, folder, database, settings="", urls="", apps=None):
        super().__init__(folder, database.django)
        self.database = database
        self.tables = (database.name, settings, str(apps))
        for file, more in (("settings.py", settings), ("urls.py", urls)):
            with open(self.folder / file, "a", encoding="utf-8") as text:
                text.write(more)
        for name, models in (apps or {}).items():
            (self.folder / name / "migrations").mkdir(parents=True)
            (self.folder / name / "migrations" / "__init__.py").touch()
            (self.folder / name / "__init__.py").touch()
            (self.folder / name / "models.py").write_text(models)
            with open(self.folder / "settings.py", "a", encoding="utf-8") as text:
                text.write(f"INSTALLED_APPS.append({name!r})\n")

    def migrate(self):
        """Has Django make its tables and us ours, or copies what they have made for another project of the same apps."""
        if self.tables in self.migrated:
            self.database.become(self.migrated[self.tables])
            return
        self.manage("migrate")
        done = self.database.run("migrate")
        assert done.returncode == 0, done
        self.migrated[self.tables] = self.database.copy()

    def shell(self, script):
        """What `result` is after the script."""
        text = f"import django, json\ndjango.setup()\n{script}\nprint(json.dumps(result, default=str))"
        done = self.python("-c", text)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def check_clean(self):
        """Django finds nothing to do and nothing to complain of."""
        said = self.shell(
            "import io, sys\n"
            "from django.core.management import call_command\n"
            "said = io.StringIO()\n"
            "call_command('migrate', '--check', stdout=said)\n"
            "call_command('makemigrations', '--check', '--dry-run', stdout=said)\n"
            "call_command('check', '--fail-level', 'WARNING', '--database', 'default', stdout=said)\n"
            "call_command('migrate', stdout=said)\n"
            "result = said.getvalue()"
        )
        assert "No changes detected" in said and "identified no issues" in said and "No migrations to apply" in said

    def users(self, *names):
        """Makes users with a token each, as Django makes them, with a password that costs no time; their ids and tokens."""
        return self.shell(
            "from django.contrib.auth import get_user_model\n"
            "from django.contrib.auth.hashers import PBKDF2PasswordHasher\n"
            "from rest_framework.authtoken.models import Token\n"
            "PBKDF2PasswordHasher.iterations = 1\n"
            f"users = [get_user_model().objects.create_user(name, password='x') for name in {names!r}]\n"
            "result = [[user.pk, Token.objects.create(user=user).key] for user in users]"
        )


class Served:
    """The reference as gunicorn serves it: what a client wants to know of a server."""

    def __init__(self, port, prefix="/api/dm/"):
        self.host, self.port, self.prefix = "127.0.0.1", port, prefix

    def path(self, path):
        return path if path.startswith("/") else self.prefix + path

    def connect(self):
        return socket.create_connection((self.host, self.port), timeout=harness.DEADLINE)


class Account:
    """One user as a client of either server."""

    def __init__(self, both, identity, token, name):
        self.id, self.token, self.name = identity, token, name
        self.ours = User(both.server, token, identity, name)
        self.theirs = User(both.served, token, identity, name)


class Both:
    """Our server and the reference at work on one database."""

    def __init__(self, project, server, served):
        self.project, self.server, self.served = project, server, served

    def accounts(self, *names):
        return [Account(self, *made, name) for made, name in zip(self.project.users(*names), names)]


def check_same(accounts, partners=True):
    """Both servers show each user the same; conversations come last, since reading them marks as read."""
    for account in accounts:
        for path in ("unread/", "conversations/unread/"):
            ours, theirs = account.ours.get(path), account.theirs.get(path)
            assert (ours.status, ours.json()) == (theirs.status, theirs.json()), path
    for account in accounts if partners else ():
        assert account.ours.partners()["results"] == account.theirs.partners()["results"]
    for first, second in ((a, b) for a in accounts for b in accounts if a is not b):
        ours = everything(first.ours, second)
        assert ours == everything(first.theirs, second)


def everything(user, partner):
    """All messages of a conversation, page by page."""
    results, path = [], f"conversations/{partner.id}/"
    while path:
        page = user.page(path)
        results += page["results"]
        path = page["next"] and "/" + page["next"].split("/", 3)[3]
    return results
