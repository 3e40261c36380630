# SPDX-License-Identifier: MIT
"""docs/operations.md, carried out: its nginx, its configuration file and commands, its lines of the log, and what Prometheus reads.

The steps under systemd need root and an init system; tests/test_operations_systemd.py holds the unit against systemd's programs.
"""

import json
import re
import signal

import pytest

import harness
import nginx
from metrics import Admin, scrape
from page import Page

PATH = harness.ROOT / "docs" / "operations.md"
MORE_THAN_A_PAGE = 120

def blocks(kind, places=None):
    return [text for found, text in Page(PATH, places or {}).blocks if found == kind]


@pytest.mark.skipif(nginx.PROGRAM is None, reason="needs nginx")
def test_a_proxy_passes_on_only_the_public_paths(make_server, tmp_path):
    server = make_server(env={"DIRECTMESSAGES_TRUST_FORWARDED": "1"})
    alice, bob = server.users(2)
    (lines,) = blocks("nginx", {"127.0.0.1:8000": server.netloc})
    proxy = nginx.Nginx(tmp_path / "nginx", 9)  # what is not the API's goes where nobody listens
    proxy.put_lines(lines)
    try:
        proxy.start()
        server.insert_messages((alice, bob, "2025-01-01 00:00:00", None, "x") for _ in range(MORE_THAN_A_PAGE))
        own = server.netloc
        server.host, server.port, server.netloc = "127.0.0.1", proxy.port, f"127.0.0.1:{proxy.port}"
        assert bob.unread() == MORE_THAN_A_PAGE
        assert f"127.0.0.1:{proxy.port}/" in bob.get(f"conversations/{alice.id}/").json()["next"]
        big = json.dumps({"content": "x", "more": "y" * 2_000_000}).encode()
        assert alice.request("POST", f"send/{bob.id}/", big, {"Content-Type": "application/json"}).status == 201
        for path in ("/metrics", "/livez", "/readyz"):
            assert server.anonymous().get(path).status == 502, path
        server.host, server.port, server.netloc = *own.rsplit(":", 1), own
        assert server.anonymous().get("/livez").status == 200
    finally:
        proxy.close()


@pytest.mark.sqlite
def test_its_configuration_file(tmp_path):
    """The file is checked as the page says, and the comment says what is printed."""
    place = tmp_path / "directmessages.conf"
    (text,) = blocks("ini")
    assert text.startswith("# /etc/directmessages.conf\n")
    place.write_text(text)
    (commands,) = [one for one in blocks("sh") if "serve --check" in one]
    check, serve = re.findall(r"^directmessages --config /etc/directmessages\.conf (.+?)(?: {2,}#.*)?$", commands, re.M)
    (said,) = re.findall(r'# "(.+?)", or what is wrong', commands)
    done = harness.run_program("--config", str(place), *check.split())
    assert (done.returncode, said in done.stdout + done.stderr) == (0, True), done
    assert serve == "serve"
    place.write_text(text + "DIRECTMESSAGES_CORS_ORIGINS=nonsense\n")
    assert harness.run_program("--config", str(place), *check.split()).returncode == 2


def shape(line):
    """A line of the log, its figures made alike; its members in their order."""
    return [(name, type(value)) for name, value in json.loads(line).items()]


def test_its_lines_of_the_log(make_server):
    told = blocks("json")[0].splitlines()
    (text,) = re.findall(r"^    (\S+Z access .+)$", PATH.read_text(), re.M)
    asked = {"X-Request-ID": "a-1", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    server = make_server(flags=["--log-format", "json"])
    server.user().get("unread/", asked)
    line = server.wait_log('"message":"access"')
    assert shape(line) == shape(told[0])
    same = ("message", "method", "path", "status", "bytes", "request_id", "trace_id")
    assert [json.loads(line)[name] for name in same] == [json.loads(told[0])[name] for name in same]
    plain = make_server()
    plain.user().get("unread/")
    line = plain.wait_log(" access ")
    assert re.findall(r" (\w+)=", line) == re.findall(r" (\w+)=", text)


def test_what_prometheus_is_told_to_read(make_server):
    (text,) = blocks("yaml")
    (target,) = re.findall(r'targets: \["(.+?)"\]', text)
    (named,) = re.findall(r"for `--admin-listen (\S+)`:\n\n```yaml", PATH.read_text())
    assert target == named
    server = make_server(flags=["--admin-listen", target.rsplit(":", 1)[0] + ":0"])
    assert scrape(Admin(server))["directmessages_store_up"] in (0, 1)


def test_a_reload_is_told(make_server, tmp_path):
    """`kill -HUP`, and what the page says to watch; a mistake is told in the words of the page."""
    place = tmp_path / "settings.conf"
    place.write_text("DIRECTMESSAGES_ALLOWED_RECIPIENTS=1\n")
    server = make_server(env={"DIRECTMESSAGES_CONFIG": str(place)})
    place.write_text("DIRECTMESSAGES_ALLOWED_RECIPIENTS=x\n")
    server.process.send_signal(signal.SIGHUP)
    (said,) = re.findall(r"`error (the settings are not reloaded, the old ones stay: )\.\.\.`", PATH.read_text())
    server.wait_log(re.escape(said))
    (watched,) = re.findall(r"Watch `(\w+)`", PATH.read_text())
    harness.wait_until(lambda: scrape(server)[watched] == 0, "the metric says so, too")
