# SPDX-License-Identifier: MIT
"""Walks on servers of their own, several at a time."""

import concurrent.futures
import contextlib
import os
import signal

import harness
import parted
import postgres
from model import walk

BACKENDS = ("sqlite", "postgresql", "two servers", "partitions", "shards")
LENGTH_OF_WALK = 1_000  # the model looks at all messages again and again


def why_not(backend):
    return postgres.why_not() if backend != "sqlite" else None


def on_server(backend, seed, operations, seconds=60):
    """One walk on an empty database; what differs, or None."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(contextlib.closing(serve(backend, stack))).start()
        told = walk.run(server, seed, operations, seconds)
        return told and f"{backend}, {told}"


def serve(backend, stack):
    if backend == "two servers":
        return harness.TwoServers(administered=True)
    if backend in ("sqlite", "postgresql"):
        return harness.Server(administered=True, backend=backend)
    database = parted.PartitionedDatabase() if backend == "partitions" else parted.sharded(stack)
    stack.callback(database.close)
    return harness.Server(database, administered=True)


def _part(part):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that reports is told, and ends all
    return on_server(*part)


def everything(backends, operations, seed, jobs=None):
    """So many operations on each backend. Yields (operations done, what differs or None) as walks end."""
    if any(backend != "sqlite" for backend in backends):
        postgres.shared()  # here, for all processes below
    lengths = [LENGTH_OF_WALK] * (operations // LENGTH_OF_WALK) + [operations % LENGTH_OF_WALK]
    todo = [(backend, f"{seed}/{number}", length) for number, length in enumerate(lengths, 1) if length for backend in backends]
    with concurrent.futures.ProcessPoolExecutor(jobs or os.cpu_count()) as pool:
        waiting = {pool.submit(_part, part): part for part in todo}
        for future in concurrent.futures.as_completed(waiting):
            yield waiting[future][2], future.result()
