# SPDX-License-Identifier: MIT
"""A project on SimpleJWT moves over as docs/django.md says, with the companion: its clients and receivers notice nothing."""

import contextlib
import http.client
import json
import re
import subprocess

import pytest

import companion_project
import harness
import nginx
import reference_project
from clients import Client
from companion_project import KEY, NEEDED, RECEIVERS, CompanionProject
from django_project import DjangoProject, Served
from jwts import bearer
from page import Page, Shell
from ports import free_ports
from test_companion_commands import in_a_shell, log_in
from test_django_page import MANAGE
from webhook_receiver import LOCAL

WHY_NOT = (None if nginx.PROGRAM else "nginx is not installed (Debian: nginx-light)") or companion_project.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

SETTINGS = f"""
SECRET_KEY = {KEY!r}
INSTALLED_APPS += ["django.contrib.sessions", "rest_framework_simplejwt"]
MIDDLEWARE += ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]
REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] = ["rest_framework_simplejwt.authentication.JWTAuthentication"]
"""
URLS = """
from rest_framework_simplejwt.views import token_obtain_pair
urlpatterns.append(path("api/token/", token_obtain_pair))
"""


class Site:
    """The project as its users have it, before it knows of us: gunicorn, always at one port, behind nginx."""

    calls = CompanionProject.calls

    def __init__(self, folder, database, stack):
        self.folder, self.stack = folder, stack
        self.project = DjangoProject(folder / "project", database, SETTINGS, URLS, apps={"site_receivers": RECEIVERS})
        (self.project.folder / "manage.py").write_text(MANAGE)
        self.project.manage("migrate")
        self.here = self.project.folder / "site_receivers"
        (self.port,) = free_ports(1)
        self.gunicorn = stack.enter_context(contextlib.ExitStack())
        self.start()
        self.nginx = nginx.Nginx(folder / "nginx", self.port)
        stack.callback(self.nginx.close)
        self.nginx.start()
        self.client = Client(Served(self.nginx.port))

    def start(self):
        self.gunicorn.enter_context(self.project.serving(2, self.port))

    def restart(self, **env):
        self.gunicorn.close()
        self.project.env.update(env)
        self.start()

    def log_in(self, name):
        """A user's access token, as a header."""
        body = json.dumps({"username": name, "password": "x"}).encode()
        answer = self.client.request("POST", "/api/token/", body, {"Content-Type": "application/json"})
        assert answer.status == 200, answer
        return bearer(answer.json()["access"])

    def send(self, headers, to, content):
        body = json.dumps({"content": content}).encode()
        answer = self.client.request("POST", f"send/{to}/", body, {**headers, "Content-Type": "application/json"})
        assert answer.status == 201, answer
        return answer

    def shell(self):
        """What the page's reader types into: `pip` installs into a folder that Django finds."""
        shims, libraries = self.folder / "bin", self.folder / "libraries"
        shims.mkdir()
        options = f"--no-deps --no-build-isolation -q --disable-pip-version-check --target {libraries}"
        for name, text in (
            ("pip", f'exec {NEEDED.program("python")} -m pip "$@" {options}'),
            ("python", f'exec {reference_project.python()} "$@"'),
        ):
            (shims / name).write_text(f"#!/bin/sh\n{text}\n")
            (shims / name).chmod(0o755)
        (needed,) = (NEEDED.folder() / "lib").glob("python3*/site-packages")
        self.project.env["PYTHONPATH"] += f":{libraries}:{needed}"
        own = {name: value for name, value in self.project.env.items() if name.startswith(("DJANGO", "PYTHON"))}
        env = {**own, **harness.PATIENCE, "PATH": f"{shims}:{harness.BUILD}:{self.project.env['PATH']}", "DATABASE_URL": self.project.database.url}
        shell = Shell(harness.ROOT, env, self.folder / "shell.log")
        self.stack.callback(shell.close)
        return shell

    def append(self, file, text):
        with open(self.project.folder / file, "a", encoding="utf-8") as end:
            end.write(text)


@pytest.fixture
def site(tmp_path, database):
    with contextlib.ExitStack() as stack:
        yield Site(tmp_path, database, stack)


def what(site, content):
    """The calls of receivers for a message, without which it was."""
    return [call._replace(content="") for call in site.calls() if call.content == content]


def next_event(answer):
    """The next event of a stream: its name and its data."""
    name = next(line for line in iter(answer.readline, b"") if line.startswith(b"event:"))
    data = next(line for line in iter(answer.readline, b"") if line.startswith(b"data:"))
    return name.split()[1].decode(), json.loads(data.removeprefix(b"data:"))


@pytest.mark.short_on("postgresql")
def test_a_project_on_simplejwt_moves_over(site, database, tmp_path):
    (_, _), (two, _) = site.project.users("one", "two")
    one_jwt, two_jwt = site.log_in("one"), site.log_in("two")
    before = site.send(one_jwt, two, "before")
    assert site.client.get("conversations/1/", two_jwt).json()["results"][0]["content"] == "before"
    tables = database.tables()
    (own,) = free_ports(1)
    page = Page(
        harness.ROOT / "docs" / "django.md",
        {"/srv/example": str(site.project.folder), "127.0.0.1:8000": f"127.0.0.1:{site.port}", "127.0.0.1:8001": f"127.0.0.1:{own}"},
    )
    shell = site.shell()

    def run(kind):
        return "".join([shell.run(text) for found, text in page.blocks if found == kind])

    assert "applied" in shell.run("directmessages migrate")
    secret = re.search(r"whsec_\S+", run("sh companion"))[0]
    shell.run(f"export DIRECTMESSAGES_WEBHOOK_SECRET={secret}")
    site.append("settings.py", page.only("python companion-settings"))
    site.append("urls.py", page.only("python companion-urls"))
    shell.run("unset DATABASE_URL")
    run("sh companion-start")
    site.restart(DIRECTMESSAGES_WEBHOOK_SECRET=secret)
    harness.wait_until(lambda: "listening on" in shell.told(), "the server listens")
    said = run("sh companion-check")
    assert {line.split()[0] for line in said.splitlines() if line} == {"ok"}, said
    with site.nginx.reloaded(page.only("nginx")):
        shell.run(f"{' '.join(site.nginx.command)} -s reload")

    # The clients have the tokens that they had.
    after = site.send(one_jwt, two, "after")
    assert after.headers["Cache-Control"] == "private, no-cache" and "Cache-Control" not in before.headers
    assert set(after.json()) == set(before.json())
    harness.wait_until(lambda: len(what(site, "after")) == 2, "receivers hear that it was sent")
    assert [row["content"] for row in site.client.get("conversations/1/", two_jwt).json()["results"]] == ["after", "before"]
    harness.wait_until(lambda: len(what(site, "after")) >= 4, "and that it was read")
    site.project.shell(
        "from django.contrib.auth.models import User\nfrom directmessages.apps import Inbox\n"
        "result = Inbox.send_message(*User.objects.order_by('id'), 'by Django')[0].pk"
    )
    connection = http.client.HTTPConnection("127.0.0.1", site.nginx.port, timeout=harness.DEADLINE)
    position = {"Last-Event-ID": "0"}  # from the beginning of the log: a reset, and what comes now
    connection.request("GET", "/api/dm/events/", headers={**two_jwt, **position})
    answer = connection.getresponse()
    site.project.shell(
        "from django.contrib.auth.models import User\nfrom directmessages.apps import Inbox\n"
        "result = Inbox.send_message(*User.objects.order_by('id'), 'heard on a stream')[0].pk"
    )
    heard = [next_event(answer)]
    while heard[-1][1].get("content") != "heard on a stream":
        heard.append(next_event(answer))
    connection.close()
    harness.wait_until(lambda: all_delivered(database), "the endpoint was told all")
    assert what(site, "after") == what(site, "before") and len(what(site, "before")) == 4
    assert [call.receiver for call in site.calls() if call.content == "by Django"] == ["first", "last"]

    # And back.
    with site.nginx.reloaded(""):
        shell.run(f"{' '.join(site.nginx.command)} -s reload")
    assert "Cache-Control" not in site.send(one_jwt, two, "back").headers
    run("sh companion-back")
    settings = (site.project.folder / "settings.py").read_text()
    urls = (site.project.folder / "urls.py").read_text()
    (site.project.folder / "settings.py").write_text(settings.replace(page.only("python companion-settings"), ""))
    (site.project.folder / "urls.py").write_text(urls.replace(page.only("python companion-urls"), ""))
    site.restart()
    shell.run("kill %1")
    harness.wait_until(lambda: "stopped" in shell.told(), "the server stops")
    (site.project.folder / "roll-back.sql").write_text(page.only("sql"))
    shell.run("python manage.py dbshell < roll-back.sql")
    assert database.tables() == tables
    site.send(one_jwt, two, "without us")
    site.project.check_clean()


def all_delivered(database):
    return not database.sql("SELECT 1 FROM directmessages_delivery WHERE state = 0") and database.sql(
        "SELECT 1 FROM directmessages_delivery WHERE state = 1 AND origin = 1"
    )


SESSIONS = """
REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"] = ["rest_framework.authentication.SessionAuthentication"]
"""


@pytest.mark.short_on("sqlite")
def test_a_project_on_sessions_moves_over(tmp_path, database, make_server):
    """Browsers keep their session; nginx asks the companion's view whose it is, by the lines of docs/authentication.md."""
    project = CompanionProject(tmp_path / "project", database, SESSIONS)
    project.migrate()
    (one, _), (two, _) = project.users("one", "two")
    path = tmp_path / "socket"
    blocks = Page(harness.ROOT / "docs" / "authentication.md", {"/run/directmessages/socket": str(path)}).blocks
    (lines,) = [text for kind, text in blocks if kind == "nginx session"]
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(project.serving(2))
        front = nginx.Nginx(tmp_path / "nginx", port)
        stack.callback(front.close)
        front.start()
        client = Client(Served(front.port))
        cookies, csrf = log_in(client, "one")
        browser = {**cookies, "X-CSRFToken": csrf, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
        before = client.request("POST", f"send/{two}/", b'{"content":"before"}', browser)
        env = in_a_shell(project.command("dm_settings")[0])
        env |= {**LOCAL, "DIRECTMESSAGES_TRUST_USER_HEADER": "X-User-Id", "DIRECTMESSAGES_TRUST_FORWARDED": 1}
        make_server(listen=f"unix:{path}", env=env, database=database.store)
        url = f"http://127.0.0.1:{port}/dm/webhook/"
        assert database.run("webhook", "create", url, "--secret", companion_project.SECRET).returncode == 0
        with front.reloaded(lines.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{port}/dm/auth/")):
            subprocess.run([*front.command, "-s", "reload"], check=True, capture_output=True)
        after = client.request("POST", f"send/{two}/", b'{"content":"after"}', browser)
        assert (before.status, after.status) == (201, 201), after
        assert "Cache-Control" not in before.headers and after.headers["Cache-Control"] == "private, no-cache"
        assert set(after.json()) == set(before.json()) and after.json()["sender"] == one
        assert client.get("unread/", {"X-User-Id": str(two)}).status == 401  # nginx says who it is
        harness.wait_until(lambda: len(project.calls()) >= 4, "receivers hear of both")
        calls = [(call.receiver, call.signal, call.content) for call in project.calls()]
        assert sorted(calls) == sorted((name, "sent", word) for name in ("first", "last") for word in ("before", "after"))
