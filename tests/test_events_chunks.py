# SPDX-License-Identifier: MIT
"""Event streams as HTTP/1.1 clients read them: in chunks, each event when it comes, straight and through nginx."""

import contextlib
import json
import queue
import subprocess
import threading

import pytest

import nginx
import openapi_tools
from harness import DEADLINE
from streams import Stream, contents

# requests reads a body without chunks and without a length in pieces of a size of its own, and waits until one is full.
LISTEN = """
import sys, requests
url, token = sys.argv[1:]
with requests.get(url, headers={"Authorization": "Token " + token}, stream=True) as answer:
    answer.raise_for_status()
    for line in answer.iter_lines(chunk_size=4096):
        print(line.decode(), flush=True)
"""


@contextlib.contextmanager
def listening(port, user):
    """Gives a function that waits for the next line that Python's requests receives."""
    python = openapi_tools.PYTHON.folder() / "bin" / "python"
    url = f"http://127.0.0.1:{port}{user.server.prefix}events/"
    lines = queue.Queue()
    with subprocess.Popen([python, "-c", LISTEN, url, user.token], stdout=subprocess.PIPE, text=True) as process:
        reader = threading.Thread(target=lambda: [lines.put(line.rstrip("\n")) for line in process.stdout])
        reader.start()
        try:
            yield lambda: lines.get(timeout=DEADLINE)
        finally:
            process.kill()
            reader.join()


def hear(next_line):
    """The next event's data."""
    return json.loads(next(line for line in iter(next_line, None) if line.startswith("data: ")).removeprefix("data: "))


@contextlib.contextmanager
def front_of(server, folder, version):
    """The port where nginx listens, which speaks this version of HTTP to the server."""
    if nginx.PROGRAM is None:
        pytest.skip("needs nginx (Debian's package nginx-light)")
    front = nginx.Nginx(folder / "nginx", server.port)
    front.put_lines(f"proxy_http_version {version};")
    try:
        yield front.start().port
    finally:
        front.close()


@pytest.mark.sqlite
@pytest.mark.parametrize("through", [None, "1.0", "1.1"])
def test_requests_hears_each_event_when_it_comes(server, alice, bob, tmp_path, through):
    openapi_tools.need(openapi_tools.PYTHON)
    with front_of(server, tmp_path, through) if through else contextlib.nullcontext(server.port) as port:
        with listening(port, bob) as next_line:
            assert next_line() == ":"  # the stream is open
            for number in range(3):
                alice.send(bob, f"event {number}")
                assert hear(next_line)["content"] == f"event {number}"


def test_each_event_is_a_chunk(alice, bob):
    with Stream(bob) as stream:
        alice.send(bob, "x" * 70_000)
        alice.send(bob, "y")
        assert [len(content) for content in contents(stream.take(2))] == [70_000, 1]
        first, large, small = stream.lines.sizes
        assert first < 100 and 70_000 < large < 70_400 and 1 < small < 400


def test_what_is_replayed_comes_in_chunks_too(alice, bob):
    """A piece of the log with nothing for this user is no chunk: one of no bytes would end the body."""
    with Stream(bob) as stream:
        start = stream.last_id
    for _ in range(501):
        alice.send(alice.server.user(), "for somebody else")
    alice.send(bob, "for bob")
    with Stream(bob, last_event_id=start) as stream:
        assert contents([stream.next()]) == ["for bob"]
        assert 0 not in stream.lines.sizes
