# SPDX-License-Identifier: MIT
"""The walk-throughs of README.md and docs/walk-through.md, typed in as they stand."""

import contextlib
import json
import re

import pytest

import harness
from page import Page, Shell

pytestmark = pytest.mark.sqlite

# On a busy machine a second may not do.
UNTIL_A_STREAM_IS_OPEN = (
    "for _ in $(seq 600); do curl http://{}/metrics | grep -q '^directmessages_event_streams 1' && break; sleep 0.1; done"
)


def documents(text):
    """The JSON documents that stand in the text, one behind the other."""
    found, decoder = [], json.JSONDecoder()
    while text := text.strip():
        document, end = decoder.raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


@pytest.fixture
def walk(make_server, tmp_path):
    """Types the blocks of a page into a shell, beside a server with john and jane; gives what each printed."""
    with contextlib.ExitStack() as stack:

        def run(path):
            server = make_server()
            for name in ("john", "jane"):
                assert server.run("user", "create", name).returncode == 0
            places = {"http://127.0.0.1:8000": f"http://{server.netloc}", "build/directmessages": str(harness.PROGRAM)}
            page = Page(path, places)
            shell = stack.enter_context(contextlib.closing(Shell(tmp_path, {"DATABASE_URL": server.url}, tmp_path / "errors")))
            printed = []
            for kind, text in page.blocks:
                if kind == "python":
                    (tmp_path / "walk.py").write_text(text)
                else:
                    text = re.sub(r"^(#.*)?\n", "", text, flags=re.MULTILINE)
                    text = text.replace("& sleep 1", "& " + UNTIL_A_STREAM_IS_OPEN.format(server.netloc))
                    printed.append(shell.run(text.replace("curl ", "curl -sS --noproxy '*' ")))
            return printed

        yield run


def test_readme(walk):
    (printed,) = walk(harness.ROOT / "README.md")
    sent, unread, page, conversation = documents(printed)
    (shown,) = re.findall(r"^    (\{\"id\".*\})$", (harness.ROOT / "README.md").read_text(), re.MULTILINE)
    for document in (sent, shown := json.loads(shown)):
        document["sent_at"] = "then"
    assert list(sent.items()) == list(shown.items())
    assert unread == {"id": 2, "count": 1}
    (message,) = page["results"]
    assert (message["content"], message["direction"], message["read_at"] is None) == ("Hello, Jane!", "in", False)
    assert [one["content"] for one in conversation] == ["Hello, John!", "Hello, Jane!"]


def test_page(walk):
    _, sent, named, unread, inbox, partners, page, unmarked, marked, conversation, hidden, all_hidden, blocked, events, told, schema, python = walk(harness.ROOT / "docs" / "walk-through.md")
    assert [one["content"] for one in documents(sent)] == ["Hello, Jane!", "Are you there?", "Hello?"]
    assert [one["recipient"] for one in documents(named)] == [2]
    assert '{"id":2,"count":4}' in unread and '"partner_username":"john","unread_count":4' in unread
    inbox, entry = documents(inbox)
    assert inbox["results"] == [entry] and (entry["partner"]["username"], entry["unread_count"]) == ("john", 4)
    assert '"username":"john"' in partners and page.count('"direction":"in"') == 4
    assert len(documents(unmarked)[0]["results"]) == 4 and documents(unmarked)[1]["id"] == 1
    assert [list(one.values()) for one in documents(marked)] == [[1, 0, 0], [1, 1, 1], [1, 2, 3], [3]]
    assert " 204 " in all_hidden
    assert '"content":"Hello, John!"' in conversation and " 204 " in hidden
    assert blocked.count(" 204 ") == 2 and '"username":"john"' in blocked and "blocked_at" in blocked
    assert "event: message_sent" in events and '{"detail":"Authentication credentials were not provided."}' in told
    assert '"name":"Message Send"' in told and "openapi: 3" in schema and '"openapi":' in schema
    assert "messages now: 7" in python and "name: Unread Messages" in python
