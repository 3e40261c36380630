# SPDX-License-Identifier: MIT
"""Mistakes in the delivery of webhooks."""

from mutants.mutant import Mutant

EVENTS = "server/events/"
FAILURES = "test_webhooks_failures.py::"
WEBHOOKS = "test_webhooks.py::"
SCHEDULE = "test_schedule::"

MUTANTS = [
    Mutant(
        "the lease of a claim is in the wrong unit",
        EVENTS + "attempt.c",
        "webhooks->options.poster.timeout_ms * INT64_C(1000) + LEASE_MARGIN",
        "webhooks->options.poster.timeout_ms + LEASE_MARGIN",
        FAILURES + "test_a_claim_lasts_longer_than_the_request_and_no_minute_more",
    ),
    Mutant(
        "the lease of a claim ends with the request",
        EVENTS + "attempt.c",
        "webhooks->options.poster.timeout_ms * INT64_C(1000) + LEASE_MARGIN",
        "LEASE_MARGIN",
        FAILURES + "test_a_claim_lasts_longer_than_the_request_and_no_minute_more",
    ),
    Mutant(
        "a record that the store refused is not repeated",
        EVENTS + "webhooks.c",
        "\t\trecords_repeat(webhooks);\n\t\twebhooks->repeat_at",
        "\t\twebhooks->repeat_at",
        FAILURES + "test_a_record_that_the_store_refused_is_repeated",
    ),
    Mutant(
        "a disabled endpoint stops trimming (SQLite)",
        "lib/store/sqlite/event.c",
        "coalesce((SELECT min(position) + 1 FROM directmessages_webhook WHERE is_active), 9223372036854775807)",
        "coalesce((SELECT min(position) + 1 FROM directmessages_webhook), 9223372036854775807)",
        FAILURES + "test_a_disabled_endpoint_does_not_keep_the_log[sqlite]",
    ),
    Mutant(
        "a disabled endpoint stops trimming (PostgreSQL)",
        "lib/store/postgres/event.c",
        "FROM directmessages_webhook WHERE is_active ORDER BY 1, 2 LIMIT 1)",
        "FROM directmessages_webhook ORDER BY 1, 2 LIMIT 1)",
        FAILURES + "test_a_disabled_endpoint_does_not_keep_the_log[postgresql]",
    ),
    Mutant(
        "the log is trimmed of what an endpoint was not given yet",
        "lib/store/sqlite/event.c",
        "coalesce((SELECT min(position) + 1 FROM directmessages_webhook WHERE is_active), 9223372036854775807)",
        "coalesce((SELECT 9223372036854775807 FROM directmessages_webhook WHERE is_active), 9223372036854775807)",
        "test_webhooks_life.py::test_the_log_keeps_what_an_endpoint_was_not_given_yet[sqlite]",
    ),
    Mutant(
        "DISABLE_AFTER is taken for milliseconds",
        "server/cmd/config.c",
        "options->disable_after = disable_after * 1000000;",
        "options->disable_after = disable_after * 1000;",
        FAILURES + "test_an_endpoint_is_disabled_when_its_time_is_over_and_not_before",
    ),
    Mutant(
        "DISABLE_AFTER is taken for minutes",
        "server/cmd/config.c",
        "options->disable_after = disable_after * 1000000;",
        "options->disable_after = disable_after * 60000000;",
        FAILURES + "test_an_endpoint_is_disabled_when_its_time_is_over_and_not_before",
    ),
    Mutant(
        "after ten failures in a row all connections are used",
        EVENTS + "endpoint.c",
        "endpoint->failures < FAILURES_MANY ? webhooks->options.connections : 1",
        "endpoint->failures < FAILURES_MANY ? webhooks->options.connections : webhooks->options.connections",
        FAILURES + "test_an_endpoint_that_fails_gets_one_attempt_at_a_time",
    ),
    Mutant(
        "one failure is as good as ten",
        EVENTS + "attempt.c",
        "\t\tendpoint->failures = 0;\n",
        "",
        FAILURES + "test_each_time_that_an_endpoint_fails_is_told_and_its_end",
    ),
    Mutant(
        "a URL of exactly the longest length is refused",
        "lib/messaging/rules.c",
        "return has_scheme && url.length <= 2000;",
        "return has_scheme && url.length < 2000;",
        FAILURES + "test_the_longest_url",
    ),
    Mutant(
        "a URL may be longer",
        "lib/messaging/rules.c",
        "return has_scheme && url.length <= 2000;",
        "return has_scheme && url.length <= 2001;",
        FAILURES + "test_the_longest_url",
    ),
    Mutant(
        "Retry-After is not heard",
        EVENTS + "schedule.c",
        "\tif (pause < retry_after * SECOND)\n\t\tpause = retry_after * SECOND;\n",
        "",
        SCHEDULE + "what_the_endpoint_asks_for_is_heard",
    ),
    Mutant(
        "an endpoint that asks for less is not left alone",
        EVENTS + "endpoint.c",
        " || endpoint->paused_until > now ||",
        " ||",
        WEBHOOKS + "test_retry_after_is_heard",
    ),
    Mutant(
        "the schedule is in milliseconds",
        EVENTS + "schedule.c",
        "pause = schedule->pauses[attempts - 1] * SECOND;",
        "pause = schedule->pauses[attempts - 1] * 1000;",
        SCHEDULE + "pauses_differ_by_a_tenth_at_most",
    ),
    Mutant(
        "the schedule is one attempt ahead",
        EVENTS + "schedule.c",
        "schedule->pauses[attempts - 1]",
        "schedule->pauses[attempts % SCHEDULE_MOST]",
        FAILURES + "test_attempts_that_fail_are_counted_and_due_again_as_the_schedule_says",
    ),
    Mutant(
        "redirects are successes",
        EVENTS + "poster.c",
        "if (status < 200 || status > 299)",
        "if (status < 200 || status > 399)",
        WEBHOOKS + "test_redirects_are_failures_and_not_followed",
    ),
    Mutant(
        "redirects are followed",
        EVENTS + "poster.c",
        "curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);",
        "curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);",
        WEBHOOKS + "test_redirects_are_failures_and_not_followed",
    ),
    Mutant(
        "only 200 is a success",
        EVENTS + "poster.c",
        "if (status < 200 || status > 299)",
        "if (status != 200)",
        WEBHOOKS + "test_every_2xx_is_a_success",
    ),
    Mutant(
        "410 is a failure as any other",
        EVENTS + "attempt.c",
        "if (delivery->post.status == 410) {",
        "if (delivery->post.status == 411) {",
        WEBHOOKS + "test_410_disables_the_endpoint_until_it_is_enabled",
    ),
    Mutant(
        "the old secret signs for ever",
        EVENTS + "attempt.c",
        "*endpoint->old_secret && endpoint->old_secret_until > clock_now() ?",
        "*endpoint->old_secret ?",
        "test_webhooks_life.py::test_two_secrets_sign_until_the_grace_is_over",
    ),
    Mutant(
        "finished deliveries are kept for ever",
        EVENTS + "webhooks.c",
        "#define FINISHED_KEPT_FOR (7 * DAY)",
        "#define FINISHED_KEPT_FOR (70 * DAY)",
        "test_webhooks_life.py::test_old_deliveries_are_removed",
    ),
    Mutant(
        "a delivery that a stop interrupts has cost an attempt",
        "lib/store/sqlite/delivery.c",
        "SET next_at = ?2, attempts = attempts - 1",
        "SET next_at = ?2, attempts = attempts - 0",
        "test_webhooks_life.py::test_a_stop_gives_back_what_is_under_way[sqlite]",
    ),
    Mutant(
        "a proxy of the environment is used",
        EVENTS + "poster.c",
        '\tcurl_easy_setopt(easy, CURLOPT_PROXY, "");\n',
        "",
        "test_webhooks_guard.py::test_a_proxy_of_the_environment_is_no_way_around",
    ),
    Mutant(
        "an address is judged by what the URL says alone",
        EVENTS + "poster.c",
        "if (!address_guard_allows(&post->internal.poster->options.guard, &address->addr)) {",
        "if (post->url[0] == 0 && !address_guard_allows(&post->internal.poster->options.guard, &address->addr)) {",
        "test_webhooks_guard.py::test_a_name_is_judged_by_its_address",
    ),
]
