# SPDX-License-Identifier: MIT
"""Mistakes in the inbox: what is folded, merged and mended."""

from mutants.mutant import Mutant

SQLITE = "lib/store/sqlite/"
POSTGRES = "lib/store/postgres/"
LATE = "test_inbox_together.py::test_a_transaction_that_commits_late_shows_at_the_next_fold[postgresql-3000]"

MUTANTS = [
    Mutant(
        "of conversations of the same moment one is shown on two pages",
        "lib/store/sqlite/nouns/inbox_walk.c",
        "i.last_at = ?2 AND i.last_id < ?3",
        "i.last_at = ?2 AND i.last_id <= ?3",
        "test_library_inbox::conversations_of_the_same_moment_are_each_shown_once",
    ),
    Mutant(
        "of conversations of the same moment those of the next page are left out",
        "lib/store/sqlite/nouns/inbox_walk.c",
        "\tif (walk->has_position)\n\t\tstatus = walk_range(",
        "\tif (left < 0)\n\t\tstatus = walk_range(",
        "test_library_inbox::conversations_of_the_same_moment_are_each_shown_once",
    ),
    Mutant(
        "a page that was cut is taken for the last one",
        "lib/store/sqlite/nouns/inbox.c",
        "bool is_cut = page->walked == MAX_RECENT + MAX_WALK,",
        "bool is_cut = false,",
        "test_library_inbox::what_is_unread_is_found_behind_very_many_conversations",
    ),
    Mutant(
        "behind a page that was cut the next one begins at the end",
        "lib/store/sqlite/nouns/inbox.c",
        "\t\tinbox->next_position = page->end.message.sent_at;",
        "\t\tinbox->next_position = 0;",
        "test_library_inbox::what_is_unread_is_found_behind_very_many_conversations",
    ),
    Mutant(
        "where folding fails it is tried again at once",
        "lib/messaging/folder.c",
        "operation.status != DM_OK || !operation.inbox_fold.more",
        "operation.status == DM_OK && !operation.inbox_fold.more",
        "test_folder::a_failure_is_followed_by_a_rest",
    ),
    Mutant(
        "a conversation whose last message is hidden stays where it was",
        SQLITE + "nouns/inbox_walk.c",
        "place.message.id != sqlite3_column_int64(row, LAST_MESSAGE_ID) ||\n\t\t\t place.message.sent_at != column_time(row, LAST_AT, 0);",
        "place.message.id == 0 && sqlite3_column_int64(row, LAST_MESSAGE_ID) != 0;",
        "test_inbox.py::test_what_django_deletes_and_hides[sqlite-True]",
    ),
    Mutant(
        "the last message of each conversation of a page is found by sorting",
        SQLITE + "nouns/inbox_walk.c",
        '" = i.partner_id AND " hidden " IS NULL ORDER BY sent_at DESC, id DESC LIMIT 1)"',
        '" = i.partner_id AND " hidden " IS NULL ORDER BY +sent_at DESC, id DESC LIMIT 1)"',
        "test_sqlite_plans::inboxes_are_read_in_their_order",
    ),
    Mutant(
        "what is not folded yet is not merged",
        SQLITE + "nouns/inbox.c",
        "if (status == DM_OK && inbox->lack == DM_INBOX_LACKS_NOTHING)\n\t\tstatus = add_listed(page);",
        "if (status == DM_OK && !page->walks && inbox->lack == DM_INBOX_LACKS_NOTHING)\n\t\tstatus = add_listed(page);",
        "test_inbox.py::test_the_newest_conversation_comes_first_whoever_wrote[sqlite]",
    ),
    Mutant(
        "an inbox is shown although what it ends with was hidden",
        POSTGRES + "nouns/inbox.c",
        "return DM_INBOX_LACKS_MEND;",
        "return DM_INBOX_LACKS_NOTHING;",
        "test_model.py::test_random_operations_show_what_the_model_says[postgresql]",
    ),
    Mutant(
        "who mends an inbox waits for all others who do",
        POSTGRES + "nouns/inbox_fold.c",
        "WHERE id = 1 FOR SHARE",
        "WHERE id = 1 FOR UPDATE",
        "test_inbox_together.py::test_who_mends_waits_for_nobody_else_who_does[postgresql]",
    ),
    Mutant(
        "marking everything as read marks what blocked users have sent, if there is something else",
        SQLITE + "nouns/marking.c",
        'AND id <= ?3 AND NOT EXISTS " BLOCK(\n\t\t "?1", "sender_id") " ORDER BY sender_id',
        'AND id <= ?3 ORDER BY sender_id',
        "test_model.py::test_random_operations_show_what_the_model_says[sqlite]",
    ),
    Mutant(
        "where ids begin anew the inbox waits for the old ones",
        SQLITE + "nouns/inbox_fold.c",
        '"UPDATE directmessages_inbox_fold AS f SET folded = 0, mark_at = NULL WHERE " IS_OTHER',
        '"UPDATE directmessages_inbox_fold AS f SET folded = folded WHERE " IS_OTHER',
        "test_inbox.py::test_ids_that_begin_anew[sqlite]",
    ),
    Mutant(
        "what was committed late is forgotten and not folded",
        POSTGRES + "connection/inbox_table.h",
        "THEN least(again, ended_low) END AS late_start",
        "THEN again END AS late_start",
        LATE,
    ),
    Mutant(
        "transactions under way are not noted when the fold passes their ids",
        POSTGRES + "connection/inbox_table.h",
        "WHERE s.reached > s.start AND x::text::bigint <> ALL (s.open)",
        "WHERE s.reached < s.start AND x::text::bigint <> ALL (s.open)",
        LATE,
    ),
    Mutant(
        "what is stored while the table is filled is not folded",
        SQLITE + "schema/inbox_fill.h",
        " WHERE NOT EXISTS (SELECT 1 FROM directmessages_inbox_fill) AND EXISTS (SELECT 1 FROM directmessages_message);",
        " WHERE EXISTS (SELECT 1 FROM directmessages_message);",
        "test_inbox_migrate.py::test_it_goes_on_where_it_was[sqlite]",
    ),
    Mutant(
        "a fill that another process has ended fails",
        SQLITE + "schema/migrate.c",
        "!is_still_due)",
        "is_still_due)",
        "test_inbox_migrate.py::test_another_process_ends_it[sqlite]",
    ),
]
