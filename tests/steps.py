# SPDX-License-Identifier: MIT
"""Runs a command that is killed, or meets a failure, before its n-th call that changes a file (drill/steps.c)."""

import pathlib
import tempfile

from drill import faults
from harness import BUILD, run_program

LIBRARY = BUILD / "tests" / "steps.so"
MOST = 2000


def why_not():
    """Why it can't be preloaded, or None."""
    return faults.why_not()


def run(*arguments, database, at=0, error=0):
    """The command, and how many such calls it has made; killed or failing at the `at`-th."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "count"
        env = {"LD_PRELOAD": str(LIBRARY), "STEPS_FILE": report, "STEPS_AT": at, "STEPS_ERROR": error}
        done = run_program(*arguments, database=database, env=env)
        return done, int(report.read_text()) if report.exists() else 0
