# SPDX-License-Identifier: MIT
"""Acknowledged is stored: the write-ahead log, and a flush before the answer."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from hostile_client import is_sanitized

pytestmark = pytest.mark.sqlite


def log_size(server):
    path = f"{server.database}-wal"
    return os.path.getsize(path) if os.path.exists(path) else 0


def test_journal_is_a_write_ahead_log_that_grows(make_server):
    server = make_server()
    one, two = server.users(2)
    sizes = [log_size(server)]
    for number in range(3):
        one.send(two, str(number) * 9000)
        sizes.append(log_size(server))
    assert sizes == sorted(set(sizes)), sizes
    assert server.sql("PRAGMA journal_mode") == [("wal",)]


def test_log_is_written_back_at_a_clean_end(make_server):
    """What a copy of the one file needs to be whole."""
    server = make_server()
    one, two = server.users(2)
    one.send(two)
    server.stop()
    assert log_size(server) == 0
    copy = server.directory / "copy.db"
    shutil.copy(server.database, copy)
    server.database = copy
    assert server.sql("SELECT count(*) FROM directmessages_message") == [(1,)]


def test_log_does_not_grow_for_ever(make_server):
    """It is checkpointed and restarted while the server runs, with readers at work."""
    server = make_server()
    one, two = server.users(2)
    largest, sent = 0, 0
    while sent < largest + 50_000_000:
        assert one.post(f"send/{two.id}/", {"content": "x" * 2_000_000}).status == 201
        one.get("unread/")
        largest, sent = max(largest, log_size(server)), sent + 2_000_000
        assert sent < 300_000_000, "it has begun anew by then, also on a slow disk"


def test_message_is_flushed_before_its_sender_is_told(make_server, tmp_path):
    """The calls that the system sees between the request and its answer."""
    strace = shutil.which("strace")
    if not strace or is_sanitized():
        pytest.skip("this needs strace, and no sanitizer")
    server = make_server()
    one, two = server.users(2)
    one.send(two, "so that all is open")
    output = tmp_path / "calls"
    tracer = subprocess.Popen(
        [
            strace,
            "-f",
            "-y",
            "-e",
            "trace=fsync,fdatasync,sendto,sendmsg,write,writev,pwrite64,send",
            "-o",
            output,
            "-p",
            str(server.process.pid),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if "attached" not in tracer.stderr.readline():
            pytest.skip("strace may not attach here")
        for number in range(5):
            one.send(two, f"message {number}")
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=60)
    calls = output.read_text(encoding="utf-8", errors="replace").splitlines()
    order = []
    for call in calls:
        if re.search(r"f(data)?sync\(\d+<[^>]*-wal>", call):
            order.append("flush")
        elif "HTTP/1.1 201" in call:
            order.append("answer")
    assert order.count("answer") == 5
    assert re.fullmatch(r"((flush )+answer )+", " ".join(order) + " "), order


def test_messages_survive_the_kill_of_a_server_that_was_told_nothing(make_server):
    server = make_server()
    one, two = server.users(2)
    for number in range(50):
        one.send(two, str(number))
        if number % 10 == 9:
            server.kill()
            server.start()
            assert two.unread() == number + 1
