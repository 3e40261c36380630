/* SPDX-License-Identifier: MIT */
/* cli_json.h - --json: a line of JSON for each row, with the API's keys and times. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "arguments.h"
#include "buffer.h"

/* The context of a command's row function. */
struct cli_rows {
	bool json;   /* --json was given */
	bool failed; /* there was no memory for a row */
	void *more;  /* what else the row function needs */
};

/* Reads --json of a command that has it. */
struct cli_rows cli_rows_of(const struct arguments *arguments);

/* Prints the row, and releases it. What the row function returns: false without memory. */
bool cli_print_json(struct cli_rows *rows, struct buffer *row);

/* The exit status after the rows: EXIT_SUCCESS, or EXIT_FAILED after the error was printed. */
int cli_rows_status(const struct cli_rows *rows);

#endif
