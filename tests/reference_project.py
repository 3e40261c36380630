# SPDX-License-Identifier: MIT
"""The reference: the Python that has it, and a Django project of it that gunicorn serves.

The Python is a virtual environment under build/, made once from a pinned list.

    python()    its interpreter; raises Unavailable, with the reason, where it is not there and can't be made
    why_not()   that reason, or None: for tests that are skipped then

DIRECTMESSAGES_DJANGO_PYTHON names another interpreter to be used instead.
"""

import contextlib
import functools
import os
import pathlib
import signal
import socket
import subprocess
import sys

import python_starter
from installed import ROOT, FromPyPI, Unavailable

ENVIRONMENT = FromPyPI("reference-python", ROOT / "tests" / "conformance" / "requirements.txt")
MODULES = "django, corsheaders, rest_framework, rest_framework.authtoken, directmessages, drf_spectacular, gunicorn, psycopg"


@functools.lru_cache(maxsize=None)
def python():
    """The interpreter; the first call in a clean tree takes as long as pip does, and others wait for it."""
    named = os.environ.get("DIRECTMESSAGES_DJANGO_PYTHON")
    return _usable(pathlib.Path(named)) if named else ENVIRONMENT.program("python")


@functools.lru_cache(maxsize=None)
def why_not():
    try:
        python()
    except Unavailable as reason:
        return str(reason)
    return None


def _usable(named):
    try:
        done = subprocess.run([named, "-c", f"import {MODULES}"], capture_output=True, text=True)
    except OSError as error:
        raise Unavailable(f"DIRECTMESSAGES_DJANGO_PYTHON: {error}") from None
    if done.returncode != 0:
        raise Unavailable(f"DIRECTMESSAGES_DJANGO_PYTHON: {done.stderr.strip().splitlines()[-1]}")
    return named


SETTINGS = """
SECRET_KEY = "x"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes",
    "rest_framework", "rest_framework.authtoken", "directmessages",
]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
DATABASES = {"default": %r}
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
DIRECTMESSAGES_ALLOWED_RECIPIENTS = %r
"""
URLS = """
from django.urls import include, path
urlpatterns = [path("api/dm/", include("directmessages.urls"))]
"""


def sqlite(path, **options):
    """A Django database in an SQLite file."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": {"timeout": 60, **options}}


def postgresql(port, name):
    """A Django database in a PostgreSQL on this machine."""
    engine = {"ENGINE": "django.db.backends.postgresql", "NAME": name, "USER": "postgres"}
    return {**engine, "HOST": "127.0.0.1", "PORT": str(port)}


class Project:
    """A Django project with the reference in `folder`; `database` is what Django's settings call one."""

    def __init__(self, folder, database, allowed_recipients=()):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        database = {"CONN_MAX_AGE": None, **database}
        (self.folder / "settings.py").write_text(SETTINGS % (database, list(allowed_recipients)))
        (self.folder / "urls.py").write_text(URLS)
        ours = ("DATABASE_URL", "DIRECTMESSAGES_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.env |= {
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def python(self, *words):
        """Runs the Python with this command line in the project's folder, as subprocess.run does with text."""
        return python_starter.of(python()).run(words, self.folder, self.env)

    def manage(self, *arguments):
        """Runs one of Django's commands, and returns what it printed."""
        done = self.python("-m", "django", *arguments)
        if done.returncode != 0:
            raise RuntimeError(f"django {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    @contextlib.contextmanager
    def serving(self, workers=1, port=0):
        """Has gunicorn serve it with so many synchronous workers; gives the port, which the system chooses if it is 0."""
        with socket.create_server(("127.0.0.1", port), backlog=2048) as listener, open(self.log, "ab") as log:
            words = ["-m", "gunicorn", "django.core.wsgi:get_wsgi_application()", "--workers", workers, "--preload"]
            words += ["--bind", f"fd://{python_starter.INHERITED}", "--no-control-socket", "--log-level", "warning"]
            process = python_starter.of(python()).start(words, self.folder, self.env, log, log, listener)
            try:
                port = listener.getsockname()[1]
                listener.close()  # so that a gunicorn that is gone refuses connections
                yield port
            finally:
                process.tell(signal.SIGTERM)
                process.wait()

    @property
    def log(self):
        """What gunicorn and Django had to say."""
        return self.folder / "gunicorn.log"


if __name__ == "__main__":
    ENVIRONMENT.failed.unlink(missing_ok=True)
    try:
        print(python())
    except Unavailable as refusal:
        sys.exit(f"skipped: {refusal}")
