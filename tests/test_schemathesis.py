# SPDX-License-Identifier: MIT
"""The running server held against its own documents by schemathesis: examples, limits, random and chained requests."""

import os
import re
import subprocess

import pytest

import openapi_tools
from harness import ADMIN_KEY, DEADLINE, environment
from metrics import Admin

# Random requests for each operation.
EXAMPLES = int(os.environ.get("DIRECTMESSAGES_SCHEMATHESIS", 8))
SEED = int(os.environ.get("DIRECTMESSAGES_SCHEMATHESIS_SEED", 1))
FAR = 2_000_000_123  # an id that is not generated, so that nobody is asked to write to oneself by chance

ADMIN_WANTED = {
    ("GET", "200"), ("GET", "404"), ("GET", "401"), ("PUT", "200"), ("PUT", "201"), ("PUT", "400"), ("POST", "200"), ("DELETE", "204"),
}  # fmt: skip


@pytest.mark.short_on("sqlite")
def test_answers_are_those_of_the_document(make_server, tmp_path):
    openapi_tools.need(openapi_tools.PYTHON)
    server = make_server()
    caller, partner, _ = server.users(3)
    server.user("jane")  # whom the document's examples name
    with server.transaction() as connection:
        connection.execute("UPDATE auth_user SET id = ? WHERE id = ?", (FAR, caller.id))
        connection.execute("UPDATE authtoken_token SET user_id = ? WHERE user_id = ?", (FAR, caller.id))
    caller.id = FAR
    times = (f"2025-06-06 12:00:00.{number:06}" for number in range(120))  # pages, links between them
    server.insert_messages([(partner, caller, time) for time in times])

    compare(f"http://{server.netloc}/api/schema/", f"Token {caller.token}", tmp_path)
    wanted = {("POST", "201"), ("POST", "400"), ("POST", "404"), ("DELETE", "204"), ("GET", "401"), ("PUT", "405")}
    assert wanted <= seen(server)


@pytest.mark.short_on("postgresql")
def test_administration_is_that_of_its_document(make_server, tmp_path):
    openapi_tools.need(openapi_tools.PYTHON)
    server = make_server(administered=True)
    users = server.users(120)
    server.insert_messages([(users[0], users[1], "2025-06-06 12:00:00")] * 120)
    admin = Admin(server)
    compare(f"http://{admin.host}:{admin.port}/admin/schema/", f"Bearer {ADMIN_KEY}", tmp_path, "administration.toml")
    assert ADMIN_WANTED <= seen(server)


def compare(document, authorization, folder, config="schemathesis.toml"):
    done = subprocess.run(
        [openapi_tools.PYTHON.program("schemathesis"), "--config-file", openapi_tools.FOLDER / config]
        + ["run", document, "--header", f"Authorization: {authorization}"]
        + ["--continue-on-failure", "--max-examples", str(EXAMPLES), "--seed", str(SEED)],
        cwd=folder,
        env=environment(SCHEMATHESIS_HOOKS="schemathesis_hooks", PYTHONPATH=openapi_tools.FOLDER),
        text=True,
        capture_output=True,
        timeout=DEADLINE * (5 + EXAMPLES),
    )
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout, done.stdout[-5000:]


def seen(server):
    """(method, status) of the requests that the server's log has."""
    lines = [re.search(r" method=(\S+) path=\S+ status=(\d+) ", line) for line in server.log]
    return {match.groups() for match in lines if match}
