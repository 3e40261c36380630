/* SPDX-License-Identifier: MIT */
/* user_change.c - user show, update, delete. */
#include "cli.h"
#include "cli_user.h"
#include "database.h"
#include "subcommands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The row function of one user, with the fields' names in front. */
static bool print_one(void *context, const struct dm_user *user)
{
	cli_begin_users(context);
	return cli_print_user(context, user);
}

int user_show_run(const struct arguments *arguments)
{
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	if (dm_user_by_name(handle, dm_text_of(arguments->words[0]), print_one, &rows, &error) == DM_OK)
		status = cli_rows_status(&rows);
	else
		status = cli_fail_user(&error);
	dm_close(handle);
	return status;
}

/* Reads --active; false after the error was printed. */
static bool read_active(const char *value, enum dm_active *active)
{
	*active = DM_ACTIVE_KEEP;
	if (!value)
		return true;
	*active = strcmp(value, "yes") == 0 ? DM_ACTIVE_YES : DM_ACTIVE_NO;
	if (*active == DM_ACTIVE_YES || strcmp(value, "no") == 0)
		return true;
	cli_fail(EXIT_USAGE, "--active is '%.100s'; give yes or no", value);
	return false;
}

int user_update_run(const struct arguments *arguments)
{
	struct dm_user_change change = {
		.size = sizeof(change),
		.username = dm_text_of(arguments->words[0]),
		.email = dm_text_of(arguments_value(arguments, "email")),
		.first_name = dm_text_of(arguments_value(arguments, "first-name")),
		.last_name = dm_text_of(arguments_value(arguments, "last-name")),
	};
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	int status;
	dm *handle;

	if (!read_active(arguments_value(arguments, "active"), &change.active))
		return EXIT_USAGE;
	handle = database_open(&status);
	if (!handle)
		return status;
	if (dm_user_update(handle, &change, print_one, &rows, &error) == DM_OK)
		status = cli_rows_status(&rows);
	else
		status = cli_fail_user(&error);
	dm_close(handle);
	return status;
}

int user_delete_run(const struct arguments *arguments)
{
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_user_delete(handle, dm_text_of(arguments->words[0]), &error) == DM_OK)
		printf("deleted user %s\n", arguments->words[0]);
	else
		status = cli_fail_user(&error);
	dm_close(handle);
	return status;
}
