/* SPDX-License-Identifier: MIT */
/* manual.c - the manual page directmessages(1): the commands. */
#include "manual.h"

#include "attributes.h"
#include "prose.h"
#include "roff.h"

#include <stdio.h>

static void print_flag(struct flag flag)
{
	char head[COMMAND_FLAG_SIZE], text[COMMAND_HELP_SIZE];

	command_format_flag(&flag, head);
	command_format_help(&flag, text);
	if (flag.setting)
		snprintf(text, sizeof(text), "The setting `%s`; see directmessages.conf(5).",
			 setting_row(flag.setting)->variable);
	roff_entry(head, text);
}

static void print_command(const struct command *command)
{
	size_t count = command_flags_count(command);
	char head[COMMAND_USAGE_SIZE * 2], usage[COMMAND_USAGE_SIZE];

	command_format_usage(command, usage);
	snprintf(head, sizeof(head), "%s%s%s", command->name, *usage ? " " : "", usage);
	roff_entry(head, command->summary);
	if (command->details) {
		puts(".IP");
		roff_text(command->details, ".IP");
	}
	if (count == 0)
		return;
	puts(".RS");
	for (size_t i = 0; i < count; i++)
		print_flag(command_flag(command, i));
	puts(".RE");
}

static void print_environment(void)
{
	static const enum setting all[] = {SETTING_DATABASE, SETTING_CONFIG};

	puts(".SH ENVIRONMENT");
	roff_text("All settings may be given as variables; directmessages.conf(5) describes them. Every command reads "
		  "these:",
		  ".PP");
	for (size_t i = 0; i < ARRAY_LENGTH(all); i++)
		roff_entry(setting_row(all[i])->variable, setting_row(all[i])->help);
	puts(".PP");
	roff_text("`serve` takes sockets over as sd_listen_fds(3) describes, and notifies the service manager as "
		  "sd_notify(3) does:",
		  ".PP");
	roff_entry("LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES", PROSE_SOCKETS);
	roff_entry("NOTIFY_SOCKET", "Where it says that it serves, reloads and stops.");
}

void manual_print(const struct command_table *commands)
{
	roff_title("DIRECTMESSAGES", 1, "man");
	puts(".SH NAME\ndirectmessages \\- private messages between users, as a service over HTTP\n"
	     ".SH SYNOPSIS\n.B directmessages\n[\\fB\\-\\-database\\fR \\fIURL\\fR] [\\fB\\-\\-config\\fR \\fIFILE\\fR] \\fICOMMAND\\fR ...\n"
	     ".SH DESCRIPTION");
	roff_text(PROSE_PROGRAM "\n\n" PROSE_COMMANDS, ".PP");
	puts(".SH COMMANDS");
	for (size_t i = 0; i < commands->count; i++)
		print_command(&commands->rows[i]);
	print_environment();
	puts(".SH \"EXIT STATUS\"");
	roff_entry("0", PROSE_EXIT_DONE);
	roff_entry("1", PROSE_EXIT_FAILED);
	roff_entry("2", PROSE_EXIT_USAGE);
	puts(".PP");
	roff_text(PROSE_ERRORS, ".PP");
	puts(".SH EXAMPLES\nA server on one SQLite file, and a user with a token:\n.PP\n.EX\n"
	     "directmessages migrate\ndirectmessages user create john\ndirectmessages token create john\n"
	     "directmessages serve\n.EE\n"
	     ".SH \"SEE ALSO\"\n.BR directmessages.conf (5),\n.BR libdirectmessages (3),\n.BR curl (1),\n.BR systemd.socket (5)");
}
