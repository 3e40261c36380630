/* SPDX-License-Identifier: MIT */
/* migrate.h - is the schema up to date, and bringing it there. */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "session.h"

MUST_CHECK enum dm_status schema_check(struct session *session, struct dm_error *error);
MUST_CHECK enum dm_status schema_migrate(struct session *session, store_on_step *on_step, void *context,
					 struct dm_error *error);

/* DM_OP_CHECK_SCHEMA. */
enum dm_status schema_still_fits(struct session *session, struct dm_operation *operation);

/* Looks for the columns that the settings name, and at the key's type. Without a table there is nothing to complain of
 * yet if it is one that we make. */
MUST_CHECK enum dm_status user_table_check(struct session *session, struct dm_error *error);

/* A numbered step. Its SQL runs where `satisfied` (a SELECT of one 0 or 1) says 0: what a step makes may have been made
 * by Django before us, and may be lost again when Django rebuilds a table. */
struct migration {
	int number;
	const char *name;
	const char *satisfied;
	/* A SELECT of one 0 or 1, NULL means 1: whether the SQL may run; `refusal` says what to do where it may not. */
	const char *possible;
	const char *refusal;
	const char *sql;
};

extern const struct migration migrations[];
extern const size_t migrations_count;

#endif
