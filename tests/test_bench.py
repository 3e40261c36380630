# SPDX-License-Identifier: MIT
"""The measurement runs to its end and has figures for every endpoint; what they are is of no concern here."""

import re
import shutil
import subprocess

import pytest

from endpoints import ENDPOINTS
from harness import BUILD, ROOT, environment
from hostile_client import is_sanitized

pytestmark = [
    pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk (Debian's package of that name)"),
    pytest.mark.skipif(is_sanitized(), reason="a sanitizer's build is not what is measured"),
]


def test_quick_run_has_a_row_for_each_endpoint(tmp_path):
    done = subprocess.run(
        [ROOT / "bench" / "run", "--quick", "--no-large"],
        env=environment(DIRECTMESSAGES_BUILD=BUILD, TMPDIR=tmp_path, PYTHONDONTWRITEBYTECODE=1),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    for endpoint in ENDPOINTS:
        for method in set(endpoint.methods) - {"HEAD", "OPTIONS"}:
            name = f"{method} `{endpoint.template.format(user='<id>', message='<id>')}`"
            row = re.search(rf"^\| {re.escape(name)}[^|]*\| [\d,]+ \| [\d,]+ \| [\d,]+ \|", done.stdout, re.MULTILINE)
            assert row, f"no row of {name}:\n{done.stdout}"
    assert list(tmp_path.iterdir()) == [], "it cleans up after itself"
