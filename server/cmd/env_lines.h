/* SPDX-License-Identifier: MIT */
/* env_lines.h - reads NAME=VALUE lines as systemd's EnvironmentFile= has them (systemd.exec(5)). */
#ifndef ENV_LINES_H
#define ENV_LINES_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>

struct env_lines {
	char *at;    /* what is not read yet; the caller's text, which is changed while it is read */
	size_t line; /* its number, from 1 */
};

struct env_entry {
	const char *name, *value; /* in the caller's text */
	size_t line;              /* where the entry begins */
};

/* Begins to read a text that ends with a NUL. */
void env_lines_begin(struct env_lines *lines, char *text);

/* Reads the next entry. False: there is none; then *problem is NULL, or says what is wrong in line entry->line, and
 * what to do. */
MUST_CHECK bool env_lines_next(struct env_lines *lines, struct env_entry *entry, const char **problem);

#endif
