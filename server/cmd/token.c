/* SPDX-License-Identifier: MIT */
/* token.c - token create, revoke. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

int token_create_run(const struct command *command, int argc, char **argv)
{
	bool reset = false;
	const struct cli_flag flags[] = {
		{"reset", NULL, "replace the token that there is", NULL, &reset},
	};
	char key[DM_TOKEN_LENGTH + 1];
	struct dm_error error = {0};
	char **words;
	int status;
	dm *handle;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 1, 1, &words, &status))
		return status;
	handle = cli_open(NULL, false, &status);
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_token_create(handle, cli_text(words[0]), reset, key, &error) == DM_OK)
		puts(key);
	else
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages user list'", error.message);
	dm_close(handle);
	return status;
}

int token_revoke_run(const struct command *command, int argc, char **argv)
{
	struct dm_error error = {0};
	char **words;
	int status;
	dm *handle;

	handle = cli_begin(command, argc, argv, 1, &words, &status);
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_token_revoke(handle, cli_text(words[0]), &error) == DM_OK)
		printf("revoked the token of %s\n", words[0]);
	else
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages user list'", error.message);
	dm_close(handle);
	return status;
}
