# SPDX-License-Identifier: MIT
"""docs/installing.md: the service as people reach it, through nginx. `make deb-test` pastes its commands in a bare Debian, and
`make container-test` builds its image."""

import re

import pytest

import harness
import nginx
from metrics import Admin
from page import Page

PATH = harness.ROOT / "docs" / "installing.md"


@pytest.mark.sqlite
@pytest.mark.skipif(nginx.PROGRAM is None, reason="nginx is not installed (Debian: nginx-light)")
def test_on_the_network(make_server, tmp_path):
    network = dict(Page(PATH, {}).blocks)["sh network"]
    settings = dict(re.findall(r"^(DIRECTMESSAGES_\w+)=(.+)$", network, re.MULTILINE))
    assert settings["DIRECTMESSAGES_ADMIN_LISTEN"] in network.splitlines()[-1]
    server = make_server(env={**settings, "DIRECTMESSAGES_ADMIN_LISTEN": "127.0.0.1:0"})
    assert Admin(server).anonymous().get("/readyz").status == 200
    alice, bob = server.users(2)
    proxy = nginx.Nginx(tmp_path / "nginx", 9)  # what the lines do not name goes where nobody listens
    proxy.put_lines(dict(Page(PATH, {"http://127.0.0.1:8000;": f"http://{server.netloc};"}).blocks)["nginx"])
    try:
        proxy.start()
        server.insert_messages((alice, bob, "2025-01-01 00:00:00", None, "x") for _ in range(51))
        server.host, server.port, server.netloc = "127.0.0.1", proxy.port, f"127.0.0.1:{proxy.port}"
        assert f"127.0.0.1:{proxy.port}/" in bob.get(f"conversations/{alice.id}/").json()["next"]
        visitor = server.anonymous()
        assert "Messages" in visitor.get("/app/").text and visitor.get("/api/schema/").status == 200
        for path in ("/metrics", "/livez", "/readyz", "/"):
            assert visitor.get(path).status == 502, path
    finally:
        proxy.close()
