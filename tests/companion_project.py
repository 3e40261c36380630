# SPDX-License-Identifier: MIT
"""A Django project that has the companion (contrib/django) installed as pip installs it, and receivers that write down
their calls.

Run as a program it gives the Python of a version of Django: `python3 tests/companion_project.py 4.2`.
"""

import collections
import contextlib
import functools
import json
import os
import secrets
import subprocess
import sys
import time

import reference_project
from django_project import DjangoProject
from installed import BASE, ROOT, FromPyPI, Installed, Unavailable

FOLDER = ROOT / "tests" / "companion"
NEEDED = FromPyPI("companion-python", FOLDER / "requirements.txt")
VERSIONS = {
    "4.2": FromPyPI("companion-python-4.2", FOLDER / "requirements-4.2.txt"),
    "5.2": reference_project.ENVIRONMENT,
    "6.0": FromPyPI("companion-python-6.0", FOLDER / "requirements-6.0.txt"),
}
LEAST_PYTHON = {"4.2": (3, 8), "5.2": (3, 10), "6.0": (3, 12)}

SECRET = "whsec_" + "QUJD" * 10
KEY = "a key of 32 bytes and some more for SimpleJWT"

SETTINGS = """
SECRET_KEY = %r
INSTALLED_APPS += ["django.contrib.sessions", "directmessages_companion"]
MIDDLEWARE += [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DIRECTMESSAGES_WEBHOOK_SECRET = %r
"""
URLS = """
from django.contrib.auth import authenticate, login
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.views.decorators.csrf import csrf_exempt
urlpatterns.append(path("dm/", include("directmessages_companion.urls")))

@csrf_exempt
def log_in(request):
    login(request, authenticate(username=request.POST["username"], password="x"))
    return HttpResponse(get_token(request))

urlpatterns.append(path("login/", log_in))
"""

# `first` runs before `last`; `fail` in the folder has a number: how many more calls of `first` raise. While there is a file
# `hold` it does not return.
RECEIVERS = """
import json, pathlib, time
from directmessages.signals import message_read, message_sent
from django.dispatch import receiver

HERE = pathlib.Path(__file__).parent

def note(name, signal, sender, from_user, to):
    kind = "sent" if signal is message_sent else "read"
    users = [from_user.username, to.username]
    line = json.dumps([name, kind, sender.content, users, sender.read_at is not None, sender.sender == from_user])
    with open(HERE / "calls", "a") as file:
        file.write(line + "\\n")

@receiver([message_sent, message_read])
def first(signal, sender, from_user, to, **kwargs):
    fail = HERE / "fail"
    left = int(fail.read_text()) if fail.exists() else 0
    end = time.monotonic() + 60
    if (HERE / "hold").exists():
        note("holding", signal, sender, from_user, to)
    while (HERE / "hold").exists() and time.monotonic() < end:
        time.sleep(0.01)
    note("first" if left == 0 else "failing", signal, sender, from_user, to)
    if left:
        fail.write_text(str(left - 1))
        raise RuntimeError("the mail server is away")

@receiver([message_sent, message_read])
def last(signal, sender, from_user, to, **kwargs):
    note("last", signal, sender, from_user, to)
"""

Call = collections.namedtuple("Call", "receiver signal content users was_read is_sender")


@functools.lru_cache(maxsize=None)
def why_not():
    return reference_project.why_not() or NEEDED.why_not()


class Package(Installed):
    """The companion as pip installs it."""

    SOURCE = ROOT / "contrib" / "django"

    def __init__(self):
        files = [path for path in self.SOURCE.rglob("*") if path.suffix in (".py", ".toml", ".md")]
        super().__init__("companion-package", *sorted(files))

    def runs_on(self):
        return NEEDED.runs_on()

    def install(self):
        options = ["--no-deps", "--no-build-isolation", "--no-input", "--quiet", "--disable-pip-version-check"]
        command = [NEEDED.program("python"), "-m", "pip", "install", *options, "--target", self.path, self.SOURCE]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


PACKAGE = Package()


class CompanionProject(DjangoProject):
    def __init__(self, folder, database, settings="", urls="", apps=None):
        more = SETTINGS % (KEY, SECRET) + settings
        super().__init__(folder, database, more, URLS + urls, apps={"site_receivers": RECEIVERS, **(apps or {})})
        (needed,) = (NEEDED.folder() / "lib").glob("python3*/site-packages")
        self.env["PYTHONPATH"] = os.pathsep.join([str(self.folder), str(PACKAGE.folder()), str(needed)])
        self.here = self.folder / "site_receivers"

    def calls(self):
        """What the receivers were called with."""
        file = self.here / "calls"
        return [Call(*json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []

    def let_first_fail(self, times):
        (self.here / "fail").write_text(str(times))

    def command(self, *arguments, status=0):
        """What a command of Django's has said on its two outputs."""
        done = self.python("-m", "django", *arguments)
        assert done.returncode == status, (done.stdout, done.stderr)
        return done.stdout, done.stderr

    @contextlib.contextmanager
    def running(self, script):
        """A process of Django's that runs the script; it ends with the block, which gives it a last line."""
        process = subprocess.Popen(
            [reference_project.python(), "-c", f"import django\ndjango.setup()\n{script}"],
            cwd=self.folder, env=self.env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        with process:
            try:
                yield process
            finally:
                process.stdin.close()
            assert process.wait(60) == 0


def signed(sign, event, secret=SECRET, name=None, at=None):
    """Body and headers of a delivery; `sign` is webhook_receiver.signature."""
    body = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": name or f"msg_{secrets.token_hex(12)}",
        "webhook-timestamp": str(int(time.time() if at is None else at)),
    }
    request = collections.namedtuple("Request", "headers body")(headers, body)
    return body, headers | {"webhook-signature": sign(secret, request)}


def interpreter(version):
    """The Python with this version of Django; raises Unavailable."""
    have = subprocess.run([BASE, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True)
    number = tuple(int(one) for one in have.stdout.split())
    if number < LEAST_PYTHON[version]:
        raise Unavailable("Django %s needs Python %d.%d; this is %d.%d" % (version, *LEAST_PYTHON[version], *number))
    return VERSIONS[version].program("python")


if __name__ == "__main__":
    try:
        print(interpreter(sys.argv[1]))
    except Unavailable as reason:
        sys.exit(f"skipped: {reason}")
