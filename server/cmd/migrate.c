/* SPDX-License-Identifier: MIT */
/* migrate.c - brings the schema up to date, or tells whether it is. */
#include "cli.h"

#include "directmessages_stats.h"

#include <stdio.h>
#include <stdlib.h>

static void print_step(void *context, int number, const char *name)
{
	(void)context;
	printf("applied %04d %s\n", number, name);
	fflush(stdout);
}

static void print_progress(void *context, const char *text)
{
	(void)context;
	printf("%s\n", text);
	fflush(stdout);
}

static int migrate(void)
{
	struct dm_error error = {0};
	int status;
	dm *handle = cli_open(NULL, true, &status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_migrate_watched(handle, print_step, print_progress, NULL, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	else
		puts("the schema is up to date");
	dm_close(handle);
	return status;
}

int migrate_run(const struct command *command, int argc, char **argv)
{
	bool check = false;
	const struct cli_flag flags[] = {
		{"check", NULL, "only tell; exit status 1 when something is due", NULL, &check},
	};
	char **words;
	int status;
	dm *handle;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 0, 0, &words, &status))
		return status;
	if (!check)
		return migrate();
	handle = cli_open(NULL, false, &status); /* it looks at the schema */
	if (!handle)
		return status;
	puts("the schema is up to date");
	dm_close(handle);
	return EXIT_SUCCESS;
}
