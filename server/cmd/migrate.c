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

static enum dm_status run_migrate(dm *handle, bool with_new_epoch, struct dm_error *error)
{
	enum dm_status status = dm_migrate(handle, print_step, print_progress, NULL, error);

	return status == DM_OK && with_new_epoch ? dm_events_new_epoch(handle, error) : status;
}

static int migrate(bool with_new_epoch)
{
	struct dm_error error = {0};
	int status;
	dm *handle = database_open_unchecked(NULL, true, &status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (run_migrate(handle, with_new_epoch, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	else
		puts(with_new_epoch ? "the schema is up to date, and the event log has a new epoch"
				    : "the schema is up to date");
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
	bool check = arguments_value(arguments, "check") != NULL;
	bool new_epoch = arguments_value(arguments, "new-epoch") != NULL;

	if (check && new_epoch)
		return cli_fail(EXIT_USAGE, "--check changes nothing, --new-epoch does; give one of them");
	return check ? check_schema() : migrate(new_epoch);
}
