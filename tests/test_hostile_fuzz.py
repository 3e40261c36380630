# SPDX-License-Identifier: MIT
"""Random damage to good requests: a smoke of 300, or DIRECTMESSAGES_FUZZ=N for N of them (`make fuzz`)."""

import contextlib
import os
import random
import re

import pytest

from hostile_client import (
    CHUNKED,
    FORM,
    JSON,
    LAST_CHUNK,
    chunk,
    finish,
    get,
    request,
    send_to,
    unharmed,
)

pytestmark = pytest.mark.sqlite
TARGET = {"IDLE_TIMEOUT": 1, "LOG_LEVEL": "debug"}  # settings of the server that the module's tests share

COUNT = int(os.environ.get("DIRECTMESSAGES_FUZZ", "300"))
SEED = int(os.environ.get("DIRECTMESSAGES_FUZZ_SEED", "20251123"))
SHARES = 3
BATCH = 25
OUR_FAILURE = re.compile(rb'^HTTP/1\.1 50[03] [^\n]*\n([^\r\n]+\r\n)*\r\n\{"detail"', re.MULTILINE)

TOKENS = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b"/",
    b"?",
    b"%",
    b"%00",
    b"%ff",
    b"&",
    b"=",
    b"cursor=",
    b"format=json",
    b"{",
    b"}",
    b"[",
    b'"',
    b"\\u0000",
    b"\\ud800",
    b"\xff",
    b"\xc3\xa9",
    b"0",
    b"-1",
    b"9" * 25,
    b"a" * 5000,
    b"--XX",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Host: \r\n",
    b"Accept: */*;q=x\r\n",
    b"Content-Type: multipart/form-data; boundary=XX\r\n",
    b"HTTP/1.0",
    b"HTTP/9.9",
    b"HEAD",
    b"OPTIONS",
    b"DELETE",
    b"0\r\n\r\n",
    b"fffffffff\r\n",
    b"\r\n\r\n",
]


def good_requests(server):
    alice, bob = server.alice, server.bob
    multipart = b'--XX\r\nContent-Disposition: form-data; name="content"\r\n\r\nx\r\n--XX--\r\n'
    return [
        get(alice, "unread/"),
        get(alice, "conversations/?cursor=cD0y", b"Accept: text/html, application/json;q=0.9"),
        get(alice, "conversations/unread/"),
        get(bob, f"conversations/{alice.id}/?cursor=cD0yMDI1LTAxLTAxKzAwJTNBMDAlM0EwMCUyQjAwJTNBMDA%3D"),
        request(alice, "DELETE", "messages/1/"),
        request(alice, "OPTIONS", f"conversations/{bob.id}/"),
        send_to(server, JSON, body=b'{"content":"x","more":[1,2.5,null,{"a":"\\u00e9"}]}'),
        send_to(server, FORM, body=b"content=a+b%20c&other=1"),
        send_to(server, b"Content-Type: multipart/form-data; boundary=XX", body=multipart),
        send_to(server, JSON, CHUNKED) + chunk(b'{"content"') + chunk(b':"x"}') + LAST_CHUNK,
        request(bob, "POST", f"conversations/{alice.id}/", JSON, body=b'{"content":"y"}'),
        get(alice, "unread/") + send_to(server, JSON, body=b'{"content":"z"}') + get(alice, "conversations/"),
    ]


def damaged(rng, requests):
    data = bytearray(rng.choice(requests))
    for _ in range(rng.choice([1, 1, 2, 3, 8])):
        at = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0:
            data[at : at + rng.randrange(1, 20)] = b""
        elif kind == 1:
            data[at:at] = rng.choice(TOKENS)
        elif kind == 2:
            data[at : at + 1] = rng.randbytes(1)
        elif kind == 3:
            data[at:at] = data[at : at + rng.randrange(1, 60)] * rng.randrange(1, 4)
        elif kind == 4:
            data[at:at] = rng.choice(requests)[: rng.randrange(300)]
        elif rng.random() < 0.3:
            del data[at:]
    return bytes(data)


def leave_or_listen(raw, rng):
    """Everything that comes back, up to the server's hanging up; some clients do not wait for it."""
    if rng.random() < 0.2:
        return b""
    finish(raw)
    try:
        return raw.reader.read()
    except ConnectionResetError:
        return b""


def send_batch(server, batch, rng):
    """Sends each on a connection of its own, at the same time as the others; returns what came back to each."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(server.raw()) for _ in batch]
        cuts = [rng.randrange(len(data) + 1) for data in batch]
        for raw, data, cut in zip(connections, batch, cuts):
            raw.send(data[:cut])
        for raw, data, cut in zip(connections, batch, cuts):
            raw.send(data[cut:])
        return [leave_or_listen(raw, rng) for raw in connections]


@pytest.mark.parametrize("share", range(SHARES))
def test_damaged_requests_do_no_harm(target, share):
    rng = random.Random(f"{SEED} {share}")
    print(f"seed {SEED}, share {share} of {COUNT} requests")
    with unharmed(target):
        requests = good_requests(target)
        for _ in range(0, COUNT // SHARES, BATCH):
            batch = [damaged(rng, requests) for _ in range(BATCH)]
            came = send_batch(target, batch, rng)
            assert target.process.poll() is None, f"ended by one of {batch}:\n{target.tail()}"
            failed = [(data, got) for data, got in zip(batch, came) if OUR_FAILURE.search(got)]
            assert not failed, failed[0]
    assert target.sql("PRAGMA integrity_check") == [("ok",)]
