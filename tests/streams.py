# SPDX-License-Identifier: MIT
"""A client of an event stream: what comes on it, piece by piece, over a real socket."""

import collections
import json
import time

from harness import DEADLINE, wait_until

Event = collections.namedtuple("Event", "name id data")


class Chunks:
    """The lines of a body that comes in chunks. `whole` once the last one has come, `sizes` are those of all that came."""

    def __init__(self, reader):
        self._reader = reader
        self._left = b""
        self.whole = False
        self.sizes = []

    def readline(self):
        """As of a file; what is left at its end is no line."""
        while b"\n" not in self._left and not self.whole:
            size = self._reader.readline()
            if not size.endswith(b"\r\n"):
                return b""
            data = self._reader.read(int(size, 16))
            if self._reader.readline() != b"\r\n":
                return b""
            self.whole = not data
            self.sizes.append(len(data))
            self._left += data
        line, end, self._left = self._left.partition(b"\n")
        return line + end


class Stream:
    """`with Stream(user) as stream: stream.next()`. The first lines have come when it is open."""

    def __init__(self, user, query="", last_event_id=None, headers=(), server=None):
        lines = [f"GET {user.server.prefix}events/{query} HTTP/1.1", "Host: x", "Accept: text/event-stream"]
        if user.token:
            lines.append(f"Authorization: Token {user.token}")
        if last_event_id is not None:
            lines.append(f"Last-Event-ID: {last_event_id}")
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        self.raw = (server or user.server).raw("".join(line + "\r\n" for line in [*lines, ""]).encode())
        self.raw.sock.settimeout(DEADLINE)
        self.status = int(self.raw.reader.readline().split()[1])
        self.headers = {}
        while line := self.raw.reader.readline().decode().rstrip("\r\n"):
            name, value = line.split(": ", 1)
            self.headers[name] = value
        self.lines = Chunks(self.raw.reader) if self.headers.get("Transfer-Encoding") == "chunked" else self.raw.reader
        self.last_id = last_event_id
        self.comments = 0
        if self.status == 200:
            self.first = self._block()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.close()

    def _block(self):
        """The lines up to an empty one; None at the end of the stream."""
        lines = []
        while True:
            try:
                line = self.lines.readline()
            except ConnectionResetError:
                return None
            if not line.endswith(b"\n"):
                return None
            if line == b"\n":
                break
            lines.append(line.decode().rstrip("\n"))
        fields = [line.split(": ", 1) if ": " in line else [line, ""] for line in lines]
        for name, value in fields:
            if name == "id":
                self.last_id = value
            elif name == ":":
                self.comments += 1
        return dict(fields)

    def next(self):
        """The next event, skipping comments and the like; None at the end of the stream."""
        end = time.monotonic() + DEADLINE
        while (block := self._block()) is not None:
            if "data" in block:
                return Event(block["event"], block["id"], json.loads(block["data"]))
            assert time.monotonic() < end, "nothing but heartbeats"
        return None

    def take(self, count):
        events = [self.next() for _ in range(count)]
        assert None not in events, events
        return events

    def wait_comment(self):
        """Waits for a heartbeat, and demands that no event comes before it."""
        before, end = self.comments, time.monotonic() + DEADLINE
        while self.comments == before:
            block = self._block()
            assert block is not None and "data" not in block, block
            assert time.monotonic() < end

    def ends(self):
        """Whether the stream ends, and says so, before another event comes."""
        return self.next() is None and self.lines.whole


def numbers_of(server, message):
    """The position of the message's first event as it was before positions were opaque."""
    place = "transaction, id" if server.url.startswith("postgresql") else "id"
    *place, nonce, epoch = server.sql(
        f"SELECT {place}, nonce, (SELECT epoch FROM directmessages_event_log) FROM directmessages_event"
        " WHERE message_id = ? ORDER BY kind LIMIT 1",
        [message],
    )[0]
    return "-".join(map(str, [*place, (nonce ^ epoch) & (2**63 - 1)]))


def settle(server):
    """Waits until what happened before is in the log for all. On PostgreSQL an event is given out when all older transactions
    of the cluster have ended; servers of other tests have such, and a stream that begins meanwhile is told of it, too."""
    if server.url.startswith("postgresql"):
        last = server.sql("SELECT pg_current_xact_id()::text::bigint")[0][0]
        oldest = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        wait_until(lambda: server.sql(oldest)[0][0] > last, "older transactions have ended")


def contents(events):
    return [event.data["content"] for event in events]
