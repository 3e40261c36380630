# SPDX-License-Identifier: MIT
"""Mistakes with standbys: old data, and what is answered though they fail."""

from mutants.mutant import Mutant

HOSTS = "test_postgres_hosts.py::"
READS = "test_postgres_reads.py::"
POSTGRES = "lib/store/postgres/"

MUTANTS = [
    Mutant(
        "a standby answers whatever it lacks",
        POSTGRES + "batches/read.c",
        "asked->is_doubtful = asked->needed > place;",
        "asked->is_doubtful = false;",
        READS + "test_what_was_just_written_is_never_missing",
    ),
    Mutant(
        "whom a message was sent to is not noted before it is told",
        POSTGRES + "batches/written.c",
        "\t\tfreshness_note(freshness, operation->send.recipient_id, now);\n",
        "",
        READS + "test_what_was_just_written_is_never_missing",
    ),
    Mutant(
        "what another server has stored is told, and then missed on a standby",
        POSTGRES + "nouns/event.c",
        "pg_note_users(postgres, pg_int(result, row, 15), pg_int(result, row, 16));",
        "(void)pg_note_users;",
        READS + "test_who_is_told_by_a_stream_finds_it",
    ),
    Mutant(
        "a standby may be behind by any time",
        POSTGRES + "connection/freshness.c",
        "freshness->max_lag = max_lag;",
        "freshness->max_lag = max_lag | INT64_C(1) << 50;",
        READS + "test_what_others_write_shows_within_the_lag",
    ),
    Mutant(
        "a standby that was promoted is one still",
        POSTGRES + "batches/all_statements.c",
        "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END",
        "SELECT pg_last_wal_replay_lsn()",
        READS + "test_a_standby_that_is_promoted_is_one_no_more",
    ),
    Mutant(
        "a standby of a timeline that was left is read from",
        POSTGRES + "batches/standby.c",
        "return freshness_timeline(session->postgres->freshness) == session->timeline;",
        "return session->postgres->freshness != NULL;",
        READS + "test_a_standby_that_has_what_was_lost_is_left_out",
    ),
    Mutant(
        "what a user has seen on the primary a standby does not show yet",
        POSTGRES + "batches/standby.c",
        "freshness_note(freshness, user_id, clock_monotonic());",
        "(void)user_id;",
        READS + "test_nobody_sees_less_than_before",
    ),
    Mutant(
        "a server whose writes go to a standby is ready",
        POSTGRES + "batches/ready.c",
        "\tif (!is_read_only)\n\t\treturn status;",
        "\tif (!is_read_only || status == DM_OK)\n\t\treturn status;",
        HOSTS + "test_a_server_whose_writes_go_to_a_standby_is_not_ready",
    ),
    Mutant(
        "what a user has hidden a standby shows still",
        POSTGRES + "batches/written.c",
        "\t\tfreshness_note(freshness, operation->hide.user_id, now);\n",
        "",
        READS + "test_what_a_user_has_just_done_shows",
    ),
    Mutant(
        "what a standby hands on at once is more than the primary's queue takes",
        "lib/store/lane.c",
        "while (!has_room(lane) && clock_monotonic() < until)",
        "while (!has_room(lane) && clock_monotonic() < until && until == 0)",
        "test_lane_room::so_many_at_once_leave_room_and_are_not_refused",
    ),
    Mutant(
        "what is submitted to a lane that has ended waits for ever",
        "lib/store/lane.c",
        "is_over = lane->running == 0 && lane->options.next;",
        "is_over = lane->running == SIZE_MAX && lane->options.next;",
        "test_library_stats::a_read_that_is_submitted_while_it_closes_is_answered[postgresql]",
    ),
]
