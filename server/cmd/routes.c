/* SPDX-License-Identifier: MIT */
/* routes.c - routes: prints the route table. */
#include "routes.h"
#include "cli.h"
#include "config.h"
#include "subcommands.h"

#include <stdlib.h>

int routes_run(const struct arguments *arguments)
{
	struct config config;

	(void)arguments;
	if (!config_read_prefix(&config))
		return EXIT_USAGE;
	routes_print(stdout, config.prefix);
	return EXIT_SUCCESS;
}
