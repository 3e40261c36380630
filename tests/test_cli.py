# SPDX-License-Identifier: MIT
"""The command line as such: help, version, exit statuses, one-line errors."""

import re
import subprocess

import pytest

from commands import COMMANDS, ERROR, check_error, on_each_command
from harness import PROGRAM, environment, run_program, sqlite_url


@pytest.fixture
def database(tmp_path):
    """The URL of a database that is up to date and has the user john."""
    url = sqlite_url(tmp_path / "cli.db")
    assert run_program("migrate", database=url).returncode == 0
    assert run_program("user", "create", "john", database=url).returncode == 0
    return url


# ---- help and version


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(flag):
    done = run_program(flag)
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert re.search(rf"^  {command}\b", done.stdout, re.MULTILINE), command
    assert "--database" in done.stdout and "--version" in done.stdout


@on_each_command
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_of_a_command_names_its_flags(command, flag):
    done = run_program(*command.words, flag)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: directmessages [--database URL] {command}")
    for named in ["--database", "--help", *command.flags]:
        assert re.search(rf"^  {named}\b", done.stdout, re.MULTILINE), named


@pytest.mark.parametrize("group", ["user", "token", "message"])
def test_help_of_a_group_names_its_commands(group):
    done = run_program(group, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    for command in COMMANDS:
        assert (str(command) in done.stdout) == (command.words[0] == group)


def test_help_needs_no_database(tmp_path):
    for command in COMMANDS:
        assert run_program(*command.words, "--help", database=sqlite_url(tmp_path / "none.db")).returncode == 0
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
