# SPDX-License-Identifier: MIT
"""docs/clients.md, its first half, carried out: types from the running server's document, compiled strictly, a client that talks to it."""

import json
import os
import re
import shlex
import subprocess

import pytest

import openapi_tools
from harness import DEADLINE, ROOT, environment

pytestmark = pytest.mark.sqlite

PAGE = (ROOT / "docs" / "clients.md").read_text().split("\n## Go\n")[0]  # what follows is for generated_clients.py
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
# What the types must refuse: the compiler complains where one of these is no error. One it must take.
REFUSED = """
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";
declare const message: components["schemas"]["Message"];
declare const page: components["schemas"]["PaginatedMessageList"];
const client = createClient<paths>();
const path = { id: 1 };
// @ts-expect-error it is "in" or "out"
export const direction: "up" = message.direction;
// @ts-expect-error it may be null
export const read: string = message.read_at;
// @ts-expect-error it may be null
export const next: string = page.next;
export const alwaysThere: components["schemas"]["Message"][] = page.results;
// @ts-expect-error there is no such field
client.POST("/api/dm/send/{id}/", { params: { path }, body: { text: "x" } });
// @ts-expect-error the id is missing
client.POST("/api/dm/send/{id}/", { body: { content: "x" } });
// @ts-expect-error there is no such method
client.DELETE("/api/dm/send/{id}/", { params: { path } });
"""


@pytest.fixture
def folder(tmp_path):
    openapi_tools.need(openapi_tools.NODE)
    (tmp_path / "node_modules").symlink_to(openapi_tools.NODE.folder() / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


def run(folder, command, **env):
    """Runs a line of the page, with the programs that are installed for the tests."""
    words = shlex.split(command)
    if words[0] == "npx":
        words[0:2] = [str(openapi_tools.NODE.program(words[1]))]
    elif words[0] in ("python", "openapi-python-client"):
        words[0] = str(openapi_tools.PYTHON.program(words[0]))
        env["PATH"] = f"{openapi_tools.PYTHON.folder()}/bin:{os.environ['PATH']}"
    done = subprocess.run(
        words, cwd=folder, env=environment(**env), text=True, capture_output=True, timeout=2 * DEADLINE
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def command(program):
    found = [line for line in COMMANDS if f" {program} " in f" {line} "]
    assert len(found) == 1, found
    return found[0]


def test_the_page_installs_what_is_tested():
    pinned = json.loads((openapi_tools.FOLDER / "package.json").read_text())["dependencies"]
    installed = dict(re.findall(r" ([\w-]+)@([\d.]+)", "\n".join(COMMANDS)))
    assert installed == {name: pinned[name] for name in ("openapi-fetch", "openapi-typescript", "typescript")}
    (python,) = re.findall(r"pip install (\S+==\S+)", PAGE)
    assert python in (openapi_tools.FOLDER / "requirements.txt").read_text().splitlines()


def test_typescript(server, alice, bob, folder):
    messages, example = re.findall(r"```ts\n(.*?)```", PAGE, re.DOTALL)
    (folder / "messages.ts").write_text(messages)
    (folder / "example.ts").write_text(example)
    (folder / "refused.ts").write_text(REFUSED)
    for number in range(55):
        bob.send(alice, f"message {number}")

    run(folder, command("openapi-typescript").replace("http://127.0.0.1:8000", f"http://{server.netloc}"))
    run(folder, command("tsc") + " refused.ts")
    place = {"SERVER": f"http://{server.netloc}", "JOHN": alice.token, "JANE": bob.token}
    if run(folder, "node --version") < "v19":  # Debian 12's; later ones have `crypto`, as browsers do
        place["NODE_OPTIONS"] = "--experimental-global-webcrypto"
    said = run(folder, "node example.js", **place, JOHN_ID=alice.id, JANE_ID=bob.id).splitlines()

    by_partner = [{"partner_id": alice.id, "partner_username": alice.username, "unread_count": 1}]
    sent = int(said[0].split()[1])
    assert said == [
        f"sent {sent} out null",
        "again true",
        "unread 1",
        "by partner " + json.dumps(by_partner, separators=(",", ":")),
        f"inbox {alice.username} Hello from TypeScript 1",
        "looked Hello from TypeScript null",
        "left 0",
        f"partners {alice.username}",
        "newest in Hello from TypeScript true",
        "messages 56",
        "unread again 1 null",
        "all read 1",
        "400: You can't send messages to yourself.",
        "400: You are not allowed to message this user.",
        f"blocked {alice.username}",
        f"entry {bob.username} null",
    ]
    stored = server.message(sent)
    assert (stored.sender_id, stored.recipient_id, stored.content) == (alice.id, bob.id, "Hello from TypeScript")
    assert stored.hidden_for_recipient is not None and stored.read_at is not None


def test_python(server, alice, bob, tmp_path):
    openapi_tools.need(openapi_tools.PYTHON)
    (tmp_path / "example.py").write_text(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1])
    (generate,) = [line for line in COMMANDS if line.startswith("openapi-python-client ")]
    said = run(tmp_path, generate.replace("http://127.0.0.1:8000", f"http://{server.netloc}"))
    assert "Warning" not in said, said
    place = {"SERVER": f"http://{server.netloc}", "JOHN": alice.token, "JANE": bob.token}
    said = run(tmp_path, "python example.py", **place, JOHN_ID=alice.id, JANE_ID=bob.id).splitlines()
    sent = int(said[0].split()[1])
    assert said == [
        f"sent {sent} out None",
        "again True",
        "unread 1",
        f"inbox {alice.username} Hello from Python 1",
        "looked Hello from Python None",
        "left 0",
        "newest in Hello from Python True",
        "unread again 1 None",
        "all read 1",
        "You can't send messages to yourself.",
        "You are not allowed to message this user.",
        f"blocked {alice.username}",
        f"entry {bob.username} None",
    ]
    stored = server.message(sent)
    assert (stored.sender_id, stored.recipient_id, stored.content) == (alice.id, bob.id, "Hello from Python")
