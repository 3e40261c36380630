/* SPDX-License-Identifier: MIT */
/* routes.c - prints the route table. */
#include "config.h"

#include "routes.h"

#include <stdlib.h>

int routes_run(const struct command *command, int argc, char **argv)
{
	const char *prefix = NULL;
	const struct cli_flag flags[] = {
		{"prefix", "PATH", "where the API is mounted (DIRECTMESSAGES_PREFIX; default api/dm)", &prefix, NULL},
	};
	struct config config;
	char **words;
	int status;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 0, 0, &words, &status))
		return status;
	if (!config_read_prefix(&config, prefix))
		return EXIT_USAGE;
	routes_print(stdout, config.prefix);
	return EXIT_SUCCESS;
}
