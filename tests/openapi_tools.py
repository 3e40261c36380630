# SPDX-License-Identifier: MIT
"""The tools from PyPI and npm that are held against the OpenAPI document."""

import pytest

from installed import ROOT, FromNpm, FromPyPI

FOLDER = ROOT / "tests" / "openapi"
PYTHON = FromPyPI("openapi-python", FOLDER / "requirements.txt")
NODE = FromNpm("openapi-node", FOLDER / "package.json")


def need(tools):
    """Skips the test that runs where the tools are not there; asked of no test that is only collected: it may take long."""
    if reason := tools.why_not():
        pytest.skip(reason)
