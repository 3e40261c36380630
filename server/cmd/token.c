/* SPDX-License-Identifier: MIT */
/* token.c - token create, revoke. */
#include "cli.h"
#include "database.h"
#include "subcommands.h"

#include <stdio.h>
#include <stdlib.h>

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
		puts(key);
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
