# SPDX-License-Identifier: MIT
"""What people see: text from users never controls a terminal, and access lines show what was sent."""

import re

import pytest

# As they are stored, and as the command line shows them.
SHOWN = [
    ("\x85next line", r"\x85next line"),
    ("a \x9b31m b", r"a \x9b31m b"),
    ("\x80\x9f", r"\x80\x9f"),
    ("\xa0\xa1 caf\xe9", "\xa0\xa1 caf\xe9"),
    ("\u0100 \u0185 \u2085", "\u0100 \u0185 \u2085"),
    ("\x1b[31m\x07\x7f\x01\x1f", r"\x1b[31m\x07\x7f\x01\x1f"),
    ("tab\tline\nback\\slash\r", r"tab\tline\nback\\slash\x0d"),
]


@pytest.mark.parametrize("content, shown", SHOWN)
def test_a_terminal_is_told_nothing_by_a_message(server, alice, bob, content, shown):
    alice.send(bob, content)
    done = server.run("message", "list", "--user", bob.username, "--limit", 1)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.removesuffix("\n").split("\n")[-1].split("\t")[-1] == shown


def access_line(server, since):
    return re.search(r" bytes=(\d+) ", server.wait_log(r" access method=", since)).group(1)


def test_access_lines_tell_what_was_sent(make_server):
    """Of a HEAD and of a 204 nothing; of an error and of a page the body."""
    server = make_server()
    alice, bob = server.users(2)
    message = alice.send(bob, "hello")
    server.wait_log(" access method=POST")
    requests = [
        ("GET", "unread/"), ("HEAD", "unread/"), ("GET", f"conversations/{alice.id}/"), ("HEAD", "conversations/"),
        ("GET", "nowhere/"), ("HEAD", "nowhere/"), ("OPTIONS", "unread/"), ("DELETE", f"messages/{message['id']}/"),
    ]  # fmt: skip
    for method, path in requests:
        since = len(server.log)
        answer = bob.request(method, path)
        sent = access_line(server, since)
        assert sent == str(len(answer.body)), (method, path)
        assert (method in ("HEAD", "DELETE")) == (sent == "0")
