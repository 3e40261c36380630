# SPDX-License-Identifier: MIT
"""Clients in other languages, generated from the running server's document, compiled, and used: what `make clients` runs.

The commands are those of docs/clients.md, the programs those of examples/clients/. Each language needs its toolchain and
its registry; where there is no toolchain, or an old one, it is skipped. Results are kept in build/clients, but the
clients are generated anew.
"""

import functools
import json
import os
import re
import shutil
import subprocess

import pytest

import harness
from harness import ROOT

pytestmark = pytest.mark.sqlite

PAGE = (ROOT / "docs" / "clients.md").read_text()
# The program, how it tells its version, and the oldest that does.
TOOLS = {
    "Go": [("go", "version", (1, 25))],
    "Java": [("mvn", "--version", (3, 6)), ("java", "--version", (11,)), ("javac", "--version", (11,))],
    "Rust": [("cargo", "--version", (1, 82)), ("mvn", "--version", (3, 6)), ("java", "--version", (11,))],
    "TypeScript": [("npm", "--version", (8,)), ("node", "--version", (18,))],
}


def need(program, flag, oldest):
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    said = subprocess.run([program, flag], capture_output=True, text=True, timeout=harness.DEADLINE).stdout
    version = tuple(int(part) for part in re.search(r"\d+(?:\.\d+)+", said)[0].split("."))
    if version < oldest:
        pytest.skip(f"{program} is {'.'.join(map(str, version))} here; {'.'.join(map(str, oldest))} is the oldest that does")


@functools.cache
def commands(heading):
    """The block of commands that the page has under a heading."""
    return re.search(rf"^#+ {heading}\n.*?^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[1]


def check_client(language, heading, server, alice, bob):
    for tool in TOOLS[language]:
        need(*tool)
    folder = ROOT / "build" / "clients" / language.lower()
    shutil.copytree(ROOT / "examples" / "clients" / language.lower(), folder, dirs_exist_ok=True)
    text = commands(heading).replace("http://127.0.0.1:8000", f"http://{server.netloc}")
    place = {"SERVER": f"http://{server.netloc}", "JOHN": alice.token, "JANE": bob.token}
    place |= {"JOHN_ID": alice.id, "JANE_ID": bob.id}
    done = subprocess.run(
        ["bash", "-ec", text], cwd=folder, env=harness.environment(**place), capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-8000:]
    said = done.stdout[done.stdout.index("sent ") :].splitlines()
    sent = int(said[0].split()[1])
    assert said[:3] == [f"sent {sent} out", "unread 1", f"newest in Hello from {language} true"]
    assert re.fullmatch(r"refused 400 .*You can't send messages to yourself\..*", said[3])
    assert said[4] == "ticket 30"
    stored = server.message(sent)
    assert (stored.sender_id, stored.recipient_id, stored.content) == (alice.id, bob.id, f"Hello from {language}")
    return said[5:]


def test_go(server, alice, bob):
    assert check_client("Go", "Go", server, alice, bob) == ["stream 200 text/event-stream"]


def test_java(server, alice, bob):
    check_client("Java", "Java", server, alice, bob)


def test_rust(server, alice, bob):
    check_client("Rust", "Rust", server, alice, bob)


def test_typescript_classes(server, alice, bob):
    check_client("TypeScript", "TypeScript, with classes", server, alice, bob)
