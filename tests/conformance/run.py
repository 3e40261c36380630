# SPDX-License-Identifier: MIT
"""The whole of it: every row of the contract, and random walks, each on a pair of databases of its own."""

import collections
import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import os
import pathlib
import signal
import sys
import tempfile
import time

import harness
import postgres
from conformance import content, rows, sides
from conformance.departures import TABLE
from conformance.runner import Runner, Stop
from conformance.walk import Walk

# The reference's list of partners takes time by the square of what a user has sent and received.
LENGTH_OF_WALK = 2_000


@dataclasses.dataclass(frozen=True)
class Part:
    """One walk, or with number 0 the contract's rows."""

    backend: str
    number: int
    operations: int
    seed: int
    most_failures: int

    @property
    def name(self):
        return f"{self.backend}, " + (f"seed {self.seed}, walk {self.number}" if self.number else "the contract's rows")

    def __call__(self):
        """(requests, failures, how often each departure was seen)."""
        try:
            return self._run()
        except KeyboardInterrupt:
            os._exit(130)  # all is cleaned up, and this process is to begin no other part

    def _run(self):
        ties = 0 if self.number else content.TIES
        with tempfile.TemporaryDirectory(prefix="conformance-", dir=harness.BUILD) as folder:
            with sides.pair(self.backend, pathlib.Path(folder), ties) as pair:
                runner = Runner(self.name, pair, ties, self.most_failures)
                with contextlib.suppress(Stop):
                    self._walk(runner) if self.number else rows.run(runner)
        return runner.number, runner.failures, runner.allowed.counts

    def _walk(self, runner):
        walk = Walk(runner, f"{self.seed}/{self.number}")
        while runner.number < self.operations:
            before = runner.number
            walk.step()
            with _done.get_lock():
                _done.value += runner.number - before
        runner.check_rows()


def parts(backends, operations, seed, most_failures, only=None):
    """All parts, on each backend; or the rows and the walk `only`, which is what a failure has to be replayed by."""
    lengths = [LENGTH_OF_WALK] * (operations // LENGTH_OF_WALK) + [operations % LENGTH_OF_WALK]
    walks = [(number, length) for number, length in enumerate(lengths, 1) if length and only in (None, number)]
    return [
        Part(backend, number, length, seed, most_failures)
        for number, length in [(0, 0), *walks]
        for backend in backends
    ]


def _share(done):
    global _done
    _done = done


def _progress(waiting, done, operations):
    """A line on standard error now and then, until all is done."""
    began, terminal = time.monotonic(), sys.stderr.isatty()
    while waiting:
        _, waiting = concurrent.futures.wait(waiting, timeout=0.5 if terminal else 10)
        line = f"{done.value:,} of {operations:,} random operations, {done.value / (time.monotonic() - began):.0f}/s"
        last = terminal and waiting
        print(f"\r\033[K{line}" if terminal else line, end="" if last else "\n", file=sys.stderr, flush=True)


def leave(*_):
    """On SIGTERM: as ^C at a terminal, which all processes get, so that each cleans up."""
    for child in multiprocessing.active_children():
        os.kill(child.pid, signal.SIGINT)
    raise KeyboardInterrupt


def everything(todo, jobs):
    """Runs parts, so many at a time: (failures, the closing lines)."""
    if any(part.backend != "sqlite" for part in todo):
        postgres.shared()  # here, for all the processes below, which leave its end to this one
    operations, done = sum(part.operations for part in todo), multiprocessing.Value("q", 0)
    with concurrent.futures.ProcessPoolExecutor(jobs, initializer=_share, initargs=(done,)) as pool:
        waiting = [pool.submit(part) for part in todo]
        try:
            _progress(waiting, done, operations)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    results = [future.result() for future in waiting]
    requests = sum(number for number, _, _ in results)
    counts = sum((seen for _, _, seen in results), collections.Counter())
    lines = [f"{requests:,} operations; so many answers differed, as is allowed:"]
    lines += [f"{counts[entry.name]:8,}  {entry.name}: {entry.words}" for entry in TABLE]
    return [failure for _, failures, _ in results for failure in failures], "\n".join(lines)
