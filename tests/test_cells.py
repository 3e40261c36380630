# SPDX-License-Identifier: MIT
"""docs/sizing.md: two cells behind one nginx, routed by host name."""

import http.client
import json
import os
import subprocess

import pytest

import nginx
from harness import DEADLINE, ROOT
from page import Page
from ports import free_port

pytestmark = pytest.mark.postgresql

HOSTS = ("chat.acme.example", "chat.globex.example")
PLACES = ("10.0.1.31:8000", "10.0.2.31:8000")
AROUND = "{user}\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}\n{page}\n}}\n"


@pytest.fixture
def front(make_server, tmp_path):
    """The front's port, and the two cells."""
    if nginx.PROGRAM is None:
        pytest.skip("nginx is not installed")
    cells = [make_server(), make_server()]
    port = free_port()
    text = Page(ROOT / "docs" / "sizing.md", {}).only("nginx").replace("443 ssl", f"127.0.0.1:{port}")
    text = "\n".join(line for line in text.splitlines() if "ssl_certificate" not in line)
    for place, cell in zip(PLACES, cells):
        assert place in text
        text = text.replace(place, f"127.0.0.1:{cell.port}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    (tmp_path / "nginx.conf").write_text(AROUND.format(user=user, folder=tmp_path, temporary=temporary, page=text))
    process = subprocess.Popen([nginx.PROGRAM, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-g", "daemon off;"])
    try:
        nginx.wait_for_port(port, process)
        yield port, cells
    finally:
        process.terminate()
        process.wait(DEADLINE)


def ask(port, host, method, path, user, body=None, accept="application/json"):
    """The response, whose connection is left to it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    headers = {"Host": host, "Authorization": f"Token {user.token}", "Accept": accept, "Content-Type": "application/json"}
    connection.request(method, f"/api/dm/{path}", body and json.dumps(body), headers)
    return connection.getresponse()


def test_each_host_name_leads_to_its_cell(front):
    port, cells = front
    people = [cell.users(2) for cell in cells]
    for host, (one, two), other in zip(HOSTS, people, reversed(HOSTS)):
        with ask(port, host, "GET", "events/", two, accept="text/event-stream") as stream:
            assert stream.status == 200
            with ask(port, host, "POST", f"send/{two.id}/", one, {"content": f"at {host}"}) as sent:
                assert sent.status == 201
            assert any(f"at {host}".encode() in line for line in iter(stream.readline, b""))
        with ask(port, other, "GET", "unread/", two) as refused:
            assert refused.status == 401
        with ask(port, "elsewhere.example", "GET", "unread/", two) as nowhere:
            assert nowhere.status == 404
    for host, cell in zip(HOSTS, cells):
        assert cell.sql("SELECT content FROM directmessages_message") == [(f"at {host}",)]


def test_links_name_the_host(front):
    port, cells = front
    one, two = cells[1].users(2)
    for number in range(2):
        one.send(two, f"{number}")
    with ask(port, HOSTS[1], "GET", f"conversations/{one.id}/?page_size=1", two) as page:
        assert json.load(page)["next"].startswith(f"http://{HOSTS[1]}/api/dm/conversations/{one.id}/?")
