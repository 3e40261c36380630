/* SPDX-License-Identifier: MIT */
/* token.c - token create, revoke. */
#include "cli.h"
#include "cli_json.h"
#include "database.h"
#include "shapes.h"
#include "subcommands.h"

#include <stdio.h>
#include <stdlib.h>

static int print_token(const struct arguments *arguments, const char *key)
{
	struct cli_rows rows = cli_rows_of(arguments);
	struct buffer line;

	if (!rows.json) {
		puts(key);
		return EXIT_SUCCESS;
	}
	buffer_init(&line, SIZE_MAX);
	shape_token(&line, key);
	cli_print_json(&rows, &line);
	return cli_rows_status(&rows);
}

int token_create_run(const struct arguments *arguments)
{
	bool reset = arguments_value(arguments, "reset") != NULL;
	char key[DM_TOKEN_LENGTH + 1];
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_token_create(handle, dm_text_of(arguments->words[0]), reset, key, &error) == DM_OK)
		status = print_token(arguments, key);
	else
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages user list'", error.message);
	dm_close(handle);
	return status;
}

int token_revoke_run(const struct arguments *arguments)
{
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_token_revoke(handle, dm_text_of(arguments->words[0]), &error) == DM_OK)
		printf("revoked the token of %s\n", arguments->words[0]);
	else
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages user list'", error.message);
	dm_close(handle);
	return status;
}
