# SPDX-License-Identifier: MIT
"""The documents are valid OpenAPI 3.0.3, as two validators see it, and their examples fit their schemas."""

import json
import subprocess

import pytest

import openapi_tools
from harness import DEADLINE, environment

pytestmark = pytest.mark.sqlite

OLDEST_NODE = (20, 19)
# Django's paths end with a slash, and so do ours.
SKIPPED_RULES = ["no-path-trailing-slash"]


@pytest.fixture
def served(admin_server, tmp_path):
    """What the running server serves, in both forms."""
    files = []
    for form in ("yaml", "json"):
        files += [tmp_path / f"schema.{form}", tmp_path / f"admin.{form}"]
        files[-2].write_bytes(admin_server.anonymous().get(f"/api/schema/?format={form}").body)
        files[-1].write_bytes(admin_server.admin("GET", f"schema/?format={form}").body)
    return files


def run(*command, **env):
    return subprocess.run(command, env=environment(**env), text=True, capture_output=True, timeout=DEADLINE)


def test_redocly_has_nothing_to_say(served):
    """It looks at the examples too. The program does not report home, nor ask for its newest version."""
    openapi_tools.need(openapi_tools.NODE)
    version = run("node", "--version").stdout.strip()
    if tuple(map(int, version.removeprefix("v").split(".")[:2])) < OLDEST_NODE:
        pytest.skip(f"@redocly/cli needs Node.js {'.'.join(map(str, OLDEST_NODE))}, this is {version}")
    rules = [word for rule in SKIPPED_RULES for word in ("--skip-rule", rule)]
    for file in served:
        command = [openapi_tools.NODE.program("redocly"), "lint", "--format=json", *rules, file]
        done = run(*command, REDOCLY_TELEMETRY="off", REDOCLY_SUPPRESS_UPDATE_NOTICE="true")
        assert json.loads(done.stdout)["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, done.stdout
        assert done.returncode == 0


def test_openapi_spec_validator_accepts_it(served):
    openapi_tools.need(openapi_tools.PYTHON)
    done = run(openapi_tools.PYTHON.program("openapi-spec-validator"), "--schema", "3.0", *served)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(": OK") == 4
