# SPDX-License-Identifier: MIT
"""Mistakes in the shapes that clients see: JSON, times, media types, forms, texts."""

from mutants.mutant import Mutant

TIMESTAMP = "test_timestamp::"
JSON = "test_json::"
NEGOTIATE = "test_negotiate::"

MUTANTS = [
    Mutant(
        "a member that is not known is passed over",
        "server/wire/json_body.c",
        "refuse_member(span_from(name), detail);\n\t\t\treturn false;",
        "refuse_member(span_from(name), detail);\n\t\t\tcontinue;",
        "test_admin_users.py::test_what_is_refused_changes_nothing",
    ),
    Mutant(
        "1900 is a leap year",
        "lib/base/timestamp.c",
        "leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;",
        "leap = year % 4 == 0;",
        TIMESTAMP + "everything_else_is_refused",
    ),
    Mutant(
        "a day that is none is read where the time is in the form that is stored",
        "lib/base/timestamp.c",
        "day - 1 > 27",
        "day - 1 > 30",
        TIMESTAMP + "everything_else_is_refused",
    ),
    Mutant(
        "times before 1970 are a day late",
        "lib/base/timestamp.c",
        "(clamped >= 0 ? clamped : clamped - (DAY - 1)) / DAY;",
        "clamped / DAY;",
        TIMESTAMP + "what_is_written_reads_back",
    ),
    Mutant(
        "a fraction of zero is written",
        "lib/base/timestamp.c",
        "\tif (fraction != 0) {",
        "\tif (fraction >= 0) {",
        TIMESTAMP + "times_are_written_and_read",
    ),
    Mutant(
        "line separators are written as they are",
        "server/wire/json.c",
        '\treturn c < 0x20 || c == \'"\' || c == \'\\\\\' || c == 0xE2;',
        '\treturn c < 0x20 || c == \'"\' || c == \'\\\\\';',
        JSON + "line_separators_are_escaped_and_their_neighbours_not",
    ),
    Mutant(
        "neighbours of the line separators are taken for them",
        "server/wire/json.c",
        "& 0xFE) == 0xA8;",
        "& 0xF8) == 0xA8;",
        JSON + "line_separators_are_escaped_and_their_neighbours_not",
    ),
    Mutant(
        "two control characters have each other's letters",
        "server/wire/json.c",
        '"\\\\b",         "\\\\t",         "\\\\n",',
        '"\\\\b",         "\\\\n",         "\\\\t",',
        JSON + "strings_are_quoted_and_escaped",
    ),
    Mutant(
        "media types are compared by their letters' case",
        "server/wire/negotiate.c",
        'span_equal(pattern, SPAN("*")) || span_equal_nocase(pattern, half);',
        'span_equal(pattern, SPAN("*")) || span_equal(pattern, half);',
        NEGOTIATE + "a_body_s_type_is_looked_at_without_its_parameters",
    ),
    Mutant(
        "a weight of zero accepts",
        "server/wire/negotiate.c",
        "accepted = !weighs_nothing(one);",
        "accepted = one.length + 1 > 0;",
        NEGOTIATE + "gzip_is_for_those_who_name_it",
    ),
    Mutant(
        "the last of equal media types is chosen",
        "server/wire/negotiate.c",
        "if (exact > best_exactness || i < best)",
        "if (exact >= best_exactness)",
        NEGOTIATE + "the_most_exact_of_several_is_chosen",
    ),
    Mutant(
        "eight bytes that hold a line separator are copied as they are",
        "server/wire/json.c",
        " |\n\t\t    bytes_equal(word, 0xE2))",
        ")",
        "test_json::what_is_escaped_does_not_depend_on_its_place",
    ),
    Mutant(
        "a control character is taken for a letter among eight bytes",
        "server/wire/json.c",
        "bytes_below(word, 0x20)",
        "bytes_below(word, 0x1F)",
        "test_json::what_is_escaped_does_not_depend_on_its_place",
    ),
]
