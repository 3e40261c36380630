# SPDX-License-Identifier: MIT
"""Mistakes with partitions of the table of messages."""

from mutants.mutant import Mutant

MUTANTS = [
    Mutant(
        "an interrupted index of another name becomes part of ours",
        "lib/store/postgres/schema/index.c",
        "AND (i.relname = index_name OR (is_part AND \" IS_LIKE \"))\"",
        "AND i.relname = index_name\"",
        "test_postgres_partitions.py::test_an_interrupted_index_of_another_name_is_dropped",
    ),
]
