# SPDX-License-Identifier: MIT
"""Mistakes on the command line: where settings come from, what is refused, what the help says."""

from mutants.mutant import Mutant

CMD = "server/cmd/"

MUTANTS = [
    Mutant(
        "a service manager that does not read stops the server",
        CMD + "notify.c",
        "{.tv_sec = MAX_WAIT_SECONDS}",
        "{.tv_sec = 0}",
        "test_operations_systemd.py::test_a_manager_that_does_not_read_stops_nothing",
    ),
    Mutant(
        "the environment wins over a flag",
        CMD + "setting_values.c",
        "\tconst char *value = given[setting];\n\n\tif (!value)\n\t\tvalue = from_environment(setting);\n",
        "\tconst char *value = from_environment(setting);\n\n\tif (!value)\n\t\tvalue = given[setting];\n",
        "test_cli_database.py::test_flag_wins_over_environment_over_default",
    ),
    Mutant(
        "everybody may read a file with secrets",
        CMD + "setting_file.c",
        "if (everybody_reads && is_secret(setting, entry->value))",
        "if (everybody_reads && !entry->value && is_secret(setting, entry->value))",
        "test_config_file.py::test_a_secret_that_everybody_may_read_is_refused",
    ),
    Mutant(
        "a reload keeps no value of a setting that can't be reloaded",
        CMD + "reload.c",
        "if (row->reloads || is_same(",
        "if (true || is_same(",
        "test_reload.py::test_another_setting_is_named_and_keeps_its_value",
    ),
    Mutant(
        "a late SIGHUP ends the server",
        CMD + "process_setup.c",
        "\tsigdelset(&ending, SIGHUP);",
        "\t",
        "test_reload.py::test_during_the_stop",
    ),
    Mutant(
        "the address guard is not asked on a connection that is open",
        "server/webhooks/poster.c",
        "\tcurl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);\n",
        "",
        "test_reload.py::test_the_settings_of_webhooks",
    ),
    Mutant(
        "a request leaves the policy that is the newest at its end",
        "server/api/pipeline.c",
        "policy_leave(request->kept);",
        "policy_leave(api->policies->newest);",
        "test_reload.py::test_under_load",
    ),
    Mutant(
        "an empty variable is a value",
        CMD + "setting_values.c",
        "return value && (*value || setting_row(setting)->may_be_empty) ? value : NULL;",
        "return value;",
        "test_cli_database.py::test_empty_environment_is_the_default",
    ),
    Mutant(
        "the empty prefix is the default",
        CMD + "settings.c",
        '.text = "api/dm",\n\t\t.may_be_empty = true,',
        '.text = "api/dm",\n\t\t.may_be_empty = false,',
        "test_cli_database.py::test_routes_begin_with_the_prefix",
    ),
    Mutant(
        "numbers have no lower bound",
        CMD + "cli.c",
        "*number >= min && *number <= max",
        "*number <= max",
        "test_cli_serve.py::test_garbage_in_the_environment_is_status_2",
    ),
    Mutant(
        "a word too many is ignored",
        CMD + "arguments.c",
        "if (argc - optind == wanted)",
        "if (argc - optind >= wanted)",
        "test_cli.py::test_wrong_usage_is_status_2",
    ),
    Mutant(
        "the manual page has a hyphen where a minus is to be typed",
        CMD + "roff.c",
        'fputs("\\\\-", stdout);',
        "putchar('-');",
        "test_reference.py::test_commands_and_flags_can_be_typed",
    ),
    Mutant(
        "the help of serve leaves out what has no flag",
        CMD + "help.c",
        "if (command->shows_environment)",
        "if (false)",
        "test_reference.py::test_serve_help_names_every_setting",
    ),
    Mutant(
        "sockets that were meant for another process are taken",
        CMD + "inherited.c",
        "&& number == getpid();",
        "&& number != 0;",
        "test_sockets.py::test_sockets_of_another_process_are_not_taken",
    ),
    Mutant(
        "who reaches a socket of the service manager does not count",
        CMD + "config.c",
        "	*address = inherited ? inherited->name : setting_text(setting);",
        "	*address = setting_text(setting);",
        "test_sockets.py::test_who_can_reach_the_socket_counts",
    ),
    Mutant(
        "the file of a socket that systemd keeps is removed",
        "server/http/listen.c",
        "	listener->is_unix = true;\n	snprintf(listener->name, sizeof(listener->name), \"unix:%s%.*s\"",
        "	listener->is_unix = true;\n	listener->unix_path = strdup(bound->sun_path);\n	snprintf(listener->name, sizeof(listener->name), \"unix:%s%.*s\"",
        "test_sockets.py::test_unix_socket_stays",
    ),
    Mutant(
        "a server that is not ready is healthy",
        CMD + "health.c",
        "	if (status != 200)",
        "	if (status == 0)",
        "test_cli_health.py::test_one_that_is_not_ready",
    ),
    Mutant(
        "health waits for a server that says nothing",
        CMD + "health.c",
        "\tcurl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);\n",
        "",
        "test_cli_health.py::test_one_that_says_nothing_is_given_up",
    ),
]
