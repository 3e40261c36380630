# SPDX-License-Identifier: MIT
"""Mistakes in the web client and in how it is served."""

from mutants.mutant import Mutant

PARTS = "server/web/parts/"
BROWSER = "test_web_browser.py::"

MUTANTS = [
    Mutant(
        "the web client is served unless it is turned off",
        "server/api/routes.c",
        "if (route->is_web && !api->has_web)",
        "if (route->is_web && !api->shows_public)",
        "test_web.py::test_it_is_off_unless_it_is_wanted",
    ),
    Mutant(
        "the compressed form goes to all",
        "server/api/docs/asset_response.c",
        "const struct asset_form *form = compressed ?",
        "const struct asset_form *form = !compressed ?",
        "test_web.py::test_compressed_for_those_who_take_it",
    ),
    Mutant(
        "each attempt to send has a key of its own",
        PARTS + "outbox.js",
        '"Idempotency-Key": item.key',
        '"Idempotency-Key": newKey()',
        BROWSER + "test_the_server_goes_and_comes_back",
    ),
    Mutant(
        "the stream begins anew instead of going on",
        "clients/directmessages-events.js",
        '...(position && { "Last-Event-ID": position })',
        "",
        BROWSER + "test_the_server_goes_and_comes_back",
    ),
    Mutant(
        "after a reset the page stays as it was",
        "clients/directmessages-events.js",
        "tell({ reset: true, position: field.id })",
        "tell({ position: field.id })",
        BROWSER + "test_a_position_that_is_not_known_any_more_loads_all_anew",
    ),
    Mutant(
        "each tab has a stream",
        PARTS + "app.js",
        "shared: `user ${me.id}`,",
        "shared: `user ${me.id} ${Math.random()}`,",
        BROWSER + "test_tabs_of_one_browser_have_one_stream",
    ),
    Mutant(
        "what came while nobody looked is read",
        PARTS + "reading.js",
        'document.hasFocus() && document.visibilityState === "visible"',
        'document.visibilityState === "visible"',
        BROWSER + "test_what_is_looked_at_is_read_and_nothing_else",
    ),
    Mutant(
        "a link may show another host than it leads to",
        PARTS + "text.js",
        "return url.username || url.password ? null : url.href;",
        "return url.href;",
        BROWSER + "test_hostile_texts_and_names_are_only_shown",
    ),
    Mutant(
        "a draft goes with the user to the next conversation",
        PARTS + "app.js",
        'field.value = sessionStorage.getItem(draftName()) ?? "";',
        "field.value ||= sessionStorage.getItem(draftName()) ?? \"\";",
        BROWSER + "test_drafts_stay_with_their_partners",
    ),
    Mutant(
        "resets that do not end load as often as they come",
        "clients/directmessages-events.js",
        "    await pause(ms);\n    again = { ms, at: Date.now() };",
        "    again = { ms, at: Date.now() };",
        "test_web_browser.py::test_resets_that_do_not_end_load_less_and_less_often",
    ),
    Mutant(
        "a failure below what is looked at is not told",
        PARTS + "conversation.js",
        "this.#isUnsent ||= !this.isAtEnd();",
        "this.#isUnsent ||= false;",
        BROWSER + "test_a_failure_is_told_wherever_the_user_looks",
    ),
    Mutant(
        "where a group of the inbox is full, the newest conversation comes last",
        PARTS + "inbox.js",
        "before ? group : null",
        "null",
        "test_web_pages.py::test_long_lists_scroll",
    ),
    Mutant(
        "the inbox does not show that something was not sent",
        PARTS + "app.js",
        "      inbox.redraw(item.to);\n",
        "",
        BROWSER + "test_a_failure_is_told_wherever_the_user_looks",
    ),
]
