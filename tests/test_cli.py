# SPDX-License-Identifier: MIT
"""The command line as such: help, version, exit statuses, one-line errors, where settings come from."""

import re
import sqlite3
import subprocess

import pytest

from harness import PROGRAM, environment, run_program, sqlite_url

COMMANDS = [
    ["serve"],
    ["migrate"],
    ["user", "create"],
    ["user", "list"],
    ["user", "deactivate"],
    ["user", "activate"],
    ["token", "create"],
    ["token", "revoke"],
    ["message", "list"],
    *(["webhook", name] for name in "create list delete enable rotate test deliveries requeue".split()),
    ["routes"],
    ["help"],
]
WITHOUT_DATABASE = (["routes"], ["help"])
FLAGS = {
    "serve": ["--listen", "--admin-listen", "--prefix", "--migrate", "--threads", "--log-level"],
    "migrate": ["--check"],
    "user create": ["--email", "--first-name", "--last-name", "--password-stdin"],
    "token create": ["--reset"],
    "message list": ["--user", "--limit"],
    "webhook create": ["--events", "--description", "--secret"],
    "webhook rotate": ["--secret", "--grace"],
    "webhook deliveries": ["--webhook", "--state", "--limit"],
    "help": ["--form"],
}
ERROR = re.compile(r"directmessages: [^\n]+; [^\n]+\n")

on_each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@pytest.fixture
def database(tmp_path):
    """The URL of a database that is up to date and has the user john."""
    url = sqlite_url(tmp_path / "cli.db")
    assert run_program("migrate", database=url).returncode == 0
    assert run_program("user", "create", "john", database=url).returncode == 0
    return url


def words_for(command):
    """What the command wants beside flags."""
    if command[0] == "webhook":
        return {"create": ["http://127.0.0.1:1/"], "list": [], "deliveries": []}.get(command[-1], ["1"])
    return ["john"] if command[-1] in ("create", "deactivate", "activate", "revoke") else []


def check_error(done, status):
    """One line that says what is wrong and what to do, nothing on standard output, and the exit status."""
    assert (done.returncode, done.stdout) == (status, ""), done
    assert ERROR.fullmatch(done.stderr), done.stderr


# ---- help and version


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag):
    done = run_program(flag)
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^  {' '.join(command)}\b", done.stdout, re.MULTILINE), command
    assert "--database" in done.stdout and "--version" in done.stdout


@on_each_command
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_of_a_command_names_its_flags(command, flag):
    done = run_program(*command, flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: directmessages [--database URL] {' '.join(command)}")
    for named in ["--database", "--help", *FLAGS.get(" ".join(command), [])]:
        assert re.search(rf"^  {named}\b", done.stdout, re.MULTILINE), named


@pytest.mark.parametrize("group", ["user", "token", "message"])
def test_help_of_a_group_names_its_commands(group):
    done = run_program(group, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert (" ".join(command) in done.stdout) == (command[0] == group)


def test_help_needs_no_database(tmp_path):
    for command in COMMANDS:
        assert run_program(*command, "--help", database=sqlite_url(tmp_path / "none.db")).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_help_says_where_settings_come_from():
    text = run_program("serve", "--help").stdout
    for name in ("DIRECTMESSAGES_LISTEN", "DIRECTMESSAGES_PREFIX", "DATABASE_URL"):
        assert name in text


def test_version_is_told():
    done = run_program("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"directmessages \d+\.\d+\.\d+\n", done.stdout)


# ---- usage


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["--nonsense"],
        ["--database"],
        ["user"],
        ["user", "nonsense"],
        ["token"],
        ["message"],
        ["create"],
        ["user", "create"],
        ["user", "create", "a", "b"],
        ["user", "list", "x"],
        ["user", "create", "a", "--email"],
        ["user", "deactivate"],
        ["token", "create"],
        ["token", "revoke"],
        ["token", "revoke", "a", "b"],
        ["migrate", "x"],
        ["migrate", "--nonsense"],
        ["migrate", "--check=1"],
        ["serve", "x"],
        ["serve", "--listen"],
        ["serve", "--threads"],
        ["routes", "x"],
        ["help", "x"],
        ["help", "--form", "x"],
        ["user create", "x"],
        ["message", "list", "x"],
        ["message", "list", "--limit"],
        ["message", "list", "--limit", "x"],
        ["message", "list", "--limit", "-1"],
        ["message", "list", "--limit", "9" * 30],
        ["message", "list", "--limit", ""],
        ["serve", "-x"],
        ["serve", "-xy"],
        ["", "x"],
        ["user", ""],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_status_2(database, arguments):
    check_error(run_program(*arguments, database=database if arguments != ["--database"] else None), 2)


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["serve", "--nonsense"], "--nonsense"),
        (["user", "list", "--nonsense=1"], "--nonsense"),
        (["serve", "-x"], "-x"),
        (["serve", "-xy"], "-x"),
        (["nonsense"], "nonsense"),
        (["user", "nonsense"], "user nonsense"),
        (["serve", "--listen"], "--listen"),
        (["--nonsense", "serve"], "--nonsense"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_usage_names_what_is_wrong(arguments, named):
    assert named in run_program(*arguments).stderr.split(";")[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ["a\nb"],
        ["--a\nb"],
        ["user", "a\nb"],
        ["user", "deactivate", "a\nb"],
        ["token", "create", "a\nb"],
        ["message", "list", "--user", "a\nb"],
        ["message", "list", "--limit", "1\n2"],
        ["user", "create", "a\nb"],
        ["serve", "--listen", "a\nb"],
        ["serve", "--prefix", "a\nb"],
        ["serve", "--threads", "1\n2"],
    ],
    ids=repr,
)
def test_errors_are_one_line_whatever_they_quote(database, arguments):
    done = run_program(*arguments, database=database)
    check_error(done, done.returncode)
    assert done.returncode in (1, 2)


def test_a_path_with_a_line_break_is_quoted_in_one_line(tmp_path):
    check_error(run_program("user", "list", database=sqlite_url(tmp_path / "a\nb.db")), 1)


# ---- failures


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "create", "john"],
        ["user", "deactivate", "nobody"],
        ["user", "activate", "nobody"],
        ["token", "create", "nobody"],
        ["token", "revoke", "nobody"],
        ["token", "revoke", "john"],
        ["message", "list", "--user", "nobody"],
        ["user", "create", ""],
        ["user", "create", "a b"],
        ["user", "create", "a/b"],
        ["user", "create", "a" * 151],
        ["user", "create", "x", "--email", "e" * 255],
        ["user", "create", "x", "--first-name", "f" * 151],
        ["user", "create", "x", "--last-name", "l" * 151],
    ],
    ids=lambda arguments: " ".join(arguments)[:40],
)
def test_what_can_not_be_done_is_status_1(database, arguments):
    check_error(run_program(*arguments, database=database), 1)
    assert run_program("user", "list", database=database).stdout.count("\n") == 2


@on_each_command
def test_missing_file_is_told(tmp_path, command):
    """Only `migrate` makes a file; the others name it, and leave none behind."""
    if command in (["migrate"], *WITHOUT_DATABASE):
        command = ["migrate", "--check"]
    done = run_program(*command, *words_for(command), database=sqlite_url(tmp_path / "none.db"))
    check_error(done, 1)
    assert "none.db" in done.stderr and "migrate" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [one for one in COMMANDS if one not in (*WITHOUT_DATABASE, ["serve"])], ids=" ".join)
def test_empty_file_is_refused(tmp_path, command):
    """Only `migrate` makes tables; the others name it (test_cli_serve.py has the same for `serve`)."""
    path = tmp_path / "a.db"
    path.touch()
    if command == ["migrate"]:
        command = ["migrate", "--check"]
    done = run_program(*command, *words_for(command), database=sqlite_url(path))
    check_error(done, 1)
    assert "migrate" in done.stderr
    assert tables(path) == []


def tables(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT name FROM sqlite_master").fetchall()
    finally:
        connection.close()


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


@pytest.mark.parametrize(
    "command",
    [["token", "create", "john"], ["user", "list"], ["message", "list"], ["routes"], ["help"], ["--version"], ["--help"]],
    ids=" ".join,
)
def test_output_that_can_not_be_written_is_a_failure(database, command):
    """A full disk behind `> file` must not look like success: the token would be lost unnoticed."""
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(
            [PROGRAM, "--database", database, *command],
            env=environment(),
            stdout=full,
            timeout=60,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert ERROR.fullmatch(done.stderr), done.stderr


# ---- where settings come from


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
        "conversations/<id>/",
        "messages/<id>/",
        "send/<id>/",
    ):
        assert re.search(rf"/api/dm/{path}(\s|$)", done.stdout, re.MULTILINE), path
    assert re.search(r"^(?=.*GET)(?=.*POST).*conversations/<id>/", done.stdout, re.MULTILINE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "prefix, begins", [("", "/unread/"), ("/", "/unread/"), ("x/y", "/x/y/unread/"), ("/x/", "/x/unread/")]
)
def test_routes_begin_with_the_prefix(prefix, begins):
    done = run_program("routes", env={"DIRECTMESSAGES_PREFIX": prefix})
    assert done.returncode == 0
    assert re.search(rf"(^|\s){begins}(\s|$)", done.stdout, re.MULTILINE), done.stdout
