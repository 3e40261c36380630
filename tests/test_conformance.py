# SPDX-License-Identifier: MIT
"""The reference and we answer alike: each row of the contract, short random walks (`make conformance`: long ones)."""

import pytest

import reference_project
from conformance import run, sides

# Of each backend's walk; each has another seed, so that together they go so much further.
OPERATIONS, SEEDS = 120, {"sqlite": 1, "postgresql": 2}
PARTS = [part for name in sides.BACKENDS for part in run.parts([name], OPERATIONS, SEEDS[name], most_failures=1)]


@pytest.fixture(scope="module", autouse=True)
def reference():
    reason = reference_project.why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_nothing_differs_that_is_not_allowed(part):
    if sides.why_not(part.backend) is not None:
        pytest.skip(sides.why_not(part.backend))
    failures, told = run.everything([part], jobs=1)
    assert not failures, "\n".join([*failures, told])
