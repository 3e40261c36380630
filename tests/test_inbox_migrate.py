# SPDX-License-Identifier: MIT
"""The step of `migrate` that fills the table of inboxes: interrupted, it goes on where it was."""

import contextlib
import random
import re
import signal
import sqlite3
import subprocess

import pytest

from folding import newest, wait_folded
from harness import DEADLINE, PROGRAM, environment, wait_until
from inboxes import check, check_table_of
from paging import time as when

LEFT = re.compile(r"messages in the inbox: (\d+) left\n")
EACH_PAIR = (
    "INSERT INTO directmessages_message (sender_id, recipient_id, sent_at, content)"
    " SELECT a.id, b.id, ?, 'x' FROM auth_user a, auth_user b WHERE a.id <> b.id"
)
IS_FILLED = "UPDATE directmessages_inbox_fold SET is_filled = true"
IS_BEING_FILLED = "SELECT count(*) FROM sqlite_master WHERE name = 'directmessages_inbox_fill'"
EMPTY = "UPDATE directmessages_inbox_fold SET is_filled = false, folded = 0"


def much_to_fill(server):
    """A message of each of 200 users to each other one, some newer ones, and a table from before it was filled."""
    dice, users = random.Random(7), server.users(200)
    server.sql(EACH_PAIR, [when(0)])
    server.insert_messages([(*dice.sample(users, 2), when(n)) for n in range(1250)])
    forget_all(server)
    return users


def forget_all(server):
    server.sql(EMPTY)
    server.sql("DELETE FROM directmessages_inbox")


class HasEnded(Exception):
    """A busy machine may have filled the table before the test could do what it does meanwhile: it tries again."""


def try_again(server, attempt):
    def one():
        try:
            return attempt()
        except HasEnded:
            forget_all(server)
            return None

    return wait_until(one, "it is met at work")


def interrupt(server, number):
    """Starts `migrate`, ends it with the signal when it says how much is left, and gives that."""
    process = subprocess.Popen(
        [str(PROGRAM), "--database", server.store.url, "migrate"],
        env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None,
    )  # fmt: skip
    with process:
        line = process.stdout.readline()
        process.send_signal(number)
        rest = process.communicate(timeout=DEADLINE)
    if process.returncode == 0:
        raise HasEnded
    assert process.returncode == -number, (line, rest)
    return int(LEFT.fullmatch(line).group(1))


def interrupt_again_and_again(server, users):
    """What is left then."""
    left = newest(server)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        before, left = left, interrupt(server, number)
        assert 0 < left < before, "what was filled before stays"
        asked = server.run("migrate", "--check")
        assert asked.returncode == 1 and "step 15, messages in the inbox, is due" in asked.stderr
        server.insert_messages([(*users[:2], when(2000 + number))])  # for whom it was filled already
    return left


@pytest.mark.concurrent
def test_it_goes_on_where_it_was(make_server):
    server = make_server(start=False)
    assert server.run("migrate").returncode == 0
    users = much_to_fill(server)
    left = try_again(server, lambda: interrupt_again_and_again(server, users))
    done = server.run("migrate")
    first, *_, last, end = done.stdout.splitlines(keepends=True)
    assert (done.returncode, last, end) == (0, "applied 0015 messages in the inbox\n", "the schema is up to date\n")
    assert 0 < int(LEFT.fullmatch(first).group(1)) < left
    server.start()
    wait_folded(server)
    for user in users[::20]:
        check_table_of(server, user.id)
    check(server, users[7], page_size=50)


def stop_between_pieces(process, path):
    """Stops it where it has not locked the file; gives a connection that has."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None)
    while True:
        process.send_signal(signal.SIGSTOP)
        try:
            connection.execute("BEGIN IMMEDIATE")
            return connection
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)


def end_it_meanwhile(server):
    """Takes the table away that the next piece of `migrate` would ask; what that says."""
    command = [str(PROGRAM), "--database", server.store.url, "migrate"]
    with subprocess.Popen(command, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        line = process.stdout.readline()
        with contextlib.closing(stop_between_pieces(process, server.store.path)) as other:
            has_ended = other.execute(IS_BEING_FILLED).fetchone() == (0,)
            for statement in ("ROLLBACK",) if has_ended else ("DROP TABLE directmessages_inbox_fill", IS_FILLED, "COMMIT"):
                other.execute(statement)
        process.send_signal(signal.SIGCONT)
        said = process.communicate(timeout=DEADLINE)[0]
    assert process.returncode == 0, said
    if has_ended:
        raise HasEnded
    assert LEFT.fullmatch(line)
    return said


@pytest.mark.sqlite
@pytest.mark.concurrent
def test_another_process_ends_it(make_server):
    server = make_server(start=False)
    assert server.run("migrate").returncode == 0
    much_to_fill(server)
    said = try_again(server, lambda: end_it_meanwhile(server))
    assert said.endswith("the schema is up to date\n") and "applied" not in said, said
    assert server.sql(IS_BEING_FILLED) == [(0,)]
