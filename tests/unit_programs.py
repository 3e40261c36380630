# SPDX-License-Identifier: MIT
"""Runs the C unit test programs of the build and makes each line of their TAP output one pytest test."""

import concurrent.futures
import functools
import os
import pathlib
import re
import subprocess

import pytest

import harness
import postgres

TESTS = pathlib.Path(__file__).resolve().parent
PROGRAMS = harness.BUILD / "tests" / "unit"
TIME_LIMIT = 900  # a busy machine needs some minutes for what takes one
CONCURRENT = {"test_lane", "test_lane_threads", "test_key_ring", "test_signals", "test_library_operations", "test_library_batches",
              "test_library_signals", "test_library_events", "test_library_reads", "test_library_writes"}
# They run a second time, on PostgreSQL.
ON_BOTH = {"test_library", "test_library_search", "test_library_erase", "test_library_inbox",
           "test_library_users", "test_library_user_delete", "test_library_signals", "test_library_operations", "test_library_batches",
           "test_library_stats", "test_library_writes", "test_library_arguments",
           "test_library_marking", "test_library_pages", "test_library_versions", "test_library_keys",
           "test_library_webhook_changes", "test_library_webhook_pieces", "test_feed"}
RESULT = re.compile(r"(ok|not ok) \d+(?: - |\s+)(?P<skip># SKIP )?(?P<name>.*)")


def pytest_configure(config):
    """Collects the programs beside the tests when the whole folder of tests (or more) is asked for."""
    asked = [pathlib.Path(argument.split("::")[0]).resolve() for argument in config.args]
    if PROGRAMS.is_dir() and PROGRAMS.resolve() not in asked and any(path in (TESTS, *TESTS.parents) for path in asked):
        config.args.append(str(PROGRAMS))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Runs the programs once for all workers of xdist, which must collect the same tests."""
    if str(PROGRAMS) in node.config.args:
        node.workerinput["unit_results"] = run_all()


@functools.cache
def run_all():
    if not postgres.why_not():
        postgres.shared()  # before there are threads that would each make one
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(map(str, programs()), pool.map(run, programs())))


def programs():
    return sorted(path for path in PROGRAMS.glob("test_*") if is_program(path))


def is_program(path):
    return path.suffix == "" and path.is_file() and os.access(path, os.X_OK)


def pytest_collect_file(file_path, parent):
    if file_path.parent == PROGRAMS and file_path.name.startswith("test_") and is_program(file_path):
        return UnitProgram.from_parent(parent, path=file_path)
    return None


@functools.cache
def run(path):
    """Runs one program on each backend that it is for; the results of `run_once`."""
    results = run_once(path, {})
    if path.name not in ON_BOTH:
        return results
    if postgres.why_not():
        return results + [("postgresql", "skip", postgres.why_not())]
    more = run_once(path, {"DIRECTMESSAGES_TEST_POSTGRES": postgres.shared().url("")})
    return results + [(f"{name}[postgresql]", status, text) for name, status, text in more]


def run_once(path, env):
    """Runs one program; returns (name, "ok" | "not ok" | "skip", text) for each test, and one more for a bad end.

    A good end is the exit status 0, or at most the number of tests that failed.
    """
    try:
        done = subprocess.run(
            [str(path)],
            env=harness.environment(CMOCKA_MESSAGE_OUTPUT="TAP", **env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT,
        )
        output, end = done.stdout, f"status {done.returncode}"
    except subprocess.TimeoutExpired as late:
        done, output, end = None, late.stdout or b"", f"no end within {TIME_LIMIT} s"
    text = output.decode("utf-8", "backslashreplace")
    results = parse(text)
    planned = sum(int(count) for count in re.findall(r"^1\.\.(\d+)", text, re.MULTILINE))
    failures = sum(status == "not ok" for _, status, _ in results)
    clean = done is not None and 0 <= done.returncode <= failures
    if not clean or not results or len(results) != planned:
        results.append(("ends_well", "not ok", f"{end}, {len(results)} of {planned} tests\n{text}"))
    return results


def parse(text):
    """The results in TAP text; what follows a result line, up to the next, is its text."""
    results = []
    for line in text.splitlines():
        if match := RESULT.fullmatch(line):
            status = "skip" if match["skip"] else match[1]
            results.append((match["name"], status, ""))
        elif results:
            name, status, more = results[-1]
            results[-1] = (name, status, more + line + "\n")
    return results


class UnitProgram(pytest.File):
    def collect(self):
        shared = getattr(self.config, "workerinput", {}).get("unit_results", {})
        for name, status, text in shared.get(str(self.path)) or run(self.path):
            test = UnitTest.from_parent(self, name=name, status=status, text=text)
            if self.path.name in CONCURRENT:
                test.add_marker("concurrent")
            yield test


class UnitFailure(Exception):
    """A test of a unit program failed; the text is what the program printed."""


class UnitTest(pytest.Item):
    def __init__(self, *, status, text, **rest):
        super().__init__(**rest)
        self.status = status
        self.text = text

    def runtest(self):
        if self.status == "skip":
            pytest.skip(self.text or f"{self.name} is not about this database")
        if self.status != "ok":
            raise UnitFailure(self.text)

    def repr_failure(self, excinfo):
        if excinfo.errisinstance(UnitFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, f"{self.path.name}: {self.name}"
