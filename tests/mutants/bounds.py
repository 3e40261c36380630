# SPDX-License-Identifier: MIT
"""Mistakes in limits: the budget of bytes, the log that nobody reads, the file under the server."""

from mutants.mutant import Mutant

BUDGET = "test_budget::"

MUTANTS = [
    Mutant(
        "a database file that can't be flushed is used all the same",
        "lib/store/sqlite/connection/checkpointer.c",
        "\tif (is_unflushed)\n",
        "\tif (is_unflushed && found.length < 0)\n",
        "test_checkpoints::what_was_not_flushed_is_in_the_log",
    ),
    Mutant(
        "nobody reads the log while it is written back",
        "lib/store/sqlite/connection/checkpointer.c",
        "return holder ? sqlite3_exec(holder->db, sql, NULL, NULL, NULL) : SQLITE_OK;",
        "return holder ? (void)sql, SQLITE_OK : SQLITE_OK;",
        "test_checkpoints::the_log_is_held_while_it_is_written_back",
    ),
    Mutant(
        "a log that is longer than the writer knows is written back again and again",
        "lib/store/sqlite/connection/checkpointer.c",
        "if (before.generation != c->generation)",
        "if (found.length > c->length)",
        "test_checkpoints::commits_of_others_are_written_back_once",
    ),
    Mutant(
        "the log grows as long as each checkpoint meets many new pages",
        "lib/store/sqlite/connection/checkpointer.c",
        "(c->length - c->done <= LAST || c->done >= CAP)",
        "c->length - c->done <= LAST",
        "test_checkpoints::the_log_has_a_limit",
    ),
    Mutant(
        "the log goes when the file is closed, also where it is all that there is",
        "lib/store/sqlite/connection/file_watch.c",
        "sqlite3_db_config(writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);",
        "(void)writer;",
        "test_checkpoints::what_was_not_flushed_is_in_the_log",
    ),
    Mutant(
        "a user's share of the budget is not looked at",
        "lib/base/budget.c",
        "if (add(&share->held, bytes, budget->share_limit)) {",
        "if (add(&share->held, bytes, SIZE_MAX)) {",
        BUDGET + "a_share_and_the_whole_are_limited",
    ),
    Mutant(
        "the whole of the budget is not looked at",
        "lib/base/budget.c",
        "if (add(&budget->held, bytes, budget->limit))",
        "if (add(&budget->held, bytes, SIZE_MAX))",
        BUDGET + "a_share_and_the_whole_are_limited",
    ),
    Mutant(
        "what the whole refuses stays with the share",
        "lib/base/budget.c",
        "\t\tatomic_fetch_sub_explicit(&share->held, bytes, memory_order_relaxed);\n\t}\n",
        "\t}\n",
        BUDGET + "a_share_and_the_whole_are_limited",
    ),
    Mutant(
        "what is given back stays with the whole",
        "lib/base/budget.c",
        "\tatomic_fetch_sub_explicit(&share->budget->held, bytes, memory_order_relaxed);\n",
        "",
        BUDGET + "a_buffer_is_counted_as_it_grows",
    ),
    Mutant(
        "a body is read before it is looked at whether there is room",
        "server/api/check_body.c",
        "\tif (!reserve_body(exchange->request))",
        "\tif (exchange->request->content_length > SIZE_MAX / 2 && !reserve_body(exchange->request))",
        "test_budget.py::test_bodies_beyond_the_budget_are_refused_before_they_are_read",
    ),
    Mutant(
        "a line waits for whoever does not read the log",
        "server/log/log_writer.c",
        "if (is_abandoned || limit - buffer->length < length || limit < buffer->length) {\n\t\tcount_dropped(1);",
        "if (is_abandoned || limit - buffer->length < length || limit < buffer->length) {\n\t\t(void)write_all(line, length);",
        "test_log.py::test_nobody_reads_the_log",
    ),
    Mutant(
        "lines that were dropped are not told",
        "server/log/log_writer.c",
        "next->notice_length = unnoticed > 0 ? write_notice(next->text, unnoticed) : 0;",
        "next->notice_length = 0;",
        "test_log.py::test_what_was_dropped_is_told_when_somebody_reads_again",
    ),
    Mutant(
        "the end waits for whoever does not read the log",
        "server/log/log_writer.c",
        "while (!has_ended && condition_wait_until(&changed, &mutex, until))",
        "while (!has_ended && (condition_wait_until(&changed, &mutex, until) || true))",
        "test_log.py::test_nobody_reads_the_log",
    ),
    Mutant(
        "a file that was removed is written on",
        "lib/store/sqlite/connection/file_watch.c",
        "return known->inode != 0 && (errno == ENOENT || errno == ENOTDIR);",
        "return false;",
        "test_storage_moved.py::test_nothing_is_acknowledged_any_more",
    ),
    Mutant(
        "a file that was replaced is written on",
        "lib/store/sqlite/connection/file_watch.c",
        "return known->inode != found.st_ino || known->device != found.st_dev;",
        "return known->device != found.st_dev;",
        "test_storage_moved.py::test_nothing_is_acknowledged_any_more",
    ),
    Mutant(
        "the log of SQLite stays at its peak",
        "lib/store/sqlite/connection/session.c",
        '"PRAGMA journal_size_limit=67108864;"',
        '"PRAGMA journal_size_limit=-1;"',
        "test_storage_moved.py::test_the_log_does_not_stay_at_its_peak",
    ),
    Mutant(
        "another event at the same place is taken for the one that was heard",
        "lib/store/sqlite/nouns/event.c",
        "a->id == b->id && a->mark == b->mark;",
        "a->id == b->id;",
        "test_events_restore.py::test_another_event_at_the_same_place[sqlite]",
    ),
    Mutant(
        "a slab of free slots stays",
        "lib/base/slots.c",
        "\tif (--slab->used == 0) {\n",
        "\tif (--slab->used == (size_t)-1) {\n",
        "test_slots::slots_are_used_again_and_go_back",
    ),
]
