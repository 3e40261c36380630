# SPDX-License-Identifier: MIT
"""Lines of the log as JSON objects, and what a client calls its requests: X-Request-ID and traceparent."""

import datetime
import json
import re
import signal
import socket

import pytest

from commands import serve_briefly
from harness import run_program, sqlite_url, wait_until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


def parse(line):
    """A line's object; a name that is there twice, or what only Python takes for JSON, is an error."""

    def check(pairs):
        assert len(dict(pairs)) == len(pairs), line
        return dict(pairs)

    def refuse(constant):
        raise AssertionError(constant)

    parsed = json.loads(line, object_pairs_hook=check, parse_constant=refuse)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", parsed["time"])
    assert datetime.datetime.fromisoformat(parsed["time"])
    assert parsed["level"] in ("debug", "info", "warning", "error")
    assert isinstance(parsed["message"], str)
    return parsed


def last_access(server, path):
    """The access line of the path, once it is there."""

    def find():
        lines = [line for line in server.log if '"access"' in line and path in line]
        return lines and parse(lines[-1])

    return wait_until(find, "the line is there")


@pytest.fixture
def json_server(make_server):
    return make_server(flags=["--log-format", "json"])


# ---- JSON


@pytest.mark.sqlite
def test_an_access_line(json_server):
    user = json_server.user()
    body = user.get("unread/?secret=1").body
    line = last_access(json_server, "/unread/")
    assert list(line) == ["time", "level", "message", "method", "path", "status", "bytes", "duration_ms", "user"]
    assert (line["level"], line["method"], line["path"], line["status"]) == ("info", "GET", "/api/dm/unread/", 200)
    assert (line["bytes"], line["user"]) == (len(body), user.id)
    assert isinstance(line["duration_ms"], float) and 0 < line["duration_ms"] < 60000
    json_server.anonymous().get("unread/", {"X-Request-ID": "a-1", "traceparent": PARENT})
    line = wait_until(lambda: last_access(json_server, "/unread/")["status"] == 401 and last_access(json_server, "/unread/"), "")
    assert (line["user"], line["request_id"], line["trace_id"]) == (None, "a-1", TRACE)


def test_every_line_is_an_object(json_server):
    """From the first to the last one, on both stores."""
    json_server.user().get("unread/")
    json_server.process.send_signal(signal.SIGHUP)
    json_server.wait_log("settings reloaded")
    json_server.stop()
    lines = [parse(line) for line in json_server.log]
    assert {"settings reloaded", "stopped", "access"} <= {line["message"] for line in lines}


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "path, logged",
    [
        (b'/"a\\b"', '/"a\\b"'),
        (b"/\x01\x1f\x7f\t", None),
        ("/\u00e4\u20ac\U0001f600".encode(), "/\u00e4\u20ac\U0001f600"),
        (b"/\xff\xfe", "/\ufffd\ufffd"),
        (b"/\xc3", "/\ufffd"),
        (b"/\xe2\x82/", "/\ufffd\ufffd/"),
        (b"/\xed\xa0\x80", "/\ufffd\ufffd\ufffd"),
        (b"/" + b'"' * 300, "/" + '"' * 255),
        (("/" + "\u20ac" * 100).encode(), "/" + "\u20ac" * 85),
        (b"/\xe2\x80\xa8</script>", "/\u2028</script>"),
    ],
    ids=lambda value: None,
)
def test_hostile_bytes(json_server, path, logged):
    with json_server.raw(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") as connection:
        connection.response()
    json_server.stop()
    lines = [parse(line.encode("utf-8", "surrogatepass").decode()) for line in json_server.log]
    access = [line for line in lines if line["message"] == "access"]
    if logged is not None:
        assert [line["path"] for line in access] == [logged]


@pytest.mark.sqlite
def test_errors_and_warnings_of_the_start_are_objects(tmp_path):
    env = {"DIRECTMESSAGES_LOG_FORMAT": "json", "DIRECTMESSAGES_TREADS": "1", "DIRECTMESSAGES_DOCS": 'a"\n\x01'}
    done = run_program("serve", database=sqlite_url(tmp_path / "a.db"), env=env)
    warning, error = (parse(line) for line in done.stderr.splitlines())
    assert done.returncode == 2
    assert (warning["level"], error["level"]) == ("warning", "error")
    assert "did you mean DIRECTMESSAGES_THREADS?" in warning["message"]
    assert error["message"] == 'DIRECTMESSAGES_DOCS is \'a"\n\x01\'; give 0 or 1'
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = serve_briefly("--migrate", "--listen", address, "--log-format=json", database=sqlite_url(tmp_path / "a.db"))
    assert parse(done.stderr.splitlines()[-1])["level"] == "error"


@pytest.mark.sqlite
def test_another_format_is_refused():
    done = run_program("serve", "--log-format", "xml")
    assert (done.returncode, done.stderr) == (2, "directmessages: --log-format is 'xml'; give text or json\n")


# ---- X-Request-ID and traceparent


GOOD = ["a", "0", "x" * 128, "550e8400-e29b-41d4-a716-446655440000", "a._~:/+=@-Z9", "Root=1-67891233-abcdef012345678912345678"]
BAD = ["", "x" * 129, "a b", 'a"', "a\\", "a,b", "a;b", "<a>", "a%0a", "\u00e4"]


@pytest.mark.sqlite
@pytest.mark.parametrize("name", GOOD)
def test_a_good_request_id_is_echoed_and_logged(server, alice, name):
    for path in ("unread/", "none/", "send/1/"):
        answer = alice.get(path, {"X-Request-ID": name})
        assert answer.headers.get_all("X-Request-ID") == [name], answer
    server.wait_log(rf"access .* request_id={re.escape(name)}$")


@pytest.mark.sqlite
@pytest.mark.parametrize("name", BAD)
def test_a_bad_request_id_is_as_none(server, alice, name):
    assert "X-Request-ID" not in alice.get("unread/", {"X-Request-ID": name.encode()}).headers


def test_without_one_nothing_is_added(alice):
    assert "X-Request-ID" not in alice.get("unread/").headers
    assert "X-Request-ID" not in alice.get("unread/", [("X-Request-ID", "a"), ("x-request-id", "b")]).headers


def test_a_stream_has_it(server, alice):
    with server.raw(f"GET {server.path('events/')} HTTP/1.1\r\nHost: x\r\nX-Request-ID: s-1\r\nAuthorization: Token {alice.token}\r\n\r\n".encode()) as connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.sock.recv(4096)
        assert b"X-Request-ID: s-1\r\n" in head


FORMS = [
    (PARENT, True),
    (PARENT[:-2] + "00", True),
    (f"01-{TRACE}-00f067aa0ba902b7-01-more", True),
    (f"cc-{TRACE}-00f067aa0ba902b7-01", True),
    (PARENT + "-more", False),
    (f"01-{TRACE}-00f067aa0ba902b7-01more", False),
    (f"ff-{TRACE}-00f067aa0ba902b7-01", False),
    (PARENT.upper(), False),
    (f"00-{'0' * 32}-00f067aa0ba902b7-01", False),
    (f"00-{TRACE}-{'0' * 16}-01", False),
    (PARENT[:-1], False),
    (PARENT[:-1] + "g", False),
    (PARENT.replace("-", "_"), False),
    ("", False),
]


@pytest.mark.sqlite
@pytest.mark.parametrize("text, good", FORMS)
def test_the_form_of_traceparent(make_server, text, good):
    server = make_server()
    server.anonymous().get("unread/", {"traceparent": text})
    server.stop()
    (line,) = [line for line in server.log if " access " in line]
    assert line.endswith(f" trace_id={TRACE}" if good else " user=-")
