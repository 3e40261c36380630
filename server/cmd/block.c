/* SPDX-License-Identifier: MIT */
/* block.c - block create, delete, list. */
#include "cli.h"
#include "cli_json.h"
#include "cli_user.h"
#include "database.h"
#include "shapes.h"
#include "subcommands.h"

#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>

static int fail_with(const struct dm_error *error)
{
	return error->status == DM_SELF ? cli_fail(EXIT_FAILED, "%s; name another user", error->message)
					: cli_fail_user(error);
}

typedef enum dm_status block_call(dm *handle, int64_t user_id, int64_t blocked_id, struct dm_error *error);

/* Runs the call for the two users who are named. */
static int run(const struct arguments *arguments, block_call *call, const char *done)
{
	int64_t user_id, blocked_id;
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_user_id_by_name(handle, dm_text_of(arguments->words[0]), &user_id, &error) != DM_OK ||
	    dm_user_id_by_name(handle, dm_text_of(arguments->words[1]), &blocked_id, &error) != DM_OK ||
	    call(handle, user_id, blocked_id, &error) != DM_OK)
		status = fail_with(&error);
	else
		printf("%s %s %s\n", arguments->words[0], done, arguments->words[1]);
	dm_close(handle);
	return status;
}

int block_create_run(const struct arguments *arguments)
{
	return run(arguments, dm_block, "blocks");
}

int block_delete_run(const struct arguments *arguments)
{
	return run(arguments, dm_unblock, "does not block");
}

static bool print_blocked(void *context, const struct dm_blocked *blocked)
{
	struct cli_rows *rows = context;
	char time[TIMESTAMP_SIZE];
	struct buffer row;

	if (rows->json) {
		buffer_init(&row, SIZE_MAX);
		shape_blocked(&row, blocked);
		return cli_print_json(rows, &row);
	}
	timestamp_format(blocked->blocked_at, 'T', time);
	printf("%lld\t", (long long)blocked->user.id);
	cli_print_field(blocked->user.username);
	printf("\t%sZ\n", time);
	return true;
}

int block_list_run(const struct arguments *arguments)
{
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	int64_t user_id;
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	if (dm_user_id_by_name(handle, dm_text_of(arguments->words[0]), &user_id, &error) != DM_OK) {
		status = fail_with(&error);
	} else {
		if (!rows.json)
			puts("id\tusername\ttime");
		status = dm_blocks(handle, user_id, print_blocked, &rows, &error) == DM_OK ? cli_rows_status(&rows)
											   : fail_with(&error);
	}
	dm_close(handle);
	return status;
}
