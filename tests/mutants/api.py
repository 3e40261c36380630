# SPDX-License-Identifier: MIT
"""Mistakes in the order of checks, credentials, rules, visibility, cursors, tickets and health."""

from mutants.mutant import Mutant

API = "server/api/"
PIPELINE = API + "pipeline.c"
RULES = "lib/messaging/rules.c"
SQLITE = "lib/store/sqlite/"
POSTGRES = "lib/store/postgres/"

MUTANTS = [
    Mutant(
        "a rate lets one more through",
        "server/limits/throttle.c",
        "if (history->count >= rate->max) {",
        "if (history->count > rate->max) {",
        "test_throttle::a_window_slides",
    ),
    Mutant(
        "a message that was sent before costs rate",
        API + "exchange/send_rate.c",
        "if (rate->counted_at != 0)",
        "if (rate->counted_at == 0)",
        "test_rates.py::test_a_message_that_was_sent_before_costs_nothing",
    ),
    Mutant(
        "RateLimit counts a message that was sent before",
        "server/limits/throttle.c",
        "		result->left[i] = what_is_left(sender",
        "		(void)what_is_left(sender",
        "test_rates.py::test_a_message_that_was_sent_before_costs_nothing",
    ),
    Mutant(
        "how often a user may send is not looked at",
        PIPELINE,
        "{check_rate,      AREA_API}, ",
        "{check_rate,      AREA_ADMIN}, ",
        "test_rates.py::test_it_is_looked_at_before_the_recipient_and_the_body",
    ),
    Mutant(
        "of two Idempotency-Keys the first counts",
        API + "exchange/idempotency.c",
        "(count == 1 && ",
        "(count > 0 && ",
        "test_idempotency.py::test_two_headers_are_400",
    ),
    Mutant(
        "the whole conversation after a replay does not say that it is one",
        API + "messages/conversation_post.c",
        "exchange->is_replayed = exchange->operation.send.replayed;",
        "exchange->is_replayed = false;",
        "test_idempotency.py::test_again_gives_the_message_and_stores_nothing",
    ),
    Mutant(
        "an export ends with its first piece",
        "server/api/admin/admin_export.c",
        "!pieces->operation.user_messages.more;",
        "true;",
        "test_admin_people.py::test_an_export_goes_on_over_pieces",
    ),
    Mutant(
        "the memory of an export's pieces is not used again",
        "server/api/exchange/piece_source.c",
        "source->piece.length = 0;",
        "buffer_init(&source->piece, SIZE_MAX);",
        "test_admin_export_memory.py::test_the_server_holds_a_piece",
    ),
    Mutant(
        "a message sent by a command is told to nobody",
        "server/cmd/database.c",
        ".record_events = true",
        ".record_events = false",
        "test_cli_messages.py::test_what_is_sent_is_told_to_streams",
    ),
    Mutant(
        "a route that lacks its slash redirects a POST by 301",
        API + "check_route.c",
        "return respond_empty(exchange, reads ? 301 : 308);",
        "return respond_empty(exchange, reads ? 301 : 301);",
        "test_paths.py::test_missing_slash_is_301_for_get_and_head_and_308_for_others",
    ),
    Mutant(
        "a page may have one row more than its arrays",
        API + "messages/listing.c",
        "number < 1 || number > MAX_PAGE_SIZE)",
        "number < 1 || number > MAX_PAGE_SIZE + 1)",
        "test_page_size.py::test_a_size_that_is_none_is_refused_and_changes_nothing",
    ),
    Mutant(
        "a name in a path ends at a slash that is escaped, too",
        API + "routes.c",
        "\tend = rest.length > 0 ? memchr(rest.data, '/', rest.length) : NULL;",
        "\tend = NULL;\n"
        "\tfor (size_t i = 0; i < rest.length && !end; i++)\n"
        "\t\tif (rest.data[i] == '/' || (i + 2 < rest.length && memcmp(rest.data + i, \"%2F\", 3) == 0))\n"
        "\t\t\tend = rest.data + i;",
        "test_names.py::test_a_name_stands_for_the_id",
    ),
    Mutant(
        "a user who was found by name is written to by the id of before",
        API + "check_caller.c",
        "\t\texchange->target_id = exists ? id : NO_ID;",
        "\t\texchange->target_id = exists ? exchange->user_id : id;",
        "test_names.py::test_a_name_stands_for_the_id",
    ),
    Mutant(
        "a name that the database has no letters for is a bad request",
        API + "check_caller.c",
        "\tif (exchange->operation.status == DM_INVALID && exchange->target_name.data)",
        "\tif (exchange->operation.status == DM_BUSY && exchange->target_name.data)",
        "test_names.py::test_names_that_the_database_has_no_letters_for",
    ),
    Mutant(
        "the recipient is looked at before the method",
        PIPELINE,
        "\t{check_method,    AREA_API | AREA_SERVER | AREA_ADMIN}, /* 405 */\n",
        "\t{check_recipient, AREA_API},\n\t{check_method,    AREA_API | AREA_SERVER | AREA_ADMIN}, /* 405 */\n",
        "test_order.py::test_the_earlier_check_wins",
    ),
    Mutant(
        "a preflight needs a token",
        PIPELINE,
        "\t{check_preflight, AREA_API | AREA_SERVER},              /* 204 */\n\t{check_accept,    AREA_API | AREA_ADMIN},               /* 404, 406 */\n"
        "\t{check_caller,    AREA_API},                            /* 401; runs an operation */\n",
        "\t{check_accept,    AREA_API | AREA_ADMIN},               /* 404, 406 */\n"
        "\t{check_caller,    AREA_API},                            /* 401; runs an operation */\n"
        "\t{check_preflight, AREA_API | AREA_SERVER},              /* 204 */\n",
        "test_cors.py::test_a_preflight_is_answered_before_everything_but_the_path",
    ),
    Mutant(
        "an origin that is not listed is told that it may read",
        API + "exchange/cors.c",
        "\tif (!allowed)\n\t\treturn;\n",
        "\tif (!allowed)\n\t\tallowed = \"*\";\n",
        "test_cors.py::test_every_kind_of_error_and_redirects",
    ),
    Mutant(
        "caches may give one origin's response to another",
        API + "exchange/cors.c",
        "\tresponse_header(response, \"Vary\", \"Origin\");\n\tallowed = origins_match(origins, request_header(request, \"Origin\"));\n"
        "\tif (!allowed)\n\t\treturn;\n",
        "\tallowed = origins_match(origins, request_header(request, \"Origin\"));\n"
        "\tif (!allowed)\n\t\treturn;\n\tresponse_header(response, \"Vary\", \"Origin\");\n",
        "test_cors.py::test_every_kind_of_error_and_redirects",
    ),
    Mutant(
        "a page can't read that there is no room",
        API + "exchange/respond.c",
        "\tcors_add_headers(request);\n",
        "",
        "test_cors.py::test_a_response_when_there_is_no_room",
    ),
    Mutant(
        "the operator's address has the headers for web pages",
        API + "exchange/cors.c",
        "return api->shows_public && ",
        "return ",
        "test_cors.py::test_the_operators_address_knows_no_origins",
    ),
    Mutant(
        "a page may read the numbers of the site",
        API + "exchange/cors.c",
        "!(exchange && exchange->route && exchange->route->is_admin)",
        "(exchange || !exchange)",
        "test_cors.py::test_what_is_for_the_operator_is_for_no_page",
    ),
    Mutant(
        "a star allows null",
        "server/http/origins.c",
        "if (origin.length == 0 || span_equal(origin, SPAN(\"null\")))",
        "if (origin.length == 0)",
        "test_origins::a_star_matches_all_but_null",
    ),
    Mutant(
        "a star may stand beside origins",
        "server/http/origins.c",
        "return is_alone ? NULL : \"must stand alone\";",
        "return NULL;",
        "test_origins::entries_are_neither_empty_nor_a_star_beside_others",
    ),
    Mutant(
        "the size is looked at behind the path",
        PIPELINE,
        "\t{check_length,    AREA_API | AREA_SERVER | AREA_ADMIN}, /* 413 */\n"
        "\t{check_host,      AREA_API | AREA_SERVER | AREA_ADMIN}, /* 400 */\n"
        "\t{check_route,     AREA_API | AREA_SERVER | AREA_ADMIN}, /* 404, 301, 308 */\n",
        "\t{check_host,      AREA_API | AREA_SERVER | AREA_ADMIN}, /* 400 */\n"
        "\t{check_route,     AREA_API | AREA_SERVER | AREA_ADMIN}, /* 404, 301, 308 */\n"
        "\t{check_length,    AREA_API | AREA_SERVER | AREA_ADMIN}, /* 413 */\n",
        "test_order.py::test_the_earlier_check_wins",
    ),
    Mutant(
        "HEAD runs as GET of what marks",
        API + "messages/conversation.c",
        "if (exchange->is_head || !marks || exchange->unread == 0)",
        "if (!marks || exchange->unread == 0)",
        "test_options_head.py::test_head_does_not_mark_messages_as_read",
    ),
    Mutant(
        "a value that mark_read does not have counts as false",
        API + "exchange/query_flag.c",
        'if (*value || span_equal(text, SPAN("false")) || span_equal(text, SPAN("0")))',
        "if (true)",
        "test_read_control.py::test_another_value_is_refused_and_changes_nothing",
    ),
    Mutant(
        "a message is shown to everybody",
        API + "messages/message.c",
        ".message_id = exchange->target_id, .user_id = exchange->user_id, .on_message = write_message};",
        ".message_id = exchange->target_id, .on_message = write_message};",
        "test_read_control.py::test_a_message_of_others_or_of_nobody_is_not_found",
    ),
    Mutant(
        "a ticket is taken in the place of any token",
        API + "check_caller.c",
        "if (exchange->route->accepts_ticket && exchange_has_method(",
        "if (exchange_has_method(",
        "test_events_ticket.py::test_a_ticket_is_good_for_nothing_else",
    ),
    Mutant(
        "a ticket is good twice (SQLite)",
        SQLITE + "nouns/ticket.c",
        '"DELETE FROM " TICKETS " WHERE ticket = ?1 AND expires_at > ?2 AND expires_at <= ?3 RETURNING key"}',
        '"UPDATE " TICKETS " SET key = key WHERE ticket = ?1 AND expires_at > ?2 AND expires_at <= ?3 RETURNING key"}',
        "test_events_ticket.py::test_a_ticket_opens_one_stream_of_its_user",
    ),
    Mutant(
        "the token's scheme must be written as we write it",
        "server/auth/auth.c",
        "!span_equal_nocase(name, span_from(schemes[i].name))",
        "!span_equal(name, span_from(schemes[i].name))",
        "test_auth.py::test_scheme_word_in_any_case_and_any_white_space_around_the_token",
    ),
    Mutant(
        "words behind the token are passed over",
        "server/auth/token.c",
        "if (next_word(&words).length > 0) {",
        "if (next_word(&words).length > 1000) {",
        "test_auth.py::test_authorization_header_that_is_refused",
    ),
    Mutant(
        "who is on the list may only message others on it",
        RULES,
        "!is_listed(rules, send->sender_id) &&\n\t    !is_listed(rules, send->recipient_id))",
        "!is_listed(rules, send->recipient_id))",
        "test_rules.py::test_only_users_of_the_list_message_or_are_messaged_by_anyone",
    ),
    Mutant(
        "the limit of content counts bytes",
        RULES,
        "utf8_count(content.data, content.length) > rules->max_content_length)",
        "content.length > rules->max_content_length)",
        "test_limits.py::test_content_is_limited_in_characters_not_bytes",
    ),
    Mutant(
        "content of exactly the limit is refused",
        RULES,
        "utf8_count(content.data, content.length) > rules->max_content_length)",
        "utf8_count(content.data, content.length) >= rules->max_content_length)",
        "test_limits.py::test_content_is_limited_in_characters_not_bytes",
    ),
    Mutant(
        "messages to oneself are left to the database",
        RULES,
        "\tif (send->sender_id == send->recipient_id)\n",
        "\tif (send->sender_id == send->recipient_id && send->sender_id < 0)\n",
        "test_rules.py::test_nobody_messages_oneself",
    ),
    Mutant(
        "a message that the caller has hidden is shown (SQLite)",
        SQLITE + "nouns/conversation.c",
        "WHERE sender_id = ?1 AND recipient_id = ?2 AND hidden_for_sender IS NULL AND",
        "WHERE sender_id = ?1 AND recipient_id = ?2 AND (hidden_for_sender IS NULL OR 1) AND",
        "test_delete.py::test_delete_by_the_sender_hides_from_the_sender_alone",
    ),
    Mutant(
        "what the recipient has hidden counts as unread (PostgreSQL)",
        POSTGRES + "nouns/conversation.c",
        '#define IS_UNREAD " AND read_at IS NULL AND hidden_for_recipient IS NULL"',
        '#define IS_UNREAD " AND read_at IS NULL"',
        "test_unread.py::test_messages_hidden_by_the_caller_do_not_count",
    ),
    Mutant(
        "who hides a message hides it for both (PostgreSQL)",
        POSTGRES + "nouns/hiding.c",
        'hidden_for_recipient = CASE WHEN m.sender_id = $2::bigint"',
        'hidden_for_recipient = CASE WHEN false"',
        "test_delete.py::test_delete_by_the_sender_hides_from_the_sender_alone",
    ),
    Mutant(
        "anybody may hide a message (PostgreSQL)",
        POSTGRES + "nouns/hiding.c",
        '" AND (sender_id = $2::bigint OR recipient_id = $2::bigint) FOR UPDATE),"',
        '" FOR UPDATE),"',
        "test_delete.py::test_message_of_others_is_404_and_left_alone",
    ),
    Mutant(
        "anybody may hide a message (SQLite)",
        SQLITE + "nouns/hiding.c",
        '" AND (sender_id = ?2 OR recipient_id = ?2)"',
        '""',
        "test_delete.py::test_message_of_others_is_404_and_left_alone",
    ),
    Mutant(
        "up to a message is up to its time, whatever its id (SQLite)",
        SQLITE + "nouns/marking.c",
        "(sent_at == mark->last_sent_at && id <= mark->last_id)",
        "sent_at == mark->last_sent_at",
        "test_marking_at_will.py::test_up_to_a_message_by_time_then_id",
    ),
    Mutant(
        "a message of another conversation may say up to where (PostgreSQL)",
        POSTGRES + "nouns/message.c",
        '" OR (recipient_id = $2::bigint AND $3::bigint IN (0, sender_id)"',
        '" OR (recipient_id = $2::bigint"',
        "test_marking_at_will.py::test_what_else_is_refused",
    ),
    Mutant(
        "a negative offset of a cursor is zero",
        "server/wire/cursor.c",
        "if (!parse_int(value, &number) || number < 0)",
        "if (!parse_int(value, &number))",
        "test_cursor_errors.py::test_cursor_that_makes_no_sense_is_404",
    ),
    Mutant(
        "an id in a cursor that is no number is passed over",
        "server/wire/cursor.c",
        "!parse_int(value, &page->row_id))",
        "!(parse_int(value, &page->row_id) || true))",
        "test_cursor_errors.py::test_id_in_a_cursor_that_is_no_number_is_404",
    ),
    Mutant(
        "an inactive user is let in",
        "lib/store/sqlite/nouns/user.c",
        "status = !calls || may_call(&user) ? DM_OK : DM_INACTIVE;",
        "status = calls || may_call(&user) ? DM_OK : DM_INACTIVE;",
        "test_auth.py::test_inactive_user_is_401_on_each_route",
    ),
    Mutant(
        "a server that stops is ready",
        API + "operations/readyz.c",
        'return say(exchange, 503, "stopping");',
        'return say(exchange, 200, "ok");',
        "test_operations_health.py::test_stopping_is_told_while_requests_end",
    ),
    Mutant(
        "each look at a database that is away is logged",
        API + "operations/readiness.c",
        "if (was_ready && operation->status != DM_OK)",
        "if (operation->status != DM_OK)",
        "test_operations_health.py::test_changes_are_logged_and_not_each_look",
    ),
    Mutant(
        "each look at /readyz asks the database",
        API + "operations/readiness.c",
        "now - readiness->asked_at < MAX_AGE;",
        "now - readiness->asked_at < 0;",
        "test_operations_health.py::test_many_who_ask_are_one_question_a_second",
    ),
    Mutant(
        "what is known of the database stays true for ever",
        API + "operations/readiness.c",
        "now - readiness->asked_at < MAX_AGE;",
        "now - readiness->asked_at < MAX_AGE * 1000;",
        "test_operations_health.py::test_schema_that_no_longer_fits",
    ),
    Mutant(
        "an Origin of ours is believed whatever the browser says of the page",
        API + "check_origin.c",
        "\tif (site.data)\n",
        "\tif (site.data && !origin.data)\n",
        "test_csrf.py::test_other_pages_and_who_does_not_say",
    ),
    Mutant(
        "an origin that only begins with ours is ours",
        API + "exchange/links.c",
        "cut_start(&origin, scheme_of(exchange)) && cut_start(&host, origin)",
        "cut_start(&origin, scheme_of(exchange)) && cut_start(&origin, host) && cut_start(&host, host)",
        "test_csrf.py::test_other_pages_and_who_does_not_say",
    ),
    Mutant(
        "an image of another page marks messages as read",
        API + "check_origin.c",
        "return !exchange->route->guards_get;",
        "return true;",
        "test_csrf.py::test_an_image_on_another_page_marks_nothing_as_read",
    ),
]
