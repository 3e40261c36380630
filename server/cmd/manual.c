/* SPDX-License-Identifier: MIT */
/* manual.c - the manual page directmessages(1), in the macros of man(7). */
#include "manual.h"

#include "directmessages.h"
#include "prose.h"

#include <stdio.h>

/* Of the last change of its text. */
#define DATE "2026-11-29"

/* Prints text in a line of its own. `code` between backquotes becomes bold; `paragraph` is the macro between two
 * paragraphs. A '.' or "'" in front would be a macro, and a '-' in code a hyphen. */
static void print_text(const char *text, const char *paragraph)
{
	bool is_code = false;

	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '`') {
			is_code = !is_code;
			fputs(is_code ? "\\fB" : "\\fR", stdout);
		} else if (*text == '\\') {
			fputs("\\e", stdout);
		} else if (*text == '-' && is_code) {
			fputs("\\-", stdout);
		} else if (text[0] == '\n' && text[1] == '\n') {
			printf("\n%s\n", paragraph);
			text++;
		} else {
			putchar(*text);
		}
	}
	putchar('\n');
}

/* An entry of a list: the head as code, the text beside it. */
static void print_entry(const char *head, const char *text)
{
	char code[256];

	snprintf(code, sizeof(code), "`%s`", head);
	puts(".TP");
	print_text(code, "");
	print_text(text, ".IP");
}

static void print_flag(struct flag flag)
{
	char head[COMMAND_FLAG_SIZE], text[COMMAND_HELP_SIZE];

	command_format_flag(&flag, head);
	command_format_help(&flag, text);
	if (flag.setting)
		snprintf(text, sizeof(text), "The setting `%s`; see ENVIRONMENT.", setting_row(flag.setting)->variable);
	print_entry(head, text);
}

static void print_command(const struct command *command)
{
	size_t count = command_flags_count(command);
	char head[COMMAND_USAGE_SIZE * 2], usage[COMMAND_USAGE_SIZE];

	command_format_usage(command, usage);
	snprintf(head, sizeof(head), "%s%s%s", command->name, *usage ? " " : "", usage);
	print_entry(head, command->summary);
	if (command->details) {
		puts(".IP");
		print_text(command->details, ".IP");
	}
	if (count == 0)
		return;
	puts(".RS");
	for (size_t i = 0; i < count; i++)
		print_flag(command_flag(command, i));
	puts(".RE");
}

static void print_setting(const struct setting_row *row)
{
	char values[SETTING_VALUES_SIZE], fallback[SETTING_DEFAULT_SIZE], text[1024];

	if (row->section) {
		printf(".SS %s\n", row->section);
		print_text(row->intro, ".PP");
	}
	setting_format_values(row, values);
	setting_format_default(row, fallback);
	snprintf(text, sizeof(text), "%s%s Default: %s. Values: %s.%s%s%s", row->help, setting_reload_note(row),
		 fallback, values, row->flag ? " Flag: `--" : "", row->flag ? row->flag : "", row->flag ? "`." : "");
	print_entry(row->variable, text);
}

void manual_print(const struct command_table *commands)
{
	printf(".\\\" SPDX-License-Identifier: MIT\n"
	       ".\\\" Made by 'directmessages help \\-\\-form man'.\n"
	       ".TH DIRECTMESSAGES 1 \"" DATE "\" \"directmessages %s\"\n",
	       dm_version());
	puts(".SH NAME\ndirectmessages \\- private messages between users, as a service over HTTP\n"
	     ".SH SYNOPSIS\n.B directmessages\n[\\fB\\-\\-database\\fR \\fIURL\\fR] [\\fB\\-\\-config\\fR \\fIFILE\\fR] \\fICOMMAND\\fR ...\n"
	     ".SH DESCRIPTION");
	print_text(PROSE_PROGRAM "\n\n" PROSE_COMMANDS, ".PP");
	puts(".SH COMMANDS");
	for (size_t i = 0; i < commands->count; i++)
		print_command(&commands->rows[i]);
	puts(".SH ENVIRONMENT");
	print_text(PROSE_SETTINGS, ".PP");
	for (int i = SETTING_NONE + 1; i < SETTING_COUNT; i++)
		print_setting(setting_row(i));
	puts(".SH \"EXIT STATUS\"");
	print_entry("0", PROSE_EXIT_DONE);
	print_entry("1", PROSE_EXIT_FAILED);
	print_entry("2", PROSE_EXIT_USAGE);
	puts(".PP");
	print_text(PROSE_ERRORS, ".PP");
	puts(".SH EXAMPLES\nA server on one SQLite file, and a user with a token:\n.PP\n.EX\n"
	     "directmessages migrate\ndirectmessages user create john\ndirectmessages token create john\n"
	     "directmessages serve\n.EE\n"
	     ".SH \"SEE ALSO\"\n.BR curl (1),\n.BR systemd.unit (5)");
}
