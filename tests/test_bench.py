# SPDX-License-Identifier: MIT
"""The measurement runs to its end and has figures for every route; what they are is of no concern here."""

import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

import postgres
import reference_project
from routes import ROUTES
from harness import BUILD, LONG, PATIENCE, ROOT, environment
from hostile_client import is_sanitized

pytestmark = [
    pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk (Debian's package of that name)"),
    pytest.mark.skipif(is_sanitized(), reason="a sanitizer's build is not what is measured"),
]


def measure(folder, program, *options):
    """What a program of bench/ prints on standard output, and on standard error. It may leave nothing behind."""
    done = subprocess.run(
        [ROOT / "bench" / program, *options],
        env=environment(DIRECTMESSAGES_BUILD=BUILD, TMPDIR=folder, PYTHONDONTWRITEBYTECODE=1, **PATIENCE),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == [], "it cleans up after itself"
    return done.stdout, done.stderr


OURS = [
    f"{method} `{route.template.format(user='<id>', message='<id>')}`"
    for route in ROUTES for method in set(route.methods) - {"HEAD", "OPTIONS"}
]
OF_REFERENCE = ("GET `unread/`", "GET `conversations/`", "GET `conversations/unread/`", "GET `conversations/<id>/`",
                "POST `conversations/<id>/`", "POST `send/<id>/`", "DELETE `messages/<id>/`")


def check_rows(table, figures, names=OURS):
    """There is a row of each name, beginning with so many figures."""
    for name in names:
        row = rf"^\| {re.escape(name)}[^|]*\|" + r" [\d,.]+ \|" * figures
        assert re.search(row, table, re.MULTILINE), f"no row of {name}:\n{table}"


def test_quick_run_on_sqlite(tmp_path):
    table, _ = measure(tmp_path, "run", "--quick", "--no-postgres", "--no-reference")
    check_rows(table, 3)
    assert re.search(r"^\| SQLite, 10,000 messages \| [\d.]+ \| [\d,]+ \|$", table, re.MULTILINE), table
    assert re.search(r"beside 200 sends/s .*\n.*\n\| GET `unread/` \|( [\d.,]+ \|){5} >= 0.95 \|", table), table


def test_quick_run_of_webhooks(tmp_path):
    table, errors = measure(tmp_path, "webhooks", "--quick")
    assert errors == ""
    assert re.search(r"^\| round 1 \|( [\d,.]+ \|){5}\n\nMedian ratio", table, re.MULTILINE), table
    told = re.search(r"\. ([\d,]+) of ([\d,]+) messages were delivered meanwhile, and ([\d,]+) a second afterwards", table)
    meanwhile, sent, afterwards = (int(number.replace(",", "")) for number in told.groups())
    assert sent > 0 and (afterwards > 0 or meanwhile >= sent), table


def test_quick_run_of_jwts(open_folder):
    table, errors = measure(open_folder, "jwt", "--quick")
    assert errors == ""
    for name in ("a token", "an HS256 JWT, seen before", "an RS256 JWT, seen before", "an RS256 JWT, the first time"):
        rows = re.findall(rf"^\| {name} \|(?: [\d,.]+ \|){{3}}", table, re.MULTILINE)
        assert len(rows) == (1 if postgres.why_not() or "first" in name else 2), table


def test_quick_run_of_the_inbox(open_folder):
    table, errors = measure(open_folder, "inbox", "--quick")
    assert errors == ""
    for store in ("SQLite",) if postgres.why_not() else ("SQLite", "PostgreSQL"):
        assert len(re.findall(rf"^\| {store}: .* \| [\d.]+ ms \|$", table, re.MULTILINE)) == 7, table
        assert re.search(rf"^\| {store}: the first fold of 1,085 messages \| [\d.,]+ s, [\d,]+ a second \|$", table, re.MULTILINE), table


def test_quick_run_of_streams(tmp_path):
    table, errors = measure(tmp_path, "streams", "--count", "40")
    assert errors == ""
    assert re.search(r"^\| KB per stream, after .* \| [\d.]+ \| <= 10 \| (met|missed) \|$", table, re.MULTILINE), table


@pytest.fixture
def open_folder():
    """One that PostgreSQL's user gets to, as pytest's own is not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="directmessages-bench-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(not LONG or postgres.why_not() is not None, reason="it costs much: make test LONG=1")
@pytest.mark.parametrize("program, options, row", [
    ("sizing", ["--quick"], r"^\| 100,000,000 \|( [\d,.]+ \|){5}$"),
    ("partitions", ["--quick"], r"^\| POST send/<id>/ \| \d+ \(1.0\) \| \d+ \([\d.]+\) \|$"),
    ("hub", ["--servers", "2", "--seconds", "1", "--rounds", "1"], r"^\| 2 \|( [\d,.]+ \|){6}$"),
    ("shards", [], r"^\| unread messages \| 1 \(1\) \| 3 \(3\) \| 3 \(3\) \|$"),
], ids=lambda value: value if isinstance(value, str) and value.isalpha() else "")
def test_quick_run_of_what_docs_have_figures_from(open_folder, program, options, row):
    table, errors = measure(open_folder, program, *options)
    assert errors == ""
    assert re.search(row, table, re.MULTILINE), table


@pytest.mark.skipif(postgres.why_not() is not None, reason=str(postgres.why_not()))
def test_quick_run_on_postgresql_beside_the_reference(open_folder):
    reason = reference_project.why_not()
    ours, _, reference = measure(open_folder, "run", "--quick", "--no-sqlite")[0].partition("beside drf-directmessages")
    check_rows(ours, 3)
    assert re.search(r"\| GET `unread/` .*\(pgbench\)", ours)
    if reason is not None:
        pytest.skip(f"without the reference: {reason}")
    check_rows(reference, 3, OF_REFERENCE)
