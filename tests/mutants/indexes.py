# SPDX-License-Identifier: MIT
"""Mistakes in making indexes on PostgreSQL, also on a partitioned table."""

from mutants.mutant import Mutant

SCHEMA = "lib/store/postgres/schema/"
FAILURES = "test_postgres_failures.py::"
PARTITIONS = "test_postgres_partitions.py::"

MUTANTS = [
    Mutant(
        "an index that was left invalid is kept",
        SCHEMA + "index.c",
        "WHERE o.indisvalid IS NOT TRUE AND",
        "WHERE o.indisvalid IS NULL AND",
        FAILURES + "test_an_index_that_was_left_invalid_is_made_anew",
    ),
    Mutant(
        "a partition whose index was left invalid is joined",
        SCHEMA + "index.c",
        "WHERE x.indrelid = leaf.oid AND x.indisvalid AND leaf",
        "WHERE x.indrelid = leaf.oid AND leaf",
        PARTITIONS + "test_interrupted_it_goes_on_where_it_was",
    ),
    Mutant(
        "the index of a partitioned table is waited for as long as it takes",
        SCHEMA + "migrate.c",
        "if (status == DM_OK && !satisfied)\n\t\tstatus = execute(session, \"SET LOCAL lock_timeout",
        "if (status == DM_OK && !satisfied && step->sql)\n\t\tstatus = execute(session, \"SET LOCAL lock_timeout",
        PARTITIONS + "test_nobody_waits_behind_it",
    ),
]
