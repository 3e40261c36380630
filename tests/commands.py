# SPDX-License-Identifier: MIT
"""The table of the program's commands that tests run over, `serve` run to its end, and the checks of commands that fail."""

import dataclasses
import os
import re
import resource
import subprocess
import tempfile

import pytest

from harness import PROGRAM, environment, wait_until


@dataclasses.dataclass(frozen=True)
class Command:
    """`arguments` is what it wants besides flags, in a call that would do something."""

    name: str
    arguments: tuple = ()
    flags: tuple = ()
    without_database: bool = False
    of_files: bool = False  # works with the database's file, whatever is in it, or whether there is one

    def __str__(self):
        return self.name

    @property
    def words(self):
        return self.name.split()

    @property
    def call(self):
        """The words of a call; of `migrate` one that changes nothing."""
        return [*self.words, *(["--check"] if self.name == "migrate" else self.arguments)]


COMMANDS = [
    Command("serve", flags=("--listen", "--admin-listen", "--prefix", "--check", "--migrate", "--threads", "--log-level", "--log-format")),
    Command("health", flags=("--listen", "--admin-listen", "--live"), without_database=True),
    Command("migrate", flags=("--check", "--new-epoch")),
    Command("backup", ("/nowhere/backup.db",), ("--force", "--check", "--full-speed"), of_files=True),
    Command("restore", ("/nowhere/backup.db",), of_files=True),
    Command("user create", ("john",), ("--email", "--first-name", "--last-name", "--password-stdin", "--json")),
    Command("user list", flags=("--json",)),
    Command("user show", ("john",), ("--json",)),
    Command("user update", ("john",), ("--email", "--first-name", "--last-name", "--active", "--json")),
    Command("user delete", ("john",)),
    Command("user deactivate", ("john",)),
    Command("user activate", ("john",)),
    Command("user export", ("john",)),
    Command("user erase", ("john", "--yes"), ("--messages", "--yes")),
    Command("token create", ("john",), ("--reset", "--json")),
    Command("token revoke", ("john",)),
    Command("block create", ("john", "mary")),
    Command("block delete", ("john", "mary")),
    Command("block list", ("john",), ("--json",)),
    Command("message list", flags=("--user", "--limit")),
    Command("message find", flags=("--user", "--partner", "--since", "--until", "--limit", "--json")),
    Command("message send", ("john", "mary", "Hello"), ("--idempotency-key", "--json")),
    Command("message delete", ("1",)),
    Command("message purge", ("--hidden-by-both",), ("--hidden-by-both", "--older-than", "--dry-run", "--json")),
    Command("webhook create", ("http://127.0.0.1:1/",), ("--events", "--description", "--secret", "--json")),
    Command("webhook list", flags=("--json",)),
    Command("webhook delete", ("1",)),
    Command("webhook update", ("1",), ("--url", "--description", "--events", "--json")),
    Command("webhook enable", ("1",)),
    Command("webhook disable", ("1",)),
    Command("webhook rotate", ("1",), ("--secret", "--grace", "--json")),
    Command("webhook test", ("1",)),
    Command("webhook deliveries", flags=("--webhook", "--state", "--limit", "--json")),
    Command("webhook requeue", ("1",)),
    Command("webhook redeliver", ("--failed",), ("--failed", "--endpoint", "--json")),
    Command("routes", without_database=True),
    Command("help", flags=("--form",), without_database=True),
]
ERROR = re.compile(r"directmessages: [^\n]+; [^\n]+\n")


def on_each(commands):
    return pytest.mark.parametrize("command", commands, ids=str)


on_each_command = on_each(COMMANDS)
on_each_with_database = on_each([one for one in COMMANDS if not one.without_database and not one.of_files])


def check_error(done, status):
    """One line that says what is wrong and what to do, nothing on standard output, and the exit status."""
    assert (done.returncode, done.stdout) == (status, ""), done
    assert ERROR.fullmatch(done.stderr), done.stderr


def serve_briefly(*arguments, database, env=None, files=None):
    """Runs `serve` to its end, which comes by SIGTERM if it listens: `listening on` is then in what it said. It may have
    so many open files."""

    def limit():
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    with tempfile.TemporaryFile("w+") as said:
        command = [PROGRAM, "--database", database, "serve", *arguments]
        process = subprocess.Popen(
            command,
            env=environment(**(env or {})),
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            preexec_fn=limit,
        )

        def text():
            return os.pread(said.fileno(), 100_000, 0).decode()

        wait_until(lambda: process.poll() is not None or "listening on" in text(), "it listens or ends")
        process.terminate()
        out, _ = process.communicate(timeout=60)
        return subprocess.CompletedProcess(command, process.returncode, out, text())


def check_refused(done, status):
    """An error in one line, perhaps below lines of the log."""
    assert (done.returncode, done.stdout) == (status, ""), done
    lines = done.stderr.splitlines()
    assert re.fullmatch(r"directmessages: .+; .+", lines[-1]), done.stderr
    assert not [line for line in lines[:-1] if not re.search(r"Z (info|warning) ", line)], done.stderr
