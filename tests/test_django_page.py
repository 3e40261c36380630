# SPDX-License-Identifier: MIT
"""docs/django.md, done step by step: real nginx before a project that gunicorn serves, and our server routed in and out."""

import contextlib
import http.client
import json
import os
import re
import threading

import pytest

import harness
import nginx
import reference_project
from clients import User
from django_project import ADMIN, ADMIN_URLS, DjangoProject, Served, everything
from page import Page, Shell
from ports import free_ports

NO_NGINX = None if nginx.PROGRAM else "nginx is not installed (Debian: nginx-light)"
WHY_NOT = NO_NGINX or reference_project.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

MANAGE = "import os, sys\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n"


class Site:
    """The project as its users have it: gunicorn behind nginx."""

    def __init__(self, folder, database, stack):
        self.project = DjangoProject(folder / "project", database, ADMIN, ADMIN_URLS)
        (self.project.folder / "manage.py").write_text(MANAGE)
        self.project.manage("migrate")
        self.serving = stack.enter_context(contextlib.ExitStack())
        self.nginx = nginx.Nginx(folder / "nginx", self.serving.enter_context(self.project.serving(2)))
        stack.callback(self.nginx.close)
        self.nginx.start()
        self.served = Served(self.nginx.port)

    def user(self, name):
        ((identity, token),) = self.project.users(name)
        return User(self.served, token, identity, name)


def commands(folder, site):
    """The commands that the page's reader has; `sudo` needs no password here, and `nginx` is the test's."""
    shims = folder / "bin"
    shims.mkdir()
    for name, text in (
        ("sudo", 'exec "$@"'),
        ("nginx", " ".join(site.nginx.command) + ' "$@"'),
        ("python", f'exec {reference_project.python()} "$@"'),
    ):
        (shims / name).write_text(f"#!/bin/sh\n{text}\n")
        (shims / name).chmod(0o755)
    return {
        **{name: value for name, value in site.project.env.items() if name.startswith(("DJANGO", "PYTHON"))},
        **harness.PATIENCE,
        "PATH": f"{shims}:{folder}/usr/local/bin:{os.environ['PATH']}",
        "DESTDIR": folder,
        "BUILD": harness.BUILD,
        "CURL_CA_BUNDLE": site.nginx.certificate,
    }


def is_ours(user):
    """Whether an answer comes from our server: the reference says nothing of caches."""
    answer = user.get("unread/")
    assert answer.status == 200, answer
    return answer.headers.get("Cache-Control") == "private, no-cache"


class Traffic(threading.Thread):
    """A client that keeps sending and reading while the site is changed."""

    def __init__(self, user, partner):
        super().__init__()
        self.user, self.partner, self.stopping = user, partner, threading.Event()
        self.statuses, self.sent = set(), []

    def run(self):
        while not self.stopping.is_set():
            answer = self.user.post(f"send/{self.partner.id}/", {"content": f"traffic {len(self.sent)}"})
            if answer.status == 201:
                self.sent.append(answer.json()["id"])
            self.statuses |= {answer.status, self.partner.get("unread/").status}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()


@pytest.fixture
def site(tmp_path, database):
    with contextlib.ExitStack() as stack:
        yield Site(tmp_path, database, stack)


@pytest.fixture
def page(site, database, tmp_path):
    (port,) = free_ports(1)
    return Page(
        harness.ROOT / "docs" / "django.md",
        {
            database.page_url: database.url,
            "/srv/example": str(site.project.folder),
            "127.0.0.1:8001": f"127.0.0.1:{port}",
            "https://example.org": f"https://localhost:{site.nginx.tls_port}",
        },
    )


@pytest.fixture
def shell(site, tmp_path):
    shell = Shell(harness.ROOT, commands(tmp_path, site), tmp_path / "shell.log")
    yield shell
    shell.close()


def test_the_five_steps(site, page, shell, database):
    john, jane = site.user("john"), site.user("jane")
    for number in range(60):
        john.send(jane, f"before {number}")
    tables, indexes = database.tables(), database.indexes()
    before, install, migrate, start, route, ask, back, stop, remove, *leave_wal = steps(page, database)
    shell.run(before)
    shell.run(install)
    with Traffic(site.user("ann"), site.user("ben")) as traffic:
        assert "applied" in shell.run(migrate)
        shell.run(start)
        harness.wait_until(lambda: "listening on" in shell.told(), "the server listens")
        assert not is_ours(jane)
        with site.nginx.reloaded(page.only("nginx")):
            shell.run(route)
        assert is_ours(jane)
        check_routed(site, john, jane)
        assert f'{{"id":{john.id},"count":0}}' in shell.run(ask)
        assert "access method=GET path=/api/dm/unread/ status=200" in harness.wait_until(
            lambda: f"user={john.id}" in shell.told() and shell.told(), "the server writes of it"
        )
        cursor = "/" + jane.conversation(john)["next"].split("/", 3)[3]
        with site.nginx.reloaded(""):
            shell.run(back)
        assert not is_ours(jane)
        shell.run(stop)
        assert len(jane.page(cursor)["results"]) == 13
    harness.wait_until(lambda: "stopped" in shell.told(), "the server stops")
    assert traffic.statuses == {200, 201} and len(traffic.sent) > 10
    stored = database.sql(f"SELECT id FROM directmessages_message WHERE sender_id = {traffic.user.id}")
    assert sorted(traffic.sent) == sorted(identity for (identity,) in stored)
    assert len(everything(john, jane)) == 62
    (site.project.folder / "roll-back.sql").write_text(page.only("sql"))
    shell.run(f"cd {site.project.folder}")
    assert "ERROR" not in shell.run(remove)
    assert (database.tables(), database.indexes()) == (tables, indexes)
    site.project.check_clean()
    site.serving.close()
    for text in leave_wal:
        assert shell.run(text).strip() == "delete"
        assert database.sql("PRAGMA journal_mode") == [("delete",)]
    assert len(leave_wal) == (database.name == "sqlite")


def steps(page, database):
    """The page's commands, one text each for what belongs together."""
    texts = [text for kind, text in page.blocks if kind in ("sh", f"sh {database.name}")]
    before, install, url, migrate, *rest = texts
    return before, f"cd {harness.ROOT}\n{install}", url + migrate, *rest


def check_routed(site, john, jane):
    """The API is ours, with links that lead through nginx; all else is Django's."""
    sent = john.send(jane, "through nginx")
    assert john.post(f"send/{jane.id}/", b"content=form", "application/x-www-form-urlencoded").status == 201
    page = jane.conversation(john)
    assert sent["id"] in [message["id"] for message in page["results"]]
    assert page["next"].startswith(f"http://127.0.0.1:{site.nginx.port}/api/dm/conversations/{john.id}/?cursor=")
    assert len(everything(john, jane)) == 62
    link = jane.get(f"conversations/{john.id}/", {"Host": "dm.example:8443"}).json()["next"]
    assert link.startswith("http://dm.example:8443/api/dm/")
    check_stream(site, john, jane)
    around = len(b'{"content": ""}')
    large = john.post(f"send/{jane.id}/", {"content": "x" * (2_621_440 - around)})
    assert large.status == 201 and john.delete(f"messages/{large.json()['id']}/").status == 204
    assert john.post(f"send/{jane.id}/", {"content": "x" * (2_621_441 - around)}).status == 413
    admin = john.get("/admin/login/")
    assert admin.status == 200 and "Django" in admin.text
    assert john.get("/api/dmx/").status == 404


def check_stream(site, john, jane):
    """An event comes through nginx at once, while the stream stays open."""
    connection = http.client.HTTPConnection("127.0.0.1", site.nginx.port, timeout=harness.DEADLINE)
    connection.request("GET", "/api/dm/events/", headers={"Authorization": f"Token {jane.token}"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    sent = john.send(jane, "to be heard of")
    line = next(line for line in iter(answer.readline, b"") if line.startswith(b"data:"))
    assert json.loads(line.removeprefix(b"data:"))["id"] == sent["id"]
    connection.close()
    assert jane.delete(f"messages/{sent['id']}/").status == john.delete(f"messages/{sent['id']}/").status == 204


@pytest.mark.short_on("sqlite")
def test_links_are_https_where_the_client_came_by_https(site, page, shell, database):
    john, jane = site.user("john"), site.user("jane")
    _, install, migrate, start, *_ = steps(page, database)
    for text in (install, migrate, start):
        shell.run(text)
    harness.wait_until(lambda: "listening on" in shell.told(), "the server listens")
    with site.nginx.reloaded(page.only("nginx")):
        shell.run("sudo nginx -s reload")
    for number in range(51):
        john.send(jane, str(number))
    base = f"https://localhost:{site.nginx.tls_port}/api/dm/conversations/{jane.id}/"
    first = shell.run(f"curl -sS -H 'Authorization: Token {john.token}' {base}")
    (link,) = re.findall(r'"next":"([^"]+)"', first)
    assert link.startswith(base + "?cursor=")
    second = shell.run(f"curl -sS -H 'Authorization: Token {john.token}' '{link}'")
    assert '"content":"0"' in second and f'"previous":"{base}' in second
