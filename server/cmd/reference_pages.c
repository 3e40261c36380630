/* SPDX-License-Identifier: MIT */
/* reference_pages.c - docs/settings.md and docs/command-line.md, in Markdown. */
#include "reference_pages.h"

#include "prose.h"

#include <stdio.h>

static void print_head(const char *title, const char *form, const char *sources)
{
	printf("<!-- SPDX-License-Identifier: MIT -->\n"
	       "<!-- Made by `directmessages help --form %s` from %s: change those, then run `make reference`. -->\n"
	       "# %s\n\n",
	       form, sources, title);
}

static void print_setting(const struct setting_row *row)
{
	char values[SETTING_VALUES_SIZE], fallback[SETTING_DEFAULT_SIZE];

	if (row->section)
		printf("\n## %s\n\n%s\n\n| variable | flag | default | meaning | values |\n|---|---|---|---|---|\n",
		       row->section, row->intro);
	setting_format_values(row, values);
	setting_format_default(row, fallback);
	printf("| `%s` | ", row->variable);
	if (row->flag)
		printf("`--%s`", row->flag);
	printf(" | %s | %s%s | %s |\n", fallback, row->help, setting_reload_note(row), values);
}

void page_print_settings(const struct command_table *commands)
{
	(void)commands;
	print_head("Settings", "settings", "server/cmd/settings.c and server/cmd/prose.h");
	puts(PROSE_SETTINGS);
	for (int i = SETTING_NONE + 1; i < SETTING_COUNT; i++)
		print_setting(setting_row(i));
}

static void print_flag(struct flag flag)
{
	char text[COMMAND_FLAG_SIZE], help[COMMAND_HELP_SIZE];

	command_format_flag(&flag, text);
	command_format_help(&flag, help);
	if (flag.setting)
		printf("| `%s` | The setting [`%s`](settings.md). |\n", text, setting_row(flag.setting)->variable);
	else
		printf("| `%s` | %s |\n", text, help);
}

static void print_command(const struct command *command)
{
	size_t count = command_flags_count(command);
	char usage[COMMAND_USAGE_SIZE];

	command_format_usage(command, usage);
	printf("\n## %s\n\n    directmessages %s%s%s\n\n%s\n", command->name, command->name, *usage ? " " : "", usage,
	       command->summary);
	if (command->details)
		printf("\n%s\n", command->details);
	if (count > 0)
		puts("\n| flag | meaning |\n|---|---|");
	for (size_t i = 0; i < count; i++)
		print_flag(command_flag(command, i));
}

void page_print_commands(const struct command_table *commands)
{
	print_head("Command line", "command-line", "server/cmd/commands.c and server/cmd/prose.h");
	puts("    directmessages [--database URL] [--config FILE] COMMAND ...\n\n" PROSE_COMMANDS "\n\n"
	     "| exit status | meaning |\n|---|---|\n| 0 | " PROSE_EXIT_DONE " |\n| 1 | " PROSE_EXIT_FAILED " |\n"
	     "| 2 | " PROSE_EXIT_USAGE " |\n\n" PROSE_ERRORS);
	for (size_t i = 0; i < commands->count; i++)
		print_command(&commands->rows[i]);
}
