# SPDX-License-Identifier: MIT
"""What a mutant is: one plausible mistake in the code, and the test that has to notice it."""

import dataclasses
import importlib
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOLS = ("mutant", "tree", "unit", "__main__")


@dataclasses.dataclass(frozen=True)
class Mutant:
    """`old` stands in the file once, whatever else is edited there; `test` is `test_x.py::test_y` (pytest's, below
    tests/) or `test_x::y` (a test of the unit program test_x; with `[postgresql]` behind it that on PostgreSQL)."""

    mistake: str
    file: str
    old: str
    new: str
    test: str
    area: str = ""

    @property
    def is_unit(self):
        return ".py::" not in self.test

    @property
    def program(self):
        """The unit program, or the file of the test."""
        return self.test.split("::")[0]

    @property
    def name(self):
        """Of the test, without parameters."""
        return self.test.split("::")[1].split("[")[0]

    def why_not(self, text):
        """Why it can't be applied to the file's text; None where it can."""
        count = text.count(self.old)
        if self.old == self.new:
            return "it changes nothing"
        return None if count == 1 else f"its old text stands {count} times in {self.file}"

    def test_source(self):
        return f"tests/unit/{self.program}.c" if self.is_unit else f"tests/{self.program}"


def areas():
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in TOOLS)


def everything():
    """All mutants, by area."""
    found = []
    for area in areas():
        table = importlib.import_module(f"mutants.{area}").MUTANTS
        found += [dataclasses.replace(mutant, area=area) for mutant in table]
    return found
