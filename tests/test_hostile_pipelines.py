# SPDX-License-Identifier: MIT
"""Requests one behind the other, before the responses are read: all are answered, in order."""

import random
import threading

import pytest

from hostile_client import CHUNKED, JSON, LAST_CHUNK, chunk, contents, get, request, send_to

pytestmark = [pytest.mark.sqlite, pytest.mark.usefixtures("unharmed_target")]
TARGET = {"IDLE_TIMEOUT": 1}  # settings of the server that the module's tests share


def plan(server, count, seed):
    """Requests of all kinds, each with what its answer has to be: (bytes, is a HEAD, status, content or None)."""
    rng = random.Random(seed)
    alice, bob = server.alice, server.bob
    stranger = server.anonymous()

    def send(number):
        content = f"pipelined {seed} {number}"
        body = b'{"content":"%s"}' % content.encode()
        pieces = [chunk(body[:5]), chunk(body[5:]), LAST_CHUNK]
        lines = (JSON, CHUNKED)
        data = send_to(server, JSON, body=body) if rng.random() < 0.5 else send_to(server, *lines) + b"".join(pieces)
        return data, False, 201, content

    kinds = [
        send,
        send,
        send,
        lambda _: (get(alice, "unread/"), False, 200, None),
        lambda _: (get(bob, f"conversations/{alice.id}/"), False, 200, None),
        lambda _: (get(alice, "conversations/"), False, 200, None),
        lambda _: (request(alice, "HEAD", "unread/"), True, 200, None),
        lambda _: (request(alice, "OPTIONS", "send/1/"), False, 200, None),
        lambda _: (request(alice, "DELETE", "messages/999999/"), False, 404, None),
        lambda _: (request(alice, "PUT", "unread/", JSON, body=b"{}" * 500), False, 405, None),
        lambda _: (get(stranger, "unread/"), False, 401, None),
        lambda _: (get(alice, "unread"), False, 301, None),
        lambda _: (send_to(server, JSON, body=b"{"), False, 400, None),
        lambda _: (send_to(server, b"Content-Type: text/plain", body=b"x"), False, 415, None),
    ]
    return [rng.choice(kinds)(number) for number in range(count)]


def check_answers(raw, planned):
    for number, (_, is_head, status, content) in enumerate(planned):
        answer = raw.response(is_head)
        assert answer is not None, f"hung up after {number} answers"
        assert answer.status == status, (number, answer)
        if content is not None:
            assert answer.json()["content"] == content


@pytest.mark.parametrize("piece", [1, 7, 1000, 10_000_000])
def test_pipelined_requests_are_answered_in_order(target, piece):
    planned = plan(target, 30 if piece < 10 else 400, piece)
    data = b"".join(entry[0] for entry in planned)
    with target.raw() as raw:
        sender = threading.Thread(target=lambda: [raw.send(data[at : at + piece]) for at in range(0, len(data), piece)])
        sender.start()
        try:
            check_answers(raw, planned)
        finally:
            sender.join()
    wanted = [content for *_, content in planned if content is not None]
    assert [content for content in contents(target) if content.startswith(f"pipelined {piece} ")] == wanted


@pytest.mark.concurrent
def test_pipelines_side_by_side_do_not_mix(target):
    planned = [plan(target, 150, f"lane{number}") for number in range(8)]
    failures = []

    def run(entries):
        try:
            with target.raw(b"".join(entry[0] for entry in entries)) as raw:
                check_answers(raw, entries)
        except Exception as failure:  # noqa: B902, is raised again below
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(entries,)) for entries in planned]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_pipeline_that_is_never_read_is_no_harm(target):
    with target.raw() as raw:
        raw.sock.settimeout(0.5)
        data = b"".join(entry[0] for entry in plan(target, 200, "unread"))
        try:
            for _ in range(20):
                raw.sock.sendall(data)
        except (TimeoutError, ConnectionError):
            pass  # the server rightly stops reading where nobody reads its answers
