# SPDX-License-Identifier: MIT
"""Mistakes in the loops: who is served, who is waited for, and how a server stops."""

from mutants.mutant import Mutant

HTTP = "server/http/"
TIMEOUTS = "test_timeouts.py::"
LOOPS = "test_loops.py::"
STOP = "test_stop.py::"

MUTANTS = [
    Mutant(
        "a quiet client's time is over, and nobody looks",
        "server/http/reaper.c",
        "\tif (!queues[CLIENT_QUIET].oldest)\n",
        "\tif (queues)\n",
        "test_reaper::quiet_clients_are_slept_through_until_the_first_is_due",
    ),
    Mutant(
        "quiet clients wake the loop four times a second",
        "server/http/reaper.c",
        "\treturn max(max(until_idle, until_check), 0);",
        "\treturn max(min(until_idle, until_check), 0);",
        "test_reaper::quiet_clients_are_slept_through_until_the_first_is_due",
    ),
    Mutant(
        "who has sent all is closed before the response",
        HTTP + "connection.c",
        "\t\tanswer_before_end(connection);\n",
        "\t\t(void)answer_before_end;\n",
        "test_loops.py::test_who_sends_no_more_while_the_store_is_busy_is_answered_when_it_is_done",
    ),
    Mutant(
        "a loop takes all clients that come at once",
        HTTP + "accept.c",
        "if (other->open < fewest->open && ",
        "if (other->open < fewest->open && other->open > other->max_open && ",
        "test_loops_share.py::test_clients_that_come_at_once_are_shared_out_among_the_loops",
    ),
    Mutant(
        "a stop waits one second",
        "server/cmd/serve.c",
        "#define STOP_SECONDS 10",
        "#define STOP_SECONDS 1",
        "test_stop_grace.py::test_a_request_that_takes_some_seconds_more_is_answered",
    ),
    Mutant(
        "who waits to be taken when a stop begins is left",
        HTTP + "loop_thread.c",
        "\taccept_last(loop);\n",
        "",
        "test_stop_grace.py::test_a_crowd_that_waits_to_be_taken_is_served",
    ),
    Mutant(
        "who is refused and comes again keeps a loop from stopping",
        HTTP + "accept.c",
        "i < LISTEN_BACKLOG && accept_one(loop)",
        "i < UINT32_MAX && accept_one(loop)",
        "test_accept::clients_that_are_refused_and_come_again_do_not_keep_a_loop_from_stopping",
    ),
    Mutant(
        "answers while stopping do not tell that they are the last",
        HTTP + "drive.c",
        "request->refusal.status || loop_of(request)->stopping",
        "request->refusal.status",
        "test_stop_grace.py::test_a_request_that_takes_some_seconds_more_is_answered",
    ),
    Mutant(
        "the address stays taken while requests end",
        HTTP + "loop_thread.c",
        "\tif (atomic_fetch_sub(&server->listening, 1) == 1)\n",
        "\tif (atomic_fetch_sub(&server->listening, 1) == 0)\n",
        STOP + "test_nobody_new_comes_while_requests_end",
    ),
    Mutant(
        "a loop sleeps although its daemon has work",
        HTTP + "loop_thread.c",
        "if (MHD_get_timeout(loop->daemon, &daemon_left) == MHD_YES &&",
        "if (MHD_get_timeout(loop->daemon, &daemon_left) == MHD_NO &&",
        "test_stop_grace.py::test_requests_that_were_read_already_are_run_at_once",
    ),
    Mutant(
        "who closes with the last bytes is not noticed",
        HTTP + "connection.c",
        "\t\tconnection->has_left = true;\n\t\tanswer_before_end(connection);\n\t\tlook_again(connection);\n",
        "\t\tconnection->has_left = true;\n\t\tanswer_before_end(connection);\n",
        LOOPS + "test_who_closes_with_the_last_bytes_is_noticed",
    ),
    Mutant(
        "a head has no deadline",
        HTTP + "reaper.c",
        "timeouts_overdue(timeouts, CLIENT_HEAD, slow_ms)",
        "timeouts_overdue(timeouts, CLIENT_HEAD, slow_ms * 1000)",
        TIMEOUTS + "test_requests_that_come_byte_for_byte_are_hung_up_on",
    ),
    Mutant(
        "a body has no deadline",
        HTTP + "reaper.c",
        "if (connection_is_slow(connection, bytes > 0 ? bytes : 1))",
        "if (connection->side != SIDE_BODY && connection_is_slow(connection, bytes > 0 ? bytes : 1))",
        TIMEOUTS + "test_requests_that_come_byte_for_byte_are_hung_up_on",
    ),
    Mutant(
        "an answer has no deadline",
        HTTP + "reaper.c",
        "if (connection_is_slow(connection, bytes > 0 ? bytes : 1))",
        "if (connection->side == SIDE_BODY && connection_is_slow(connection, bytes > 0 ? bytes : 1))",
        TIMEOUTS + "test_an_answer_that_is_hardly_read_is_broken_off",
    ),
    Mutant(
        "a body is to come at once",
        HTTP + "reaper.c",
        "uint64_t bytes = (uint64_t)options->slow_rate * (uint64_t)period_ms / 1000;",
        "uint64_t bytes = (uint64_t)options->slow_rate * (uint64_t)period_ms;",
        TIMEOUTS + "test_a_body_that_is_fast_enough_is_taken",
    ),
    Mutant(
        "the time of a head runs from the connection's beginning",
        HTTP + "connection.c",
        "timeouts_move(&watch->loop->timeouts, &connection->place, CLIENT_HEAD);",
        "connection_close(connection, HTTP_CLOSED_HEAD);",
        "test_quiet.py::test_what_a_client_has_sent_before_it_was_quiet_counts",
    ),
    Mutant(
        "a quiet connection loses the half of a head that has come",
        HTTP + "connection.c",
        "info.tcpi_bytes_received == connection->consumed;",
        "info.tcpi_bytes_received >= connection->consumed;",
        "test_quiet.py::test_what_a_client_has_sent_before_it_was_quiet_counts",
    ),
    Mutant(
        "memory that a crowd needed is kept",
        "server/cmd/memory_trim.c",
        "\tmalloc_trim(0);\n",
        "",
        "test_hostile_crowd.py::test_a_crowd_needs_memory_only_while_it_asks",
    ),
    Mutant(
        "silent connections keep their places on a full server",
        HTTP + "reaper.c",
        "\tif (connection)\n\t\tclose_silent(loop, connection, HTTP_CLOSED_ROOM);\n",
        "",
        TIMEOUTS + "test_silent_connections_make_room_for_others",
    ),
    Mutant(
        "an address may have one connection more",
        HTTP + "addresses.c",
        "(*place)->connections >= addresses->max)",
        "(*place)->connections > addresses->max)",
        TIMEOUTS + "test_an_address_has_so_many_connections",
    ),
    Mutant(
        "who has left still counts for the address",
        HTTP + "addresses.c",
        "if (found && --found->connections == 0) {",
        "if (found && found->connections == 0) {",
        TIMEOUTS + "test_an_address_has_so_many_connections",
    ),
    Mutant(
        "a connection that is closed is counted as open",
        HTTP + "connection.c",
        "\tatomic_fetch_sub_explicit(&loop->server->options.counts->open, 1, memory_order_relaxed);\n",
        "",
        "test_operations_metrics.py::test_connections_are_counted_while_they_are_open",
    ),
    Mutant(
        "half a head behind a pause has the time of an idle connection",
        "server/http/connection.c",
        "\tif (connection->place.state == CLIENT_CLOSED) /* it is new */\n\t\ttimeouts_move",
        "\ttimeouts_move",
        "test_timeouts.py::test_half_a_head_after_a_pause_has_no_more_time",
    ),
]
