# SPDX-License-Identifier: MIT
"""Pages, and other answers, that end by their bytes: long contents, of many characters or of those that JSON escapes."""

import json
import random

import pytest

from hostile_client import is_sanitized
from paging import after, ids, walk
from streams import Stream

PAGE_BYTES = 4 << 20
CONTENTS = ["x", "\u0001" * 65536, "\u4e2d" * 65536, "y" * 65536, "z" * 1_500_000]


def converse(server, one, other, contents, ties=1):
    """Unread messages in both directions, `ties` of each time; their ids, newest first."""
    pairs = [(one, other), (other, one)]
    at = [f"2025-06-06 12:{n // ties // 60:02}:{n // ties % 60:02}.000500" for n in range(len(contents))]
    rows = [(*pairs[n % 2], at[n], None, content) for n, content in enumerate(contents)]
    return server.insert_messages(rows)[::-1]


def caches(server):
    """What SQLite keeps of the file, for the writer and a reader."""
    return 2 * (64 << 20) if server.url.startswith("sqlite") else 0


class Peak:
    """How much memory the server has had at most since this was made, in bytes."""

    def __init__(self, server):
        self.folder = f"/proc/{server.process.pid}"
        with open(f"{self.folder}/clear_refs", "w") as refs:
            refs.write("5")
        self.start = self._read()

    def _read(self):
        with open(f"{self.folder}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024

    def grown(self):
        return self._read() - self.start


@pytest.mark.parametrize("ties", [1, 7, 80], ids=["of their own times", "in sevens", "all of one time"])
def test_pages_that_end_by_their_bytes_hold_each_message_once(server, alice, bob, ties):
    contents = random.Random(ties).choices(CONTENTS, weights=[6, 4, 2, 2, 1], k=80)
    wanted = converse(server, alice, bob, contents, ties)
    sizes = dict(zip(wanted, reversed(contents)))

    def fetch(query=""):
        answer = bob.get(f"conversations/{alice.id}/{query}")
        assert answer.status == 200
        page = answer.json()
        rows = [len(json.dumps(row["content"], ensure_ascii=False).encode()) for row in page["results"]]
        nearest = sum(rows) - max(rows[0], rows[-1])  # without the row that filled it, at whichever end
        assert 1 <= len(rows) <= 50 and nearest < PAGE_BYTES, "it went on beyond its bytes"
        for row in page["results"]:
            assert row["content"] == sizes[row["id"]]
        return page

    pages = walk(fetch, fetch(), "next")
    assert [one for page in pages for one in ids(page)] == wanted
    assert any(len(page["results"]) < 50 for page in pages[:-1]), "none ended by its bytes"
    back = walk(fetch, pages[-1], "previous")
    assert [one for page in reversed(back) for one in ids(page)] == wanted
    for page, link in ((pages[1], "previous"), (back[1], "next")):
        there = fetch(after(page[link]))
        assert ids(there), "a page there and back"


def test_the_whole_conversation_comes_in_pieces_that_end_by_their_bytes(server, alice, bob):
    contents = random.Random(1).choices(CONTENTS, weights=[6, 4, 2, 2, 1], k=60)
    wanted = converse(server, alice, bob, contents)
    answer = bob.post(f"conversations/{alice.id}/", {"content": "last"})
    assert answer.status == 201
    assert ids({"results": answer.json()})[1:] == wanted
    assert [row["content"] for row in answer.json()] == ["last", *reversed(contents)]


def test_a_page_of_long_messages_does_not_need_them_all_in_memory(make_server):
    """50 of 2.6 MB in the database; two or three fit on a page."""
    server = make_server()
    alice, bob = server.users(2)
    converse(server, alice, bob, ["x" * 2_600_000] * 50)
    peak = Peak(server)
    page = bob.get(f"conversations/{alice.id}/").json()
    assert len(page["results"]) == 2 and page["next"]
    assert is_sanitized() or peak.grown() < (100 << 20) + caches(server)


def test_the_longest_message_of_control_characters_is_shown(server, alice, bob):
    """16 MB of JSON, which a user's share of the budget holds once, or twice."""
    first, last = converse(server, alice, bob, ["\u0001" * 2_600_000, "x"])[::-1]
    newest = bob.get(f"conversations/{alice.id}/")
    assert newest.status == 200 and ids(newest.json()) == [last, first]
    assert newest.json()["results"][1]["content"] == "\u0001" * 2_600_000


def test_replay_of_long_events_does_not_need_them_all_in_memory(make_server):
    server = make_server(env={"DIRECTMESSAGES_EVENTS_QUEUE_BYTES": 1 << 20})
    alice, bob = server.users(2)
    with Stream(alice) as stream:
        start = stream.last_id
    sent = [bob.send(alice, "x" * 1_000_000)["id"] for _ in range(60)]
    peak = Peak(server)
    with Stream(alice, last_event_id=start) as stream:
        assert [stream.next().data["id"] for _ in sent] == sent
        assert alice.send(bob, "live")["id"] == stream.next().data["id"]
    assert is_sanitized() or peak.grown() < (40 << 20) + caches(server)
