# SPDX-License-Identifier: MIT
"""docs/backend.md, carried out from its settings on: a backend creates users and signs JWTs, and its pages, of another
origin, send and read in Chromium. Its first step is taken by scripts/deb-test, which pastes the page in a bare Debian."""

import json
import os
import subprocess

import pytest

import browser
import harness
import reference_project
from metrics import Admin
from page import Page
from test_cors_browser import Visitor, site
from test_walk_through import documents

PATH = harness.ROOT / "docs" / "backend.md"
ORIGIN = "https://app.example.org"
WHY_NOT = reference_project.why_not()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


class Carried:
    """The page, once its settings are made and the server has read them; `block` has the server's addresses."""

    def __init__(self, make_server, folder, origin=ORIGIN):
        self.folder, self.file = folder, folder / "directmessages.conf"
        (folder / "bin").mkdir()
        for name, text in (("systemctl", ""), ("python3", f'exec {reference_project.python()} "$@"')):
            (folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / "bin" / name).chmod(0o755)
        self.file.touch(0o640)
        places = {"/etc/directmessages.conf": str(self.file), ORIGIN: origin, "LISTEN=127.0.0.1:8001": "LISTEN=127.0.0.1:0"}
        self.run(dict(Page(PATH, places).blocks)["sh set"])
        self.server = make_server(env={"DIRECTMESSAGES_CONFIG": self.file})
        places = {"/etc/directmessages.conf": str(self.file), "127.0.0.1:8000": self.server.netloc,
                  "127.0.0.1:8001": f"127.0.0.1:{Admin(self.server).port}"}
        self.block = dict(Page(PATH, places).blocks)
        (folder / "backend.py").write_text(self.block["python"])
        self.key = dict(line.split("=", 1) for line in self.file.read_text().splitlines())["DIRECTMESSAGES_ADMIN_KEY"]

    def run(self, *texts):
        """What the blocks print, pasted into one shell."""
        env = harness.environment(PATH=f"{self.folder}/bin:{harness.BUILD}:{os.environ['PATH']}", no_proxy="*")
        done = subprocess.run(["bash", "-ec", "\n".join(texts)], cwd=self.folder, env=env, capture_output=True, text=True,
                              timeout=harness.DEADLINE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def log_in(self):
        """The JWTs of Ann and Ben, whom the backend has told of."""
        printed = self.run(self.block["sh users"], "echo JWTS", self.block["sh sign"], 'printf "%s " "$ANN" "$BEN"')
        return printed.rpartition("JWTS\n")[2].split()


@pytest.fixture
def carried(make_server, tmp_path):
    return Carried(make_server, tmp_path)


def test_its_steps(carried):
    names = [name for name in carried.block if name.startswith("sh ") and name not in ("sh install", "sh set")]
    assert names == ["sh users", "sh sign", "sh send", "sh system", "sh end"]
    printed = carried.run(*(f"{carried.block[name]}echo" for name in names))
    ann, ben, sent, unread, page, system, welcome, ended = documents(printed)
    assert (ann["username"], ann["email"], ann["first_name"]) == ("ann@example.org", "ann@example.org", "Ann")
    assert (sent["content"], sent["recipient"], unread["count"]) == ("Hello, Ben!", ben["id"], 1)
    assert [message["content"] for message in page["results"]] == ["Hello, Ben!"]
    assert (welcome["sender"], welcome["content"], system["username"]) == (system["id"], "Welcome!", "system")
    assert ended == {**ben, "is_active": False}


@pytest.mark.sqlite
def test_each_login_again_changes_nothing(carried):
    carried.log_in()
    before = carried.server.admin("GET", "users/", key=carried.key).body
    carried.log_in()
    assert carried.server.admin("GET", "users/", key=carried.key).body == before


def test_its_pages_in_a_browser(make_server, tmp_path):
    if browser.PROGRAM is None:
        pytest.skip("needs chromium (Debian's package of that name)")
    with browser.Browser() as chromium, site() as origin, site() as stranger:
        carried = Carried(make_server, tmp_path, origin)
        server, (ann, ben) = carried.server, carried.log_in()
        users = server.admin("GET", "users/", key=carried.key).json()["results"]
        assert [user["username"] for user in users] == ["ann@example.org", "ben"]

        def in_page(where, token):
            script = f"(async () => {{ const token = {json.dumps(token)}; {carried.block['js']} return results; }})()"
            return Visitor(chromium, where).page.evaluate(script + ".catch(error => error.name)")

        (sent,) = in_page(origin, ann)
        assert (sent["content"], sent["direction"], sent["recipient"]) == ("Hello, Ben!", "out", users[1]["id"])
        visitor = Visitor(chromium, origin)
        headers = {"Authorization": f"Bearer {ben}"}
        status, body, _ = visitor.fetch(server.base + "conversations/@ann@example.org/", headers=headers)
        (read,) = json.loads(body)["results"]
        assert (status, read["content"], read["direction"]) == (200, "Hello, Ben!", "in")
        assert in_page(stranger, ann) == "TypeError"  # the page of another origin learns nothing, and has sent nothing
        assert server.sql("SELECT count(*) FROM directmessages_message") == [(1,)]
        carried.run(carried.block["sh users"], carried.block["sh end"])
        assert visitor.fetch(server.base + "unread/", headers=headers)[0] == 401
