# SPDX-License-Identifier: MIT
"""A cursor that names a row of another conversation is no position here, and reveals nothing about that row."""

import pytest

from drf_cursor import position_of, query
from paging import converse, ids, time


@pytest.fixture
def rows(server, alice, bob, carol):
    """Ten messages of alice and bob, and ids of rows at the middle time that are none of theirs."""
    model = converse(server, alice, bob, [time(n) for n in range(10)])
    middle = "2025-06-06 00:00:05.000700"
    dave = server.user()
    foreign = server.insert_messages([(carol, dave, middle), (alice, carol, middle), (carol, bob, middle)])
    return model, [*foreign, 2**62]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("offset", ["1", "3"])
def test_the_row_of_another_conversation_is_no_place(alice, bob, rows, backwards, offset):
    """What the cursor has counted counts, as where the row has vanished."""
    model, foreign = rows
    edge = model.rows[-1 if backwards else 0][0]
    tokens = {"o": offset, **({"r": "1"} if backwards else {}), "p": position_of(edge)}
    without = ids(alice.conversation(bob, query(tokens)))
    assert 5 < len(without) < 10
    for identity in foreign:
        assert ids(alice.conversation(bob, query({**tokens, "i": str(identity)}))) == without


@pytest.mark.parametrize("backwards", [False, True])
def test_without_a_position_neither(alice, bob, rows, backwards):
    model, foreign = rows
    tokens = {"r": "1"} if backwards else {}
    every = [identity for _, identity in model.rows]
    for identity in foreign:
        assert ids(alice.conversation(bob, query({**tokens, "i": str(identity)}))) == every
    own = every[4]
    assert ids(alice.conversation(bob, query({**tokens, "i": str(own)}))) == (every[:4] if backwards else every[5:])
