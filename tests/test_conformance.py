# SPDX-License-Identifier: MIT
"""The reference and we answer alike: each row of the contract and a short random walk (`make conformance` takes longer)."""

import pytest

import reference_project
from conformance import run

OPERATIONS, SEED = 1_000, 1


@pytest.fixture(scope="module", autouse=True)
def reference():
    reason = reference_project.why_not()
    if reason is not None:
        pytest.skip(reason)


@pytest.mark.parametrize("part", run.parts(OPERATIONS, SEED, most_failures=1), ids=lambda part: part.name)
def test_nothing_differs_that_is_not_allowed(part):
    failures, told = run.everything([part], jobs=1)
    assert not failures, "\n".join([*failures, told])
