# SPDX-License-Identifier: MIT
"""The step of `migrate` that fills the table of inboxes: interrupted, it goes on where it was."""

import random
import re
import signal
import subprocess

import pytest

from folding import folded, newest, wait_folded
from harness import DEADLINE, PROGRAM, environment
from inboxes import check, check_table
from paging import time as when

LEFT = re.compile(r"messages in the inbox: (\d+) left\n")
PIECE = 1000
DOUBLE = (
    "INSERT INTO directmessages_message (sender_id, recipient_id, sent_at, content)"
    " SELECT recipient_id, sender_id, sent_at, content FROM directmessages_message"
)


def much_to_fill(server):
    """40,000 messages of 20 users, and a table from before it was filled."""
    dice, users = random.Random(7), server.users(20)
    server.insert_messages([(*dice.sample(users, 2), when(n)) for n in range(1250)])
    for _ in range(5):
        server.sql(DOUBLE)
    server.sql("UPDATE directmessages_inbox_fold SET is_filled = false, folded = 0")
    server.sql("DELETE FROM directmessages_inbox")
    return users


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
    assert process.returncode == -number, (line, rest)
    return int(LEFT.fullmatch(line).group(1))


@pytest.mark.concurrent
def test_it_goes_on_where_it_was(make_server):
    server = make_server(start=False)
    assert server.run("migrate").returncode == 0
    users = much_to_fill(server)
    left = newest(server)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        before, left = left, interrupt(server, number)
        assert 0 < left <= before - PIECE, "what was filled before stays"
        assert 0 < folded(server) < newest(server)
        asked = server.run("migrate", "--check")
        assert asked.returncode == 1 and "step 15, messages in the inbox, is due" in asked.stderr
    done = server.run("migrate")
    first, *_, last, end = done.stdout.splitlines(keepends=True)
    assert (done.returncode, last, end) == (0, "applied 0015 messages in the inbox\n", "the schema is up to date\n")
    assert 0 < int(LEFT.fullmatch(first).group(1)) <= left - PIECE
    server.start()
    wait_folded(server)
    check_table(server)
    for user in users[:3]:
        check(server, user)
