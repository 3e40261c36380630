# SPDX-License-Identifier: MIT
"""Mistakes on SQLite, and in what both stores share: batches, waiting, times, cursors."""

from mutants.mutant import Mutant

SQLITE = "lib/store/sqlite/"
WRITES = "test_library_writes::"

MUTANTS = [
    Mutant(
        "what is erased stays in the pages",
        SQLITE + "nouns/erasure.c",
        "PRAGMA secure_delete = ON",
        "PRAGMA secure_delete = OFF",
        "test_admin_people.py::test_words_are_overwritten_beside_a_server",
    ),
    Mutant(
        "messages that the user had hidden keep their content (SQLite)",
        SQLITE + "nouns/erasure.c",
        "if (deletes || !is_hidden || (sent && length > 0))",
        "if (deletes || !is_hidden)",
        "test_library_erase::blanking_leaves_partners_their_rows",
    ),
    Mutant(
        "the token of an erased user stays (SQLite)",
        SQLITE + "nouns/erasure.c",
        "ERASE_JWT_TICKETS, ERASE_TICKETS, ERASE_TOKEN, ERASE_CLOSE};",
        "ERASE_JWT_TICKETS, ERASE_TICKETS, ERASE_CLOSE};",
        "test_library_erase::the_person_goes_and_nothing_else",
    ),
    Mutant(
        "an erasure that was ended renames the user before it does the messages",
        "lib/store/erasure_phase.c",
        "if (messages == DM_ERASE_KEEP || ",
        "if (messages != DM_ERASE_DELETE || ",
        "test_library_erase::an_erasure_may_end_anywhere",
    ),
    Mutant(
        "a user to whom rows of other tables refer is deleted",
        "lib/store/sqlite/nouns/user_write.c",
        "status = check_references(session, operation, user_id);",
        "status = DM_OK;",
        "test_admin_users.py::test_a_user_to_whom_other_rows_refer_is_not_deleted",
    ),
    Mutant(
        "the row of a cursor is looked up in all conversations (SQLite)",
        SQLITE + "nouns/conversation.c",
        '\n\t " AND ((sender_id = ?2 AND recipient_id = ?3) OR (sender_id = ?3 AND recipient_id = ?2))"},',
        '\n\t " AND ?2 > 0 AND ?3 > 0"},',
        "test_cursor_foreign.py::test_the_row_of_another_conversation_is_no_place",
    ),
    Mutant(
        "two messages may have the same time",
        "lib/store/sent_time.c",
        "last + 1 : now;",
        "last : now;",
        WRITES + "times_grow_while_the_clock_stands",
    ),
    Mutant(
        "a clock that steps back takes the times of messages with it",
        "lib/store/sent_time.c",
        "now <= last && last - now < 1000000",
        "now == last",
        WRITES + "a_clock_that_steps_back_a_little_is_not_followed",
    ),
    Mutant(
        "a clock that was set back is not believed",
        "lib/store/sent_time.c",
        "now <= last && last - now < 1000000",
        "now <= last",
        WRITES + "a_clock_that_was_set_back_is_believed",
    ),
    Mutant(
        "a clock that was set back by a second is followed a second late",
        "lib/store/sent_time.c",
        "last - now < 1000000",
        "last - now <= 1000000",
        WRITES + "a_clock_that_was_set_back_is_believed",
    ),
    Mutant(
        "the last time is forgotten (SQLite)",
        SQLITE + "nouns/message.c",
        "\tsession->last_sent_at = sent_at;\n",
        "",
        WRITES + "times_grow_while_the_clock_stands",
    ),
    Mutant(
        "the last time is forgotten (PostgreSQL)",
        "lib/store/postgres/nouns/message.c",
        "postgres->last_sent_at = sent_time_after(postgres->last_sent_at);",
        "postgres->last_sent_at = sent_time_after(0);",
        WRITES + "times_grow_while_the_clock_stands[postgresql]",
    ),
    Mutant(
        "what can't be written within a batch is that row's fault",
        SQLITE + "batches/batch.c",
        "return status == DM_BUSY || status == DM_UNAVAILABLE ||",
        "return status == DM_BUSY ||",
        WRITES + "a_failure_of_the_store_is_that_of_all",
    ),
    Mutant(
        "the time in the queue is not taken off the wait for the lock",
        SQLITE + "batches/batch.c",
        "(int)((operations[0]->internal.queued_at + limit - now + 999) / 1000)",
        "(int)((limit + 999) / 1000)",
        WRITES + "time_in_the_queue_is_taken_off_the_wait_for_the_lock",
    ),
    Mutant(
        "a write that has waited too long in the queue is begun (SQLite)",
        SQLITE + "batches/batch.c",
        "if (now - operations[i]->internal.queued_at < limit) {",
        "if (now - operations[i]->internal.queued_at < limit * 1000) {",
        WRITES + "what_has_waited_too_long_is_refused",
    ),
    Mutant(
        "a file that may only be read is served",
        SQLITE + "connection/session.c",
        "\tif (code != SQLITE_OK) {\n\t\tsession_failure(session, code, error);",
        "\tif (code != SQLITE_OK && (code & 0xFF) != SQLITE_READONLY) {\n\t\tsession_failure(session, code, error);",
        "test_storage_damage.py::test_serving_a_file_that_may_not_be_written",
    ),
    Mutant(
        "--migrate waits for a full disk",
        "server/cmd/schema_watch.c",
        'return status == DM_UNAVAILABLE && strcmp(stats.backend, "postgresql") == 0;',
        "return status == DM_UNAVAILABLE;",
        "test_storage_full.py::test_start_on_a_full_disk_that_needs_to_write_is_refused",
    ),
    Mutant(
        "a full disk is a defect",
        SQLITE + "connection/session.c",
        "\tcase SQLITE_FULL:\n\t\treturn refuse_full(session, error);",
        "\tcase SQLITE_FULL:\n\t\treturn fail(error, DM_INTERNAL, \"full\");",
        "test_storage_full.py::test_full_disk",
    ),
    Mutant(
        "commits are not synced",
        SQLITE + "connection/session.c",
        "PRAGMA synchronous=FULL;",
        "PRAGMA synchronous=NORMAL;",
        "test_storage_durability.py::test_message_is_flushed_before_its_sender_is_told",
    ),
]
