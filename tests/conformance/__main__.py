# SPDX-License-Identifier: MIT
"""make conformance: asks the reference and us the same, and tells every difference that is not allowed."""

import argparse
import os
import random
import signal
import sys

import reference_project
from conformance import run, sides


def _usable(backend):
    reason = sides.why_not(backend)
    if reason is not None:
        print(f"conformance: without {backend}: {reason}")
    return reason is None


def main():
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__)
    parser.add_argument("--operations", type=int, default=20_000, help="of the random walks (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="of the random walks")
    parser.add_argument("--walk", type=int, help="only this of the walks, to replay a failure")
    parser.add_argument("--backend", choices=sides.BACKENDS + sides.APART, action="append",
                        help="only on this (default: sqlite, postgresql)")
    parser.add_argument("--failures", type=int, default=1, help="a walk ends after so many (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="so many walks at a time (%(default)s)")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, run.leave)
    reason = reference_project.why_not()
    if reason is not None:
        print(f"conformance: skipped: {reason}")
        return 0
    backends = [name for name in given.backend or sides.BACKENDS if _usable(name)]
    print(
        f"conformance: the contract's rows, then {given.operations:,} random operations from seed {given.seed},"
        f" on {' and '.join(backends)} each",
        flush=True,
    )
    todo = run.parts(backends, given.operations, given.seed, given.failures, given.walk)
    failures, told = run.everything(todo, given.jobs)
    print(told)
    for failure in failures:
        print(f"\nDIFFERS: {failure}")
    print(f"\nconformance: {'failed' if failures else 'passed'}: {len(failures)} differences that nothing allows")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
