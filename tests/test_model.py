# SPDX-License-Identifier: MIT
"""Inbox, marking, keys, blocks, hiding and erasing are as a small model says (`make conformance`: long walks)."""

import pytest

from model import run

OPERATIONS, SEEDS = 200, {"sqlite": "1", "postgresql": "2", "two servers": "3"}


@pytest.mark.two_servers
def test_random_operations_show_what_the_model_says(backend):
    failure = run.on_server(backend, SEEDS[backend], OPERATIONS)
    assert failure is None, failure


@pytest.mark.postgresql
@pytest.mark.parametrize("kind", ["partitions", "shards"])
def test_random_operations_on_messages_in_parts(kind):
    failure = run.on_server(kind, "4", OPERATIONS // 2)
    assert failure is None, failure
