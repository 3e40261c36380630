/* SPDX-License-Identifier: MIT */
/* cli.h - what every subcommand prints with: errors in one line, fields of a line of output. And numbers it is given.
 */
#ifndef CLI_H
#define CLI_H

#include "attributes.h"
#include "directmessages.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2

/* Prints "directmessages: <sentence>" on standard error, in one line whatever it quotes. The sentence says what is
 * wrong, and after a semicolon what to do. Returns `status`. */
int cli_fail(int status, const char *format, ...) PRINTF_LIKE(2, 3);

/* Prints "directmessages: warning: <sentence>", likewise. */
void cli_warn(const char *format, ...) PRINTF_LIKE(1, 2);

/* From now on errors and warnings are lines of the log; errors begin with `occasion`. NULL: no longer. For the main
 * thread. */
void cli_log_on(const char *occasion);

/* Reads a whole decimal number from min to max; false if the text is anything else. */
bool cli_parse_number(const char *text, int64_t min, int64_t max, int64_t *number);

/* Prints a field of a line of output. Control characters and backslashes are printed as escapes, so that a line stays a
 * line, and no message controls a terminal. */
void cli_print_field(struct dm_text text);

#endif
