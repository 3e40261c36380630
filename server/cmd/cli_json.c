/* SPDX-License-Identifier: MIT */
/* cli_json.c - --json. */
#include "cli_json.h"

#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

struct cli_rows cli_rows_of(const struct arguments *arguments)
{
	return (struct cli_rows){.json = arguments_value(arguments, "json") != NULL};
}

bool cli_print_json(struct cli_rows *rows, struct buffer *row)
{
	buffer_append_char(row, '\n');
	rows->failed |= row->failed;
	if (!rows->failed)
		fwrite(row->data, 1, row->length, stdout);
	buffer_release(row);
	return !rows->failed;
}

int cli_rows_status(const struct cli_rows *rows)
{
	return rows->failed ? cli_fail(EXIT_FAILED, "out of memory; free some, then try again") : EXIT_SUCCESS;
}
