# SPDX-License-Identifier: MIT
"""A program that was compiled with an older header (tests/data/older) runs with the library of today, on both stores."""

import pytest

import harness
import postgres
import test_library
from test_library import installed  # noqa: F401 - a fixture

pytestmark = test_library.pytestmark
OLDER = harness.ROOT / "tests" / "data" / "older"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """A migrated database without users."""
    if request.param == "sqlite":
        url = harness.sqlite_url(tmp_path / "older.db")
    else:
        why_not = postgres.why_not()
        if why_not:
            pytest.skip(why_not)
        url = postgres.shared().url(postgres.shared().database())
    done = harness.run_program("migrate", database=url)
    assert done.returncode == 0, done.stderr
    return url


def test_an_older_program_runs(installed, tmp_path, url):  # noqa: F811
    program = tmp_path / "program"
    test_library.run("cc", *test_library.STRICT, "-I", OLDER, OLDER / "program.c", "-o", program,
                     installed.shared.parent / "libdirectmessages.so")
    assert installed.run(program, url).splitlines() == [
        "sent 1, 1",
        "guards 1, 1",
        "unread 2",
        "message 1: one",
        f"{'sqlite' if url.startswith('sqlite') else 'postgresql'}, guard 1",
    ]
