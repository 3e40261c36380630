# SPDX-License-Identifier: MIT
"""Mistakes on PostgreSQL in what waits for what other transactions hold."""

from mutants.mutant import Mutant

POSTGRES = "lib/store/postgres/"

MUTANTS = [
    Mutant(
        "a block is answered while a send from before is under way",
        POSTGRES + "batches/settle.c",
        "if (operations[i]->kind == DM_OP_BLOCK && operations[i]->status == DM_OK)",
        "if (operations[i]->status == DM_BUSY)",
        "test_blocks_servers.py::test_a_block_is_answered_when_the_send_is_stored",
    ),
    Mutant(
        "a block waits for sends that began after it",
        POSTGRES + "batches/settle.c",
        "else if (block->internal.count > 0)",
        "else if (!block)",
        "test_blocks_servers.py::test_sends_that_begin_behind_the_block_are_not_waited_for",
    ),
    Mutant(
        "a block waits for a dump",
        POSTGRES + "batches/all_statements.c",
        " AND mode = 'RowExclusiveLock')",
        ")",
        "test_blocks_servers.py::test_neither_django_nor_a_dump_is_waited_for",
    ),
    Mutant(
        "a block is answered although nobody knows which sends are under way",
        POSTGRES + "batches/settle.c",
        "\t\t\tblocks[i]->status = unknown.status;\n",
        "",
        "test_blocks_servers.py::test_where_it_is_not_known_which_sends_are_under_way_it_is_503",
    ),
    Mutant(
        "the batch waits for a user whose row is held",
        POSTGRES + "batches/write.c",
        "if (ending->remedy == REMEDY_PARK && session->parking)",
        "if (ending->remedy == REMEDY_PARK && false)",
        "test_postgres_locks.py::test_a_user_whose_row_is_held[postgresql-recipient]",
    ),
    Mutant(
        "what was set apart waits for its lock all the same",
        POSTGRES + "batches/transaction.c",
        "transaction->without_waiting = count == 1 && lane_was_parked(operations[0]);",
        "transaction->without_waiting = false;",
        "test_postgres_locks.py::test_a_user_whose_row_is_held[postgresql-recipient]",
    ),
    Mutant(
        "a writer's connection is given up where a table is held while it is made ready",
        POSTGRES + "batches/ready.c",
        "\tfor (size_t i = 0; i < TEXT_COUNT; i++)\n",
        "\tsession->cut = session->cut || !send_lock_limit(session);\n\tfor (size_t i = 0; i < TEXT_COUNT; i++)\n",
        "test_postgres_locks.py::test_a_table_that_is_held[postgresql-False]",
    ),
]
