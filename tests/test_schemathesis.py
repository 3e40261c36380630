# SPDX-License-Identifier: MIT
"""The running server held against its own document by schemathesis: examples, limits, random and chained requests."""

import os
import re
import subprocess

import openapi_tools
from harness import DEADLINE, environment

EXAMPLES = int(os.environ.get("DIRECTMESSAGES_SCHEMATHESIS", 8))  # random requests for each operation
SEED = int(os.environ.get("DIRECTMESSAGES_SCHEMATHESIS_SEED", 1))
FAR = 2_000_000_123  # an id that is not generated, so that nobody is asked to write to oneself by chance


def test_answers_are_those_of_the_document(make_server, tmp_path):
    openapi_tools.need(openapi_tools.PYTHON)
    server = make_server()
    caller, partner, _ = server.users(3)
    with server.transaction() as connection:
        connection.execute("UPDATE auth_user SET id = ? WHERE id = ?", (FAR, caller.id))
        connection.execute("UPDATE authtoken_token SET user_id = ? WHERE user_id = ?", (FAR, caller.id))
    caller.id = FAR
    times = (f"2025-06-06 12:00:00.{number:06}" for number in range(120))  # pages, links between them
    server.insert_messages([(partner, caller, time) for time in times])

    done = subprocess.run(
        [openapi_tools.PYTHON.program("schemathesis"), "--config-file", openapi_tools.FOLDER / "schemathesis.toml"]
        + ["run", f"http://{server.netloc}/api/schema/", "--header", f"Authorization: Token {caller.token}"]
        + ["--continue-on-failure", "--max-examples", str(EXAMPLES), "--seed", str(SEED)],
        cwd=tmp_path,
        env=environment(SCHEMATHESIS_HOOKS="schemathesis_hooks", PYTHONPATH=openapi_tools.FOLDER),
        text=True,
        capture_output=True,
        timeout=DEADLINE * (5 + EXAMPLES),
    )
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout
    lines = [re.search(r" method=(\S+) path=(\S+) status=(\d+) ", line) for line in server.log]
    seen = {match.groups() for match in lines if match}
    for wanted in (("POST", "201"), ("POST", "400"), ("POST", "404"), ("DELETE", "204"), ("GET", "401"), ("PUT", "405")):
        assert any((method, status) == wanted for method, _, status in seen), f"it never came to {wanted}"
