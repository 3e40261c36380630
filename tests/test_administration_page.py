# SPDX-License-Identifier: MIT
"""docs/administration.md, carried out; and with it a backend that makes users and signs JWTs, whose pages, of another
origin, send and read in Chromium."""

import json
import os
import shlex
import subprocess

import pytest

import browser
import harness
import reference_project
from metrics import Admin
from page import Page
from test_authentication_page import run
from test_cors_browser import Visitor, site
from test_walk_through import documents

PATH = harness.ROOT / "docs" / "administration.md"


class Carried:
    """The page, once its server runs as it says: `block` is a block with this server's addresses in it."""

    def __init__(self, make_server, origin="https://app.example.org"):
        blocks = dict(Page(PATH, {"https://app.example.org": origin}).blocks)
        self.settings = run(blocks["sh key"])[1] | run(blocks["sh backend"])[1]
        program, command, *flags = shlex.split(blocks["sh serve"])
        assert (program, command) == ("directmessages", "serve") and "127.0.0.1:8000" in flags and "127.0.0.1:8001" in flags
        flags = [flag.replace("127.0.0.1:8001", "127.0.0.1:0") for flag in flags if flag not in ("--listen", "127.0.0.1:8000")]
        self.server = make_server(env=self.settings, flags=flags)
        admin = Admin(self.server)
        places = {"127.0.0.1:8000": self.server.netloc, "127.0.0.1:8001": f"127.0.0.1:{admin.port}"}
        self.block = dict(Page(PATH, places).blocks)


@pytest.fixture
def carried(make_server):
    return Carried(make_server)


def test_the_requests(carried):
    text = carried.block["sh requests"].replace("curl ", "curl --noproxy '*' ")
    made, changed, shown, token, page = documents(run(text, **carried.settings)[0])
    assert made == changed == shown
    assert (made["username"], made["email"], made["is_active"]) == ("jane", "jane@example.org", True)
    assert page == {"next": None, "previous": None, "results": [made]}
    headers = {"Authorization": f"Token {token['token']}"}
    assert carried.server.anonymous().get("unread/", headers).json()["id"] == made["id"]


def backend(carried):
    """The two JWTs that the page's backend gives."""
    if reason := reference_project.why_not():
        pytest.skip(reason)
    env = {**os.environ, **carried.settings, "no_proxy": "*"}
    command = [reference_project.python(), "-c", carried.block["python"]]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=harness.DEADLINE)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_backend_of_another_language_and_its_browsers(make_server):
    if browser.PROGRAM is None:
        pytest.skip("needs chromium (Debian's package of that name)")
    with browser.Browser() as chromium, site() as origin, site() as stranger:
        carried = Carried(make_server, origin)
        server, (ann, ben) = carried.server, backend(carried)
        users = server.admin("GET", "users/", key=carried.settings["DIRECTMESSAGES_ADMIN_KEY"]).json()["results"]
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
        key = carried.settings["DIRECTMESSAGES_ADMIN_KEY"]
        assert server.admin("PUT", "users/@ben/", {"is_active": False}, key=key).status == 200
        assert visitor.fetch(server.base + "unread/", headers=headers)[0] == 401


@pytest.mark.sqlite
def test_each_login_again_changes_nothing(carried):
    backend(carried)
    key = carried.settings["DIRECTMESSAGES_ADMIN_KEY"]
    before = carried.server.admin("GET", "users/", key=key).body
    backend(carried)
    assert carried.server.admin("GET", "users/", key=key).body == before
