# SPDX-License-Identifier: MIT
"""Pools of slow clients beside honest ones: who sends a byte at a time, and who reads nothing of what they asked for."""

import contextlib
import threading
import time

import harness
from drill.ends import Load
from hostile_client import JSON, get, request

EACH = 40  # slow clients of a kind
PAUSE = 0.2  # seconds between two bytes
LONG = "x" * 20_000


def slow_head(user):
    return b"", get(user, "unread/")[:-2] + b"X-Slow: " + b"x" * 1000


def slow_body(user):
    body = b'{"content":"slowly"}'.ljust(1000)
    return request(user, "POST", f"send/{user.id}/", JSON, b"Content-Length: 1000"), body


def reads_nothing(user):
    return get(user, f"conversations/{user.partner.id}/") * 20, b""


def hears_nothing(user):
    return get(user, "events/"), b""


class Pool(threading.Thread):
    """Holds so many connections of a kind, each again where the server has ended it."""

    def __init__(self, server, user, kind):
        super().__init__(daemon=True)
        self.server, self.user, self.kind = server, user, kind
        self.is_over, self.opened = False, 0

    def connect(self):
        first, rest = self.kind(self.user)
        raw = self.server.raw(first)
        raw.sock.setblocking(False)
        self.opened += 1
        return raw, iter(rest)

    def run(self):
        slow = [None] * EACH
        while not self.is_over:
            for at, one in enumerate(slow):
                with contextlib.suppress(BlockingIOError):
                    slow[at] = self.step(one)
            time.sleep(PAUSE)
        for raw, _ in filter(None, slow):
            raw.close()

    def step(self, one):
        try:
            if one is None:
                return self.connect()
            byte = next(one[1], None)
            if byte is not None:
                one[0].sock.send(bytes([byte]))
        except BlockingIOError:
            raise
        except OSError:
            one[0].close() if one else None
            return None
        return one


def run(backend, seconds, seed):
    """Honest clients send all the time; they get responses, and these are true."""
    with contextlib.closing(harness.Server(backend=backend).start()) as server:
        load = Load(server, seed)
        user, user.partner = server.users(2)
        server.insert_messages((user, user.partner, "2025-01-01 00:00:00", None, LONG) for _ in range(50))
        pools = [Pool(server, user, kind) for kind in (slow_head, slow_body, reads_nothing, hears_nothing)]
        with load.at_work() as senders:
            for pool in pools:
                pool.start()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                load.more(senders)
        for pool in pools:
            pool.is_over = True
        for pool in pools:
            pool.join()
        return load.judge()._replace(kills=sum(pool.opened for pool in pools))
