# SPDX-License-Identifier: MIT
"""Mistakes in HTTP, in what clients and people are shown, and in what is counted."""

from mutants.mutant import Mutant

MUTANTS = [
    Mutant(
        "out of memory is a defect",
        "server/wire/errors.c",
        "[DM_NO_MEMORY] = TRY_LATER,",
        "[DM_NO_MEMORY] = DEFECT,",
        "test_errors::what_may_work_later_is_503",
    ),
    Mutant(
        "a schema that is not there yet is a defect",
        "server/wire/errors.c",
        "[DM_SCHEMA] = TRY_LATER,",
        "[DM_SCHEMA] = DEFECT,",
        "test_errors::what_may_work_later_is_503",
    ),
    Mutant(
        "two lengths are answered by 413",
        "server/http/framing.c",
        "if (head->lengths + head->codings > 1 ||",
        "if ((head->lengths > 0) + head->codings > 1 ||",
        "test_framing.py::test_a_length_that_is_told_twice",
    ),
    Mutant(
        "the body is awaited before it is told that its length is ambiguous",
        "server/http/http.c",
        "(request->refusal.status || request->content_length > request->server->options.body_bytes ||",
        "(request->content_length > request->server->options.body_bytes ||",
        "test_refused_at_once.py::test_a_head_that_is_refused_needs_no_body",
    ),
    Mutant(
        "the body is awaited before it is told that it is too large",
        "server/http/http.c",
        "(request->refusal.status || request->content_length > request->server->options.body_bytes ||",
        "(request->refusal.status ||",
        "test_refused_at_once.py::test_a_head_that_is_refused_needs_no_body",
    ),
    Mutant(
        "C1 control characters reach the terminal",
        "server/cmd/cli.c",
        "(unsigned char)text.data[i + 1] < 0xA0) /* U+0080 to U+009F */",
        "(unsigned char)text.data[i + 1] < 0x80) /* U+0080 to U+009F */",
        "test_shown.py::test_a_terminal_is_told_nothing_by_a_message",
    ),
    Mutant(
        "letters are taken for C1 control characters",
        "server/cmd/cli.c",
        "(unsigned char)text.data[i + 1] < 0xA0) /* U+0080 to U+009F */",
        "(unsigned char)text.data[i + 1] < 0xB0) /* U+0080 to U+009F */",
        "test_shown.py::test_a_terminal_is_told_nothing_by_a_message",
    ),
    Mutant(
        "DEL reaches the terminal",
        "server/cmd/cli.c",
        "else if (c < 0x20 || c == 0x7F)",
        "else if (c < 0x20)",
        "test_shown.py::test_a_terminal_is_told_nothing_by_a_message",
    ),
    Mutant(
        "a HEAD is logged as though its body had been sent",
        "server/http/response.c",
        'span_equal(request->method, SPAN("HEAD")) ? 0 : length;',
        'span_equal(request->method, SPAN("HEAD")) ? length : length;',
        "test_shown.py::test_access_lines_tell_what_was_sent",
    ),
    Mutant(
        "a duration at a bound is counted above it",
        "server/metrics/requests.c",
        "microseconds > request_bounds[bound])",
        "microseconds >= request_bounds[bound])",
        "test_requests::a_duration_at_a_bound_is_below_it",
    ),
    Mutant(
        "the bounds of the histogram are ten times as far",
        "server/metrics/requests.c",
        "request_bounds[REQUEST_BOUNDS] = {100,   250,",
        "request_bounds[REQUEST_BOUNDS] = {1000,   2500,",
        "test_requests::bounds_are_tenths_of_milliseconds_to_ten_seconds",
    ),
    Mutant(
        "buckets of the histogram do not add up",
        "server/metrics/exposition.c",
        "\t\ttotal += histogram->counts[i];",
        "\t\ttotal = histogram->counts[i];",
        "test_requests::a_histogram_adds_up",
    ),
    Mutant(
        "what is under way is counted by what has begun",
        "server/metrics/requests.c",
        "return begun > gone ? begun - gone : 0;",
        "return begun > gone ? begun : 0;",
        "test_requests::what_has_begun_and_not_ended_is_under_way",
    ),
]
