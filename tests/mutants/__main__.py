# SPDX-License-Identifier: MIT
"""`make mutants`: makes one mistake after the other in copies of the sources; says which of them no test notices."""

import argparse
import collections
import concurrent.futures
import fcntl
import queue
import sys
import time

from mutants.mutant import ROOT, everything
from mutants.tree import Tree


def parse():
    parser = argparse.ArgumentParser(prog="make mutants")
    parser.add_argument("--jobs", type=int, default=2, help="so many copies at once")
    parser.add_argument("--only", default="", help="those whose area, mistake, file or test has this in it")
    parser.add_argument("--folder", default="build-mutants", help="where the copies are")
    return parser.parse_args()


def check_good(tree, mutants):
    """Whether the tests pass while there is no mistake: otherwise that they fail would say nothing."""
    good = True
    for command in tree.commands(mutants):
        status, output = tree.run(*command, limit=1200)
        if status != 0:
            good = False
            print(f"fails without a mistake:\n{output[-3000:]}", flush=True)
    return good


def in_trees(trees, work, items):
    """Calls `work(tree, item)` for each, as many at once as there are trees; the results in the order of the items."""
    free = queue.Queue()
    for tree in trees:
        free.put(tree)

    def one(item):
        tree = free.get()
        try:
            return work(tree, item)
        finally:
            free.put(tree)

    with concurrent.futures.ThreadPoolExecutor(len(trees)) as pool:
        return list(pool.map(one, items))


def try_and_tell(tree, mutant):
    began = time.monotonic()
    word, why = tree.try_out(mutant)
    line = f"{word:15} {mutant.area:10} {time.monotonic() - began:5.1f} s  {mutant.mistake}  [{mutant.test}]"
    print(line + ("\n" + why[-2000:] if why else ""), flush=True)
    return word


def lock(folder):
    """Two at once would make each other's mistakes. The lock goes with the process; the file is to be kept."""
    folder.mkdir(exist_ok=True)
    file = open(folder / "lock", "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"mutants: another run is at work in {folder}; wait for it, or name another --folder")
    return file


def main():
    arguments = parse()
    wanted = [
        mutant for mutant in everything()
        if arguments.only in f"{mutant.area} {mutant.mistake} {mutant.file} {mutant.test}"
    ]
    if not wanted:
        sys.exit(f"mutants: none has '{arguments.only}' in it")
    held = lock(ROOT / arguments.folder)
    trees = [Tree(ROOT / arguments.folder / str(number)) for number in range(min(arguments.jobs, len(wanted)))]
    for tree in trees:
        tree.copy()
        tree.env["PYTHONPATH"] = str(tree.folder / "tests")
        tree.prepare()
    pieces = [wanted[number :: len(trees)] for number in range(len(trees))]
    good = in_trees(trees, check_good, pieces)
    words = in_trees(trees, try_and_tell, wanted)
    noticed, tried = collections.Counter(), collections.Counter()
    for mutant, word in zip(wanted, words, strict=True):
        tried[mutant.area] += 1
        noticed[mutant.area] += word == "noticed"
    print("\narea        noticed of")
    for area in sorted(tried):
        print(f"{area:10} {noticed[area]:8} {tried[area]:3}")
    print(f"{'all':10} {noticed.total():8} {tried.total():3}")
    held.close()
    sys.exit(1 if not all(good) or noticed.total() < tried.total() else 0)


main()
