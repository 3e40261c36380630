# SPDX-License-Identifier: MIT
"""Which database a command works on, files that are missing or empty, `migrate` and `routes`."""

import re
import sqlite3

import pytest

from commands import check_error, on_each_with_database
from harness import run_program, sqlite_url


def tables(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT name FROM sqlite_master").fetchall()
    finally:
        connection.close()


# ---- where the URL comes from


def test_flag_wins_over_environment_over_default(tmp_path):
    """Of the database: the flag, DATABASE_URL, directmessages.db in the current folder."""
    assert run_program("migrate", cwd=tmp_path).returncode == 0
    assert (tmp_path / "directmessages.db").exists()
    env = {"DATABASE_URL": sqlite_url(tmp_path / "env.db")}
    assert run_program("migrate", cwd=tmp_path, env=env).returncode == 0
    assert (tmp_path / "env.db").exists()
    assert run_program("migrate", cwd=tmp_path, env=env, database=sqlite_url(tmp_path / "flag.db")).returncode == 0
    assert (tmp_path / "flag.db").exists()


def test_database_flag_stands_before_or_behind_the_command(tmp_path):
    url = sqlite_url(tmp_path / "a.db")
    assert run_program("migrate", "--database", url).returncode == 0
    assert run_program("migrate", f"--database={url}", "--check").returncode == 0
    assert run_program(f"--database={url}", "migrate", "--check").returncode == 0
    assert run_program("migrate", "--check", "--database", url, database="nonsense:").returncode == 0


def test_empty_environment_is_the_default(tmp_path):
    assert run_program("migrate", cwd=tmp_path, env={"DATABASE_URL": ""}).returncode == 0
    assert (tmp_path / "directmessages.db").exists()


def test_relative_and_absolute_urls(tmp_path):
    """Three slashes and a path from here, four and a path from the root."""
    (tmp_path / "sub").mkdir()
    for url, made in (
        ("sqlite:///one.db", "one.db"),
        ("sqlite:///sub/two.db", "sub/two.db"),
        (f"sqlite:///{tmp_path}/three.db", "three.db"),
        ("sqlite:///./four.db", "four.db"),
        ("sqlite:///a b?c#d%20.db", "a b?c#d%20.db"),
    ):
        done = run_program("migrate", database=url, cwd=tmp_path)
        assert done.returncode == 0, done
        assert (tmp_path / made).exists(), url


def test_folder_that_does_not_exist_is_told(tmp_path):
    check_error(run_program("migrate", database=sqlite_url(tmp_path / "none" / "a.db")), 1)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/x",
        "sqlite:/x.db",
        "sqlite://x.db",
        "sqlite3:///x.db",
        "x.db",
        "/tmp/x.db",
        "sqlite:",
        "",
        "SQLITE",
        "file:///x.db",
        "sqlite:///",
    ],
)
def test_url_of_another_kind_names_the_kinds_there_are(tmp_path, url):
    done = run_program("user", "list", database=url, cwd=tmp_path)
    assert done.returncode in (1, 2)
    check_error(done, done.returncode)
    assert "sqlite:///" in done.stderr
    assert list(tmp_path.iterdir()) == []


# ---- files that are missing or empty


@on_each_with_database
def test_missing_file_is_told(tmp_path, command):
    """Only `migrate` makes a file; the others name it, and leave none behind."""
    done = run_program(*command.call, database=sqlite_url(tmp_path / "none.db"))
    check_error(done, 1)
    assert "none.db" in done.stderr and "migrate" in done.stderr
    assert list(tmp_path.iterdir()) == []


@on_each_with_database
def test_empty_file_is_refused(tmp_path, command):
    """Only `migrate` makes tables; the others name it."""
    path = tmp_path / "a.db"
    path.touch()
    done = run_program(*command.call, database=sqlite_url(path))
    check_error(done, 1)
    assert "migrate" in done.stderr
    assert tables(path) == []


# ---- migrate and routes


def test_migrate_tells_what_it_does_and_then_nothing(tmp_path):
    url = sqlite_url(tmp_path / "a.db")
    first = run_program("migrate", database=url)
    assert (first.returncode, first.stderr) == (0, "")
    steps = [line for line in first.stdout.splitlines() if line.startswith("applied ")]
    assert len(steps) >= 2 and steps == sorted(steps)
    second = run_program("migrate", database=url)
    assert (second.returncode, second.stderr) == (0, "") and "applied" not in second.stdout


def test_check_only_tells(tmp_path):
    path = tmp_path / "a.db"
    path.touch()
    done = run_program("migrate", "--check", database=sqlite_url(path))
    check_error(done, 1)
    assert "migrate" in done.stderr.split(";")[1]
    assert tables(path) == []
    assert run_program("migrate", database=sqlite_url(path)).returncode == 0
    done = run_program("migrate", "--check", database=sqlite_url(path))
    assert (done.returncode, done.stderr) == (0, "")


def test_routes_are_printed_without_a_database(tmp_path):
    done = run_program("routes", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for path in (
        "unread/",
        "conversations/",
        "conversations/unread/",
        "conversations/<user>/",
        "messages/<id>/",
        "send/<user>/",
    ):
        assert re.search(rf"/api/dm/{path}(\s|$)", done.stdout, re.MULTILINE), path
    assert re.search(r"^(?=.*GET)(?=.*POST).*conversations/<user>/", done.stdout, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "prefix, begins", [("", "/unread/"), ("/", "/unread/"), ("x/y", "/x/y/unread/"), ("/x/", "/x/unread/")]
)
def test_routes_begin_with_the_prefix(prefix, begins):
    done = run_program("routes", env={"DIRECTMESSAGES_PREFIX": prefix})
    assert done.returncode == 0
    assert re.search(rf"(^|\s){begins}(\s|$)", done.stdout, re.MULTILINE), done.stdout
