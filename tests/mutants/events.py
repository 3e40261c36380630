# SPDX-License-Identifier: MIT
"""Mistakes in event streams and in the event log."""

from mutants.mutant import Mutant

STREAMS = "server/streams/"
FAILURES = "test_events_failures.py::"
REPLAY = "test_events_replay.py::"
CALLERS = "test_events_callers.py::"
POSITIONS = "test_events_positions.py::"

MUTANTS = [
    Mutant(
        "heartbeats show whether others have sent something",
        "server/wire/sse.c",
        "position_seal(key, position, salt, text);",
        "position_seal(key, position, NO_SALT, text);",
        POSITIONS + "test_whether_others_send_is_not_seen",
    ),
    Mutant(
        "positions are made with a key that anybody knows",
        STREAMS + "feed.c",
        "\tposition_key_set(&feed->key, operation.events_newest.position_key);",
        "\tposition_key_set(&feed->key, (const unsigned char[DM_POSITION_KEY_BYTES]){0});",
        POSITIONS + "test_the_position_of_another_log_is_none",
    ),
    Mutant(
        "positions from before they were opaque are forgotten",
        "server/wire/position.c",
        "unseal(key, text, position) : parse_numbers(text, position);",
        "unseal(key, text, position) : (parse_numbers(text, position) && position->id < 0);",
        POSITIONS + "test_positions_from_before_they_were_opaque_are_heard",
    ),
    Mutant(
        "callers are checked as seldom as heartbeats come",
        STREAMS + "checker.c",
        "heartbeat < CHECK_EVERY ? heartbeat : CHECK_EVERY;",
        "heartbeat > CHECK_EVERY ? heartbeat : CHECK_EVERY;",
        CALLERS + "test_streams_end_without_a_heartbeat",
    ),
    Mutant(
        "callers whom the database could not be asked for are never checked again",
        STREAMS + "checker.c",
        "\t\tTAILQ_INSERT_HEAD(&checker->streams->checked, stream, checked);\n\t\treturn;",
        "\t\tstream->checked_at = INT64_MAX / 2;\n\t\tTAILQ_INSERT_HEAD(&checker->streams->checked, stream, checked);\n\t\treturn;",
        CALLERS + "test_a_database_that_cannot_be_asked_ends_no_stream",
    ),
    Mutant(
        "the stream of a token that was given to another user goes on",
        STREAMS + "checker.c",
        "(status == DM_OK && check->user_id != check->stream->user_id);",
        "(status == DM_OK && check->user_id == -1);",
        CALLERS + "test_streams_end_without_a_heartbeat",
    ),
    Mutant(
        "TCP_USER_TIMEOUT is of 60 ms",
        STREAMS + "stream.c",
        "#define UNACKNOWLEDGED_MS 60000",
        "#define UNACKNOWLEDGED_MS 60",
        FAILURES + "test_a_client_that_pauses_for_a_moment_is_kept",
    ),
    Mutant(
        "a client that takes nothing is kept",
        STREAMS + "feed.c",
        "\t\tif (stream->is_stalled)\n\t\t\tstream_drop(stream);\n",
        "",
        FAILURES + "test_a_client_that_takes_nothing_is_dropped_at_the_second_heartbeat",
    ),
    Mutant(
        "a client that takes something is dropped all the same",
        STREAMS + "stream.c",
        "\tstream->is_stalled = stream->is_stalled && sent == 0;\n",
        "",
        FAILURES + "test_a_client_that_takes_something_is_kept",
    ),
    Mutant(
        "a client that was dropped is not counted",
        STREAMS + "stream.c",
        "\t\tstream->streams->dropped++;",
        "\t\tstream->streams->dropped += 0;",
        FAILURES + "test_a_client_that_takes_nothing_is_dropped_at_the_second_heartbeat",
    ),
    Mutant(
        "replayed events are not counted",
        STREAMS + "feed.c",
        "\tfeed->streams->dispatched += replay.events;\n",
        "",
        FAILURES + "test_replayed_events_are_counted",
    ),
    Mutant(
        "trimming does not go on",
        STREAMS + "trimmer.c",
        "trimmer->has_more = operation->events_trim.removed > 0;",
        "trimmer->has_more = false;",
        FAILURES + "test_trimming_goes_on_until_all_is_done",
    ),
    Mutant(
        "the log is not trimmed at the start",
        STREAMS + "trimmer.c",
        "(trimmer->has_more || clock_monotonic() >= trimmer->due_at);",
        "(trimmer->has_more || (trimmer->due_at > 0 && clock_monotonic() >= trimmer->due_at));",
        REPLAY + "test_old_events_are_trimmed_by_age",
    ),
    Mutant(
        "a message of a reused id that was read is taken for the old one",
        "lib/store/event_match.c",
        "at == (signal == DM_MESSAGE_READ ? message->read_at : message->sent_at);",
        "signal == DM_MESSAGE_READ ? message->read_at != DM_UNREAD : at == message->sent_at;",
        FAILURES + "test_events_of_a_message_whose_id_was_used_again_are_not_of_the_new_one",
    ),
    Mutant(
        "a message of a reused id is taken for the old one",
        "lib/store/event_match.c",
        "at == (signal == DM_MESSAGE_READ ? message->read_at : message->sent_at);",
        "signal != DM_MESSAGE_READ || at == message->read_at;",
        REPLAY + "test_a_message_that_got_an_old_id_is_not_taken_for_the_old_one",
    ),
    Mutant(
        "heartbeats come a thousand times as late",
        STREAMS + "stream.c",
        "stream->heartbeat_at = clock_monotonic() + streams->options->heartbeat_seconds * INT64_C(1000000);",
        "stream->heartbeat_at = clock_monotonic() + streams->options->heartbeat_seconds * INT64_C(1000000000);",
        "test_events.py::test_a_stream_ends_when_its_user_may_not_listen_any_more",
    ),
    Mutant(
        "a user who may not listen any more goes on listening",
        STREAMS + "checker.c",
        "return status == DM_NOT_FOUND || status == DM_INACTIVE ||",
        "return status == DM_NOT_FOUND ||",
        "test_events.py::test_a_stream_ends_when_its_user_may_not_listen_any_more",
    ),
    Mutant(
        "a user whose token is gone goes on listening",
        STREAMS + "checker.c",
        "return status == DM_NOT_FOUND || status == DM_INACTIVE ||",
        "return status == DM_INACTIVE ||",
        "test_events.py::test_a_stream_ends_when_its_user_may_not_listen_any_more",
    ),
    Mutant(
        "nobody polls the log when another process wrote it",
        STREAMS + "hub.c",
        "#define POLL_MICROSECONDS 250000",
        "#define POLL_MICROSECONDS 250000000",
        REPLAY + "test_on_another_server_of_the_same_database[sqlite]",
    ),
    Mutant(
        "the limit of one user's streams is one more",
        STREAMS + "stream.c",
        "if (of_user >= streams->options->max_streams_per_user)",
        "if (of_user > streams->options->max_streams_per_user)",
        "test_events.py::test_limits_of_streams",
    ),
    Mutant(
        "the limit of all streams is one more",
        STREAMS + "stream.c",
        "if (streams->open >= streams->options->max_streams)",
        "if (streams->open > streams->options->max_streams)",
        "test_events.py::test_limits_of_streams",
    ),
    Mutant(
        "a stream that ended is counted as open",
        STREAMS + "stream.c",
        "\tstream->streams->open--;\n",
        "",
        "test_events.py::test_streams_are_counted",
    ),
    Mutant(
        "an event that is hidden by its recipient is sent to them",
        STREAMS + "feed.c",
        "event->hidden_for_recipient : event->hidden_for_sender;",
        "event->hidden_for_sender : event->hidden_for_sender;",
        "test_events.py::test_a_message_that_was_hidden_is_not_sent_to_who_has_hidden_it",
    ),
    Mutant(
        "the log is kept for so many milliseconds, not seconds",
        STREAMS + "trimmer.c",
        "clock_now() - options->keep_seconds * SECOND",
        "clock_now() - options->keep_seconds * 1000",
        REPLAY + "test_old_events_are_trimmed_by_age",
    ),
    Mutant(
        "a replay that a slow client holds up never goes on",
        STREAMS + "stream.c",
        "stream->state == STREAM_PAUSED)\n\t\tstream_set_state(stream, STREAM_REPLAYING);",
        "stream->state == STREAM_PAUSED)\n\t\tstream_set_state(stream, STREAM_PAUSED);",
        REPLAY + "test_a_long_way_back_in_pieces",
    ),
]
