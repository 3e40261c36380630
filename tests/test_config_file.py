# SPDX-License-Identifier: MIT
"""The configuration file, variables that are no settings, and `serve --check`."""

import os
import re

import pytest

from commands import check_error, on_each, COMMANDS
from harness import run_program, sqlite_url

pytestmark = pytest.mark.sqlite

SECRET = "a secret of thirty-two characters or more"


@pytest.fixture
def write(tmp_path):
    """Writes a configuration file and gives its path."""

    def write(text, mode=0o600, name="settings.conf"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    return write


def prefix_of(*arguments, **env):
    """The prefix that `routes` shows."""
    done = run_program("routes", *arguments, env=env)
    assert (done.returncode, done.stderr) == (0, ""), done
    return re.search(r"(/\S*?)unread/", done.stdout).group(1)


# ---- where values come from


def test_a_flag_wins_over_the_environment_and_that_over_the_file(write):
    path = write("DIRECTMESSAGES_PREFIX=file\n")
    assert prefix_of("--config", path) == "/file/"
    assert prefix_of("--config", path, DIRECTMESSAGES_PREFIX="env") == "/env/"
    assert prefix_of("--config", path, "--prefix", "flag", DIRECTMESSAGES_PREFIX="env") == "/flag/"
    assert prefix_of(DIRECTMESSAGES_CONFIG=path) == "/file/"
    other = write("DIRECTMESSAGES_PREFIX=other\n", name="other.conf")
    assert prefix_of("--config", other, DIRECTMESSAGES_CONFIG=path) == "/other/"


def test_the_flag_stands_before_or_behind_the_command(write):
    path = write("DIRECTMESSAGES_PREFIX=file\n")
    for arguments in (["--config", path, "routes"], [f"--config={path}", "routes"], ["routes", f"--config={path}"]):
        assert "/file/unread/" in run_program(*arguments).stdout


def test_the_last_line_of_a_name_counts_and_an_empty_one_is_the_default(write):
    assert prefix_of("--config", write("DIRECTMESSAGES_PREFIX=a\nDIRECTMESSAGES_PREFIX='b'\n")) == "/b/"
    assert prefix_of("--config", write("DIRECTMESSAGES_PREFIX=\n")) == "/"
    done = run_program("serve", "--check", "--config", write("DIRECTMESSAGES_THREADS=\n"))
    assert done.returncode == 0, done


def test_the_file_names_the_database_of_every_command(tmp_path, write):
    path = write(f"DATABASE_URL={sqlite_url(tmp_path / 'file.db')}\n")
    assert run_program("migrate", "--config", path, cwd=tmp_path).returncode == 0
    assert (tmp_path / "file.db").exists()
    assert run_program("user", "create", "john", "--config", path).returncode == 0
    assert "john" in run_program("user", "list", env={"DIRECTMESSAGES_CONFIG": path}).stdout


def test_a_server_reads_the_file(make_server, write):
    server = make_server(flags=["--config", write("DIRECTMESSAGES_PREFIX=file\nDIRECTMESSAGES_DOCS=0\n")])
    assert server.anonymous().get("/file/unread/").status == 401
    assert server.anonymous().get("/api/docs/").status == 404


# ---- what is wrong with it


@pytest.mark.parametrize(
    "text, said",
    [
        ("DIRECTMESSAGES_DOCS=1\n\nDIRECTMESSAGES_THREADS\n", "line 3: there is no '='"),
        ("export DIRECTMESSAGES_THREADS=1\n", "line 1: what stands before '=' is no name"),
        ("#\nDIRECTMESSAGES_PREFIX='a\n", "line 2: a quote of its value is not closed"),
        (b"DIRECTMESSAGES_PREFIX=\xff\n", "line 1: its value is not valid UTF-8"),
        (b"DIRECTMESSAGES_PREFIX=a\0\n", "it holds a NUL"),
        ("#" * (1 << 20) + "\n", "more than 1 MiB"),
        ("# first\nDIRECTMESSAGES_THREADS=x\n", "line 2: DIRECTMESSAGES_THREADS is 'x'"),
        ("DIRECTMESSAGES_CORS_ORIGINS=https://a/\n", "line 1: DIRECTMESSAGES_CORS_ORIGINS has 'https://a/'"),
    ],
    ids=lambda value: value[-20:] if isinstance(value, str) else None,
)
def test_an_error_names_the_file_and_the_line(write, text, said):
    path = write(text)
    done = run_program("serve", "--config", path)
    check_error(done, 2)
    assert said in done.stderr and str(path) in done.stderr


def test_a_file_that_can_not_be_read_is_status_2(tmp_path):
    for path in (tmp_path / "none", tmp_path, "/dev/null"):
        done = run_program("serve", "--check", "--config", path)
        check_error(done, 2)
        assert str(path) in done.stderr


@on_each([command for command in COMMANDS if command.name != "help"])
def test_every_command_reads_it(command, tmp_path):
    check_error(run_program(*command.call, "--config", tmp_path / "none", database=sqlite_url(tmp_path / "a.db")), 2)
    assert list(tmp_path.iterdir()) == []


def test_help_needs_no_file(tmp_path):
    env = {"DIRECTMESSAGES_CONFIG": tmp_path / "none", "DIRECTMESSAGES_NONSENSE": "1"}
    done = run_program("help", env=env)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "line, secret",
    [
        (f"DIRECTMESSAGES_JWT_SECRET='{SECRET}'", SECRET),
        ("DATABASE_URL=postgresql://john:hidden@host/db", "hidden"),
        ("DATABASE_URL=postgresql://host/db?password=hidden", "hidden"),
        ("DIRECTMESSAGES_DATABASE_READ_URL=postgresql://john:hidden@host/db\nDATABASE_URL=postgresql://host/db", "hidden"),
    ],
    ids=["jwt", "user", "parameter", "standbys"],
)
def test_a_secret_that_everybody_may_read_is_refused(write, line, secret):
    text = f"DIRECTMESSAGES_DOCS=1\n{line}\n"
    done = run_program("serve", "--check", "--config", write(text, mode=0o644))
    check_error(done, 2)
    assert "line 2: it holds a secret and everybody may read the file" in done.stderr and secret not in done.stderr
    assert run_program("serve", "--check", "--config", write(text, mode=0o640)).returncode == 0


def test_what_is_no_secret_may_be_read_by_everybody(write):
    text = "DATABASE_URL=postgresql://john@host:5432/db\nDIRECTMESSAGES_DOCS=0\n"
    assert run_program("serve", "--check", "--config", write(text, mode=0o644)).returncode == 0


# ---- names that are no settings


@pytest.mark.parametrize(
    "name, nearest",
    [("THREAD", "THREADS"), ("CORS_ORIGIN", "CORS_ORIGINS"), ("LOGLEVEL", "LOG_LEVEL"), ("WEBHOOK_CAFILE", "WEBHOOK_CA_FILE")],
)
def test_a_variable_that_does_not_exist_is_a_warning(write, name, nearest):
    said = f"there is no setting DIRECTMESSAGES_{name}; did you mean DIRECTMESSAGES_{nearest}?\n"
    done = run_program("routes", env={f"DIRECTMESSAGES_{name}": "1"})
    assert (done.returncode, done.stderr) == (0, f"directmessages: warning: {said}")
    path = write(f"\nDIRECTMESSAGES_{name}=1\n")
    done = run_program("routes", "--config", path)
    assert (done.returncode, done.stderr) == (0, f"directmessages: warning: {path}, line 2: {said}")


def test_other_names_are_warned_of_in_the_file_alone(write):
    done = run_program("routes", env={"NONSENSE": "1", "DIRECTMESSAGE_X": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    done = run_program("routes", "--config", write("PGPASSWORD=x\nDIRECTMESSAGES_CONFIG=y\n"))
    assert done.returncode == 0
    assert "line 1: there is no setting PGPASSWORD" in done.stderr
    assert "line 2: DIRECTMESSAGES_CONFIG has no effect" in done.stderr


def test_a_hostile_name_is_one_line():
    done = run_program("routes", env={"DIRECTMESSAGES_\x1b[2J\n" + "x" * 5000: "1"})
    assert done.returncode == 0
    assert re.fullmatch(r"directmessages: warning: there is no setting DIRECTMESSAGES_\?\[2J\?x+; [^\n\x1b]+\n", done.stderr)


# ---- serve --check


def test_check_says_that_settings_are_good_and_opens_nothing(tmp_path, write):
    env = {"DATABASE_URL": sqlite_url(tmp_path / "none.db"), "DIRECTMESSAGES_LISTEN": f"unix:{tmp_path}/socket"}
    done = run_program("serve", "--check", "--migrate", "--config", write("DIRECTMESSAGES_ALLOWED_RECIPIENTS=1,2\n"), env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "the settings are good\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["settings.conf"]


def test_check_takes_no_address(make_server):
    """One that is in use is no matter, nor is a database that nobody serves."""
    server = make_server()
    address = f"127.0.0.1:{server.port}"
    done = run_program("serve", "--check", "--listen", address, database="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 0, done


def test_check_says_all_that_is_wrong(tmp_path):
    (tmp_path / "keys").write_text("no key")
    env = {
        "DIRECTMESSAGES_THREADS": "x",
        "DIRECTMESSAGES_ALLOWED_RECIPIENTS": "1,x",
        "DIRECTMESSAGES_JWT_KEY_FILE": tmp_path / "keys",
        "DIRECTMESSAGES_WEBHOOK_CA_FILE": tmp_path / "none",
        "DIRECTMESSAGES_USER_TABLE": 'a"b',
        "DIRECTMESSAGES_LISTEN": "x",
    }
    done = run_program("serve", "--check", env=env)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert all(re.fullmatch(r"directmessages: .+; .+", line) for line in lines), lines
    assert len(lines) == len(env), lines
    for name in ("THREADS", "ALLOWED_RECIPIENTS", "JWT_KEY_FILE", "WEBHOOK_CA_FILE"):
        assert f"DIRECTMESSAGES_{name} is " in done.stderr


@pytest.mark.parametrize("url", ["mysql://x", "sqlite://", "sqlite:///", "postgresql://a:b@c@d/e", "postgresql://h/d?nonsense=1"])
def test_check_reads_the_url_of_the_database(url):
    done = run_program("serve", "--check", database=url)
    check_error(done, 2)


def test_check_says_what_serve_says(tmp_path):
    for env in ({"DIRECTMESSAGES_PREPARED": "x"}, {"DIRECTMESSAGES_TOKENS": "0"}, {"DIRECTMESSAGES_USER_ID": '"'}):
        checked, served = (run_program("serve", *flags, database=sqlite_url(tmp_path / "a.db"), env=env) for flags in (["--check"], ["--migrate"]))
        assert (checked.returncode, checked.stderr) == (served.returncode, served.stderr)
        assert os.listdir(tmp_path) == []
