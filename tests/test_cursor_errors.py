# SPDX-License-Identifier: MIT
"""Cursors that are none."""

import pytest

from drf_cursor import query
from routes import check_error

SENSELESS = [
    "x",
    "abc",
    "abcde",
    "%FF",
    "%C3%A9",
    "//79",  # bytes that are not ASCII
    *(
        query(tokens).removeprefix("?cursor=")
        for tokens in (
            {"o": "-1"},
            {"o": "x"},
            {"o": ""},
            {"o": "1.5"},
            {"r": "x"},
            {"r": ""},
            {"p": ""},
            {"p": "x"},
            {"p": "1.5"},
            {"p": "yesterday"},
            {"p": "2025-13-06 12:00:00+00:00"},
            {"p": "2025-02-30 12:00:00+00:00"},
            {"p": "2025-06-06 25:00:00+00:00"},
            {"p": "2025-06-06 12:00:00+00:00; DROP TABLE auth_user"},
            {"o": "-1", "p": "2025-06-06 12:00:00+00:00"},
        )
    ),
]


@pytest.mark.parametrize("senseless", SENSELESS)
def test_cursor_that_makes_no_sense_is_404(alice, bob, senseless):
    alice.send(bob)
    for path in ("conversations/", f"conversations/{alice.id}/"):
        check_error(bob.get(f"{path}?cursor={senseless}"), 404, "Invalid cursor")
    assert bob.unread() == 1


def test_position_of_the_other_kind_of_list_is_404(alice, bob):
    alice.send(bob)
    check_error(bob.get("conversations/" + query({"p": "2025-06-06 12:00:00+00:00"})), 404, "Invalid cursor")
    check_error(bob.get(f"conversations/{alice.id}/" + query({"p": "x7"})), 404, "Invalid cursor")
    assert bob.unread() == 1


@pytest.mark.parametrize("identity", ["x", "", "-", "1.5"])
def test_id_in_a_cursor_that_is_no_number_is_404(alice, bob, identity):
    tokens = {"p": "2025-06-06 12:00:00+00:00", "i": identity}
    check_error(alice.get(f"conversations/{bob.id}/" + query(tokens)), 404, "Invalid cursor")


def test_senseless_cursor_with_own_id_is_404(alice):
    check_error(alice.get(f"conversations/{alice.id}/?cursor=x"), 404, "Invalid cursor")
