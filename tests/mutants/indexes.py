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
        "WHERE x.indisvalid IS NOT TRUE ORDER BY",
        "WHERE x.indisvalid IS NULL ORDER BY",
        FAILURES + "test_an_index_that_was_left_invalid_is_made_anew",
    ),
    Mutant(
        "an interrupted index of another name becomes part of ours",
        SCHEMA + "index.c",
        "OR (is_part AND \" IS_LIKE \"))\"",
        "OR (is_part AND x.indisvalid AND \" IS_LIKE \"))\"",
        PARTITIONS + "test_an_interrupted_index_of_another_name_is_dropped",
    ),
    Mutant(
        "an index of a partition that has our name alone is taken for ours",
        SCHEMA + "index.c",
        "i.relname = index_name AND NOT (is_part AND x.indisvalid)",
        "i.relname = index_name",
        PARTITIONS + "test_an_index_of_a_partition_that_has_our_name_alone_is_left_alone",
    ),
    Mutant(
        "an index of which some partitions are missing is dropped with all that belong to it",
        SCHEMA + "index.c",
        "WHEN NOT EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhparent = indexrelid)",
        "WHEN EXISTS (SELECT 1 FROM pg_inherits h WHERE h.inhparent = indexrelid)",
        PARTITIONS + "test_an_index_of_which_some_partitions_are_missing_gets_them",
    ),
    Mutant(
        "migrate waits for another one and does not say how far that is",
        SCHEMA + "progress.c",
        "if (!report_progress(session, pid, what, watch))",
        "if (!report_progress(session, pid + 1, what, watch))",
        "test_postgres_migrate.py::test_program_that_was_killed_is_waited_for",
    ),
    Mutant(
        "the index of a partitioned table is waited for as long as it takes",
        SCHEMA + "migrate.c",
        "if (status == DM_OK && !satisfied)\n\t\tstatus = execute(session, \"SET LOCAL lock_timeout",
        "if (status == DM_OK && !satisfied && step->sql)\n\t\tstatus = execute(session, \"SET LOCAL lock_timeout",
        PARTITIONS + "test_nobody_waits_behind_it",
    ),
]
