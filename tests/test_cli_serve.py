# SPDX-License-Identifier: MIT
"""The command `serve`: its settings, and when it refuses to start."""

import os
import re
import subprocess

import pytest

from harness import PROGRAM, environment, run_program, sqlite_url, wait_until
from commands import check_error, check_refused, serve_briefly

pytestmark = pytest.mark.sqlite


# ---- settings


GARBAGE = {
    "RATE_NEW_PARTNERS": ["x", "20", "20/", "20/month", "1/h,2/d", "100001/day", " "],
    "RATE_SEND": ["x", "60", "60/", "/min", "-1/min", "60/month", "60/min,", "60/min,1/m", "100001/day", " "],
    "THREADS": ["x", "-1", "0", "1.5", "1 ", " 1", "+1", "0x10", "9" * 30, "1000000"],
    "MARK_READ_ON_GET": ["x", "true", "2", "-1", " 1"],
    "DATABASE_READ_MAX_LAG": ["x", "-1", "0", "1s", "600001"],
    "DATABASE_READ_URL": ["sqlite:///x.db", "postgresql://db/x", "x"],  # the database is SQLite
    "SQLITE_MMAP_MB": ["x", "-1", "1G", "1048577", "9" * 30],
    "MAX_BODY_BYTES": ["x", "-1", "0", "1M", "9" * 30],
    "MAX_BUFFER_BYTES": ["x", "-1", "0", "256M", "16777215", "9" * 30],
    "MAX_CONTENT_LENGTH": ["x", "-1", "1k", "9" * 30],
    "IDEMPOTENCY_HOURS": ["x", "-1", "0", "8761", "24h", "0.5"],
    "MAX_CONNECTIONS": ["x", "-1", "0"],
    "MAX_CONNECTIONS_PER_ADDRESS": ["x", "-1"],
    "MAX_HEADER_BYTES": ["x", "-1", "0"],
    "SLOW_TIMEOUT": ["x", "-1", "0", "1s"],
    "SLOW_RATE": ["x", "-1", "1k"],
    "IDLE_TIMEOUT": ["x", "-1", "0", "1s", "0.5"],
    "BUSY_TIMEOUT": ["x", "-1", "1s"],
    "TRUST_FORWARDED": ["x", "yes", "2", "-1", "true "],
    "LOG_LEVEL": ["x", "INFO ", "4", "warn "],
    "ALLOWED_RECIPIENTS": ["x", "1,x", "1,,2", ",", "1,", ",1", "1 2", "1;2", "-1", "1.0", "9" * 30, "0x1"],
    "CORS_ORIGINS": ["app.example.org", "https://app.example.org/", "https://x,*", "null", "https://x\ny"],
    "PREFIX": ["a b", "a?b", "a#b", "a%20", "\u00e9", "a\nb", "x" * 5000],
    "LISTEN": [
        "x",
        "127.0.0.1",
        ":",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:99999",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1: 0",
        "127.0.0.1:0x",
        "[::1",
        "::1]:0",
        "unix:",
        "unix:" + "x" * 200,
    ],
}


@pytest.mark.parametrize(
    "name, value",
    [(name, value) for name, values in GARBAGE.items() for value in values],
    ids=lambda text: text[:20].replace("\n", "|"),
)
def test_garbage_in_the_environment_is_status_2(tmp_path, name, value):
    env = {"DIRECTMESSAGES_LISTEN": "127.0.0.1:0", f"DIRECTMESSAGES_{name}": value}
    done = serve_briefly("--migrate", database=sqlite_url(tmp_path / "a.db"), env=env)
    assert "listening on" not in done.stderr, "it was taken"
    assert done.returncode == 2, done
    assert re.fullmatch(r"directmessages: [^\n]*\n", done.stderr), done.stderr
    assert f"DIRECTMESSAGES_{name}" in done.stderr or name == "LISTEN"


@pytest.mark.parametrize(
    "flag, value", [("threads", "x"), ("threads", "0"), ("log-level", "x"), ("prefix", "a b"), ("listen", "x")]
)
def test_garbage_in_a_flag_is_status_2_and_names_the_flag(tmp_path, flag, value):
    done = run_program("serve", f"--{flag}", value, database=sqlite_url(tmp_path / "a.db"))
    check_error(done, 2)
    assert f"--{flag}" in done.stderr


def test_garbage_in_the_environment_is_found_before_the_database_is_touched(tmp_path):
    done = run_program(
        "serve", "--migrate", database=sqlite_url(tmp_path / "a.db"), env={"DIRECTMESSAGES_THREADS": "x"}
    )
    check_error(done, 2)
    assert list(tmp_path.iterdir()) == []


def test_a_budget_of_less_than_four_bodies_is_status_2(tmp_path):
    env = {"DIRECTMESSAGES_MAX_BUFFER_BYTES": 1 << 24, "DIRECTMESSAGES_MAX_BODY_BYTES": (1 << 22) + 1}
    done = run_program("serve", database=sqlite_url(tmp_path / "a.db"), env=env)
    check_error(done, 2)
    assert "at least four times DIRECTMESSAGES_MAX_BODY_BYTES: 16777220" in done.stderr


def test_empty_settings_are_defaults(make_server):
    names = [
        "THREADS",
        "MAX_BODY_BYTES",
        "MAX_BUFFER_BYTES",
        "MAX_CONTENT_LENGTH",
        "MAX_CONNECTIONS",
        "MAX_CONNECTIONS_PER_ADDRESS",
        "MAX_HEADER_BYTES",
        "IDLE_TIMEOUT",
        "SLOW_TIMEOUT",
        "SLOW_RATE",
        "BUSY_TIMEOUT",
        "TRUST_FORWARDED",
        "CORS_ORIGINS",
        "LOG_LEVEL",
        "ALLOWED_RECIPIENTS",
    ]
    server = make_server(env={f"DIRECTMESSAGES_{name}": "" for name in names})
    one, two = server.users(2)
    one.send(two)


@pytest.mark.parametrize("events, files, enough", [(1, 1000, False), (1, 1500, True), (0, 1000, True)])
def test_files_must_do_for_connections_and_streams_together(tmp_path, events, files, enough):
    env = {
        "DIRECTMESSAGES_LISTEN": "127.0.0.1:0",
        "DIRECTMESSAGES_MAX_CONNECTIONS": 600,
        "DIRECTMESSAGES_EVENTS_STREAMS": 600,
        "DIRECTMESSAGES_EVENTS": events,
    }
    done = serve_briefly("--migrate", database=sqlite_url(tmp_path / "a.db"), env=env, files=files)
    assert done.returncode == 0, done
    assert (f"only {files} files may be open, for up to 600 connections and 600 event streams" in done.stderr) != enough


def test_flag_wins_over_environment(make_server):
    """For each of the four that can be both; the environment alone counts too."""
    env = {
        "DIRECTMESSAGES_PREFIX": "env",
        "DIRECTMESSAGES_LOG_LEVEL": "error",
        "DIRECTMESSAGES_THREADS": 1,
        "DIRECTMESSAGES_LISTEN": "127.0.0.2:0",
    }
    server = make_server(env=env, prefix="flag", flags=["--log-level", "info", "--threads", 3])
    assert server.host == "127.0.0.1"
    assert server.anonymous().get("/flag/unread/").status == 401
    assert server.anonymous().get("/env/unread/").status == 404
    assert "access method=GET" in server.wait_log("access method=GET")
    assert threads_of(server) >= 3


def threads_of(server):
    return len(os.listdir(f"/proc/{server.process.pid}/task"))


def test_environment_counts_where_there_is_no_flag(make_server):
    few = make_server(env={"DIRECTMESSAGES_THREADS": 1, "DIRECTMESSAGES_PREFIX": "/from/env/"})
    many = make_server(env={"DIRECTMESSAGES_THREADS": 7})
    assert few.anonymous().get("/from/env/unread/").status == 401
    assert threads_of(many) - threads_of(few) >= 6


def test_log_level_leaves_out_what_is_below(make_server, tmp_path):
    env = {"DIRECTMESSAGES_LOG_LEVEL": "warning", "DIRECTMESSAGES_EVENTS_STREAMS": "1000"}
    server = make_server(start=False, listen=f"unix:{tmp_path}/s", env=env)
    process = subprocess.Popen(server.command(), stderr=subprocess.PIPE, env=environment(**server.env), text=True)
    try:
        wait_until((tmp_path / "s").exists, "the socket is there")
        server.socket_path = f"{tmp_path}/s"
        wait_until(lambda: can_connect(server), "it serves")
        assert server.exchange(b"GET /api/dm/unread/ HTTP/1.1\r\nHost: x\r\n\r\n").status == 401
    finally:
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


def can_connect(server):
    try:
        server.connect().close()
        return True
    except OSError:
        return False


def test_nobody_learns_tokens_or_contents_from_the_log(make_server):
    server = make_server(env={"DIRECTMESSAGES_LOG_LEVEL": "debug"})
    one, two = server.users(2)
    one.send(two, "whisper")
    one.get("unread/?secret=whisper&token=" + one.token)
    server.anonymous().request("GET", "unread/", headers={"Authorization": "Token " + "f" * 40})
    server.stop()
    text = "\n".join(server.log)
    for hidden in (one.token, two.token, "whisper", "f" * 40):
        assert hidden not in text


# ---- the schema


def test_old_schema_is_refused_naming_migrate(make_server):
    server = make_server()
    server.stop()
    server.sql("DROP INDEX directmessages_unread")
    commands = (["migrate", "--check"], ["user", "list"], ["token", "create", "x"])
    refusals = [serve_briefly("--listen", "127.0.0.1:0", database=server.url), *(server.run(*one) for one in commands)]
    for done in refusals:
        check_refused(done, 1)
        assert "migrate" in done.stderr
    server.start()  # with --migrate
    assert server.anonymous().get("unread/").status == 401


def test_empty_file_is_refused_naming_migrate(tmp_path):
    (tmp_path / "a.db").touch()
    done = serve_briefly("--listen", "127.0.0.1:0", database=sqlite_url(tmp_path / "a.db"))
    check_refused(done, 1)
    assert "migrate" in done.stderr


def test_migrate_flag_makes_the_file(make_server):
    server = make_server(flags=["--migrate"], migrate=False, start=False)
    assert not server.database.exists()
    server.start()
    assert server.database.exists() and server.wait_log("info applied migration 0001")
    assert run_program("migrate", "--check", database=server.url).returncode == 0


def test_two_servers_on_one_file(make_server):
    first = make_server()
    second = make_server(database=first.database)
    one, two = first.users(2)
    elsewhere = type(two)(second, two.token, two.id, two.username)
    one.send(two, "over the first")
    assert elsewhere.unread() == 1
    elsewhere.send(one, "over the second")
    assert one.unread() == 1


def test_program_is_found_by_a_relative_path(tmp_path):
    """Nothing in it depends on where it is run from."""
    done = subprocess.run(
        [os.path.relpath(PROGRAM, tmp_path), "--version"], cwd=tmp_path, capture_output=True, timeout=60
    )
    assert done.returncode == 0
