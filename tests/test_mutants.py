# SPDX-License-Identifier: MIT
"""The table of `make mutants` fits the code: each mistake can be made in one place, and its test exists."""

import collections
import re

import pytest

from mutants.mutant import ROOT, areas, everything

MUTANTS = everything()


@pytest.mark.parametrize("area", areas())
def test_each_mistake_can_be_made(area):
    wrong = []
    for mutant in (one for one in MUTANTS if one.area == area):
        path = ROOT / mutant.file
        why_not = mutant.why_not(path.read_text()) if path.is_file() else f"{mutant.file} is no file"
        if why_not:
            wrong.append(f"{mutant.mistake}: {why_not}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("area", areas())
def test_each_has_a_test(area):
    wrong = []
    for mutant in (one for one in MUTANTS if one.area == area):
        path = ROOT / mutant.test_source()
        pattern = rf"^static void {mutant.name}\(" if mutant.is_unit else rf"^def {mutant.name}\("
        if not path.is_file() or not re.search(pattern, path.read_text(), re.MULTILINE):
            wrong.append(f"{mutant.mistake}: there is no test {mutant.test}")
    assert not wrong, "\n".join(wrong)


def test_mistakes_with_postgresql_are_made_there():
    wrong = [mutant.mistake for mutant in MUTANTS if mutant.file.startswith("lib/store/postgres/")
             and mutant.test.startswith("test_library") and mutant.is_unit and not mutant.test.endswith("[postgresql]")]
    assert wrong == []


def test_each_is_told_once():
    count = collections.Counter(mutant.mistake for mutant in MUTANTS)
    assert [mistake for mistake, times in count.items() if times > 1] == []
