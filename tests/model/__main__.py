# SPDX-License-Identifier: MIT
"""make conformance: random operations that the reference does not have, compared with a model of our own."""

import argparse
import os
import random
import sys

from model import run


def main():
    parser = argparse.ArgumentParser(prog="model", description=__doc__)
    parser.add_argument("--operations", type=int, default=20_000, help="on each backend (%(default)s)")
    parser.add_argument("--seed", default=str(random.randrange(1_000_000)), help="of the walks; with --walk that of one")
    parser.add_argument("--walk", action="store_true", help="one walk alone, with the whole seed that a failure named")
    parser.add_argument("--backend", choices=run.BACKENDS, action="append", help="only on this (default: all)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="so many walks at a time (%(default)s)")
    given = parser.parse_args()
    backends = [name for name in given.backend or run.BACKENDS if run.why_not(name) is None]
    print(f"model: {given.operations:,} operations from seed {given.seed}, on {', '.join(backends)} each", flush=True)
    if given.walk:
        walks = ((given.operations, run.on_server(backend, given.seed, given.operations)) for backend in backends)
    else:
        walks = run.everything(backends, given.operations, given.seed, given.jobs)
    done, failures, told = 0, 0, 0
    for operations, failure in walks:
        done += operations
        if failure is not None:
            failures += 1
            print(f"\nDIFFERS: {failure}", flush=True)
        if done - told >= 10_000:
            print(f"{done:,} of {given.operations * len(backends):,} operations", file=sys.stderr, flush=True)
            told = done
    print(f"model: {'failed' if failures else 'passed'}: {failures} of the walks differ")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
