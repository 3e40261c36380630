# SPDX-License-Identifier: MIT
"""The reference and we answer alike: each row of the contract, short random walks (`make conformance`: long ones)."""

import pytest

import reference_project
from conformance import run, sides

OPERATIONS, SEED = 500, 1  # on each backend


@pytest.fixture(scope="module", autouse=True)
def reference():
    reason = reference_project.why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.mark.parametrize(
    "part", run.parts(sides.BACKENDS, OPERATIONS, SEED, most_failures=1), ids=lambda part: part.name
)
def test_nothing_differs_that_is_not_allowed(part):
    if sides.why_not(part.backend) is not None:
        pytest.skip(sides.why_not(part.backend))
    failures, told = run.everything([part], jobs=1)
    assert not failures, "\n".join([*failures, told])
