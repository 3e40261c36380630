/* SPDX-License-Identifier: MIT */
/* manual_conf.c - the manual page directmessages.conf(5): the settings. */
#include "manual.h"

#include "prose.h"
#include "roff.h"

#include <stdio.h>

static void print_setting(const struct setting_row *row)
{
	char values[SETTING_VALUES_SIZE], fallback[SETTING_DEFAULT_SIZE], text[1024];

	if (row->section) {
		printf(".SS %s\n", row->section);
		roff_text(row->intro, ".PP");
	}
	setting_format_values(row, values);
	setting_format_default(row, fallback);
	snprintf(text, sizeof(text), "%s%s Default: %s. Values: %s.%s%s%s", row->help, setting_reload_note(row),
		 fallback, values, row->flag ? " Flag: `--" : "", row->flag ? row->flag : "", row->flag ? "`." : "");
	roff_entry(row->variable, text);
}

void manual_print_conf(const struct command_table *commands)
{
	(void)commands;
	roff_title("DIRECTMESSAGES.CONF", 5, "man-conf");
	puts(".SH NAME\ndirectmessages.conf \\- the settings of directmessages\n"
	     ".SH SYNOPSIS\n.B /etc/directmessages.conf\n"
	     ".SH DESCRIPTION");
	roff_text("The settings of directmessages(1) are variables of the environment, flags, or lines of a file that "
		  "`--config` names, by custom `/etc/directmessages.conf`.\n\n" PROSE_SETTINGS,
		  ".PP");
	puts(".SH SETTINGS");
	for (int i = SETTING_NONE + 1; i < SETTING_COUNT; i++)
		print_setting(setting_row(i));
	puts(".SH EXAMPLES\n.EX\n"
	     "# /etc/directmessages.conf\n"
	     "DATABASE_URL=postgresql://directmessages@db.internal/directmessages\n"
	     "DIRECTMESSAGES_CORS_ORIGINS=https://app.example.org\n.EE\n"
	     ".PP\nIs it right? Then serve with it:\n.PP\n.EX\n"
	     "directmessages \\-\\-config /etc/directmessages.conf serve \\-\\-check\n"
	     "directmessages \\-\\-config /etc/directmessages.conf serve\n.EE\n"
	     ".SH \"SEE ALSO\"\n.BR directmessages (1),\n.BR systemd.exec (5)");
}
