/* SPDX-License-Identifier: MIT */
/* migrate.c - migrate: brings the schema up to date, or says whether it is. */
#include "cli.h"
#include "database.h"

#include "directmessages.h"
#include "subcommands.h"

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
	dm *handle = database_open_unchecked(NULL, true, &status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_migrate(handle, print_step, print_progress, NULL, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	else
		puts("the schema is up to date");
	dm_close(handle);
	return status;
}

static int check_schema(void)
{
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	puts("the schema is up to date");
	dm_close(handle);
	return EXIT_SUCCESS;
}

int migrate_run(const struct arguments *arguments)
{
	return arguments_value(arguments, "check") ? check_schema() : migrate();
}
