/* SPDX-License-Identifier: MIT */
/* roff.c - text of the tables and of prose.h for manual pages, in the macros of man(7). */
#include "roff.h"

#include "directmessages.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Of the last change of the pages' text. */
#define DATE "2026-11-30"

void roff_title(const char *name, int section, const char *form)
{
	printf(".\\\" SPDX-License-Identifier: MIT\n"
	       ".\\\" Made by 'directmessages help \\-\\-form %s'.\n"
	       ".TH %s %d \"" DATE "\" \"directmessages %s\"\n",
	       form, name, section, dm_version());
}

/* Prints a character of a text. A '-' in code would be a hyphen. */
static void print_character(char character, bool is_code)
{
	if (character == '\\')
		fputs("\\e", stdout);
	else if (character == '-' && is_code)
		fputs("\\-", stdout);
	else
		putchar(character);
}

/* Where the text goes on behind the URL of a link; NULL: no link's text ends here. */
static const char *skip_url(const char *text)
{
	const char *end = strncmp(text, "](", 2) == 0 ? strchr(text, ')') : NULL;

	return end ? end + 1 : NULL;
}

void roff_text(const char *text, const char *paragraph)
{
	bool is_code = false, is_link = false;

	/* A macro otherwise. */
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	while (*text) {
		const char *behind = is_link ? skip_url(text) : NULL;

		if (behind) {
			is_link = false;
			text = behind;
			continue;
		}
		if (*text == '`') {
			is_code = !is_code;
			fputs(is_code ? "\\fB" : "\\fR", stdout);
		} else if (*text == '[' && !is_code && strstr(text, "](")) {
			is_link = true;
		} else if (text[0] == '\n' && text[1] == '\n') {
			printf("\n%s\n", paragraph);
			text++;
		} else {
			print_character(*text, is_code);
		}
		text++;
	}
	putchar('\n');
}

void roff_entry(const char *head, const char *text)
{
	char code[256];

	snprintf(code, sizeof(code), "`%s`", head);
	puts(".TP");
	roff_text(code, "");
	roff_text(text, ".IP");
}
