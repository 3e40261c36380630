# SPDX-License-Identifier: MIT
"""docs/administration.md, carried out."""

import shlex

import pytest

import harness
from metrics import Admin
from page import Page
from test_authentication_page import run
from test_walk_through import documents

PATH = harness.ROOT / "docs" / "administration.md"


@pytest.fixture
def carried(make_server):
    """The server that runs as the page says, its settings, and the block of requests with its address."""
    blocks = dict(Page(PATH, {}).blocks)
    settings = run(blocks["sh key"])[1]
    program, command, *flags = shlex.split(blocks["sh serve"])
    assert (program, command) == ("directmessages", "serve") and "127.0.0.1:8000" in flags and "127.0.0.1:8001" in flags
    flags = [flag.replace("127.0.0.1:8001", "127.0.0.1:0") for flag in flags if flag not in ("--listen", "127.0.0.1:8000")]
    server = make_server(env=settings, flags=flags)
    places = {"127.0.0.1:8001": f"127.0.0.1:{Admin(server).port}"}
    return server, settings, dict(Page(PATH, places).blocks)["sh requests"]


def test_the_requests(carried):
    server, settings, requests = carried
    text = requests.replace("curl ", "curl --noproxy '*' ")
    made, changed, shown, token, page = documents(run(text, **settings)[0])
    assert made == changed == shown
    assert (made["username"], made["email"], made["is_active"]) == ("jane", "jane@example.org", True)
    assert page == {"next": None, "previous": None, "results": [made]}
    headers = {"Authorization": f"Token {token['token']}"}
    assert server.anonymous().get("unread/", headers).json()["id"] == made["id"]
