/* SPDX-License-Identifier: MIT */
/* migration_runner.h - whether a database's schema is up to date, and bringing it there, step by step. A backend gives
 * the steps and the few functions that run their SQL. */
#ifndef MIGRATION_RUNNER_H
#define MIGRATION_RUNNER_H

#include "store.h"
#include "user_table.h"

/* The table that records which steps were applied: number, name, applied. */
#define MIGRATION_RECORD "directmessages_schema"

/* An index that PostgreSQL makes without a lock that would stop anybody. */
struct migration_index {
	const char *name;
	const char *table;
	const char *definition; /* columns and condition, to the letter as pg_get_indexdef() gives them */
};

/* A numbered step. It is due where it is not on record, or where `satisfied` says no: Django may have made what a step
 * makes before us, and what was made may be lost again when Django rebuilds a table. The SQL names the user table as in
 * user_table_expand, but for `sql` and `indexes`. */
struct migration {
	int number;
	const char *name;
	const char *satisfied; /* a SELECT of one boolean (SQLite: 0 or 1): there is nothing to do but to record it */
	const char *possible;  /* a SELECT of the same: whether the SQL may run; NULL: it may */
	const char *refusal;   /* what to do where it may not */
	const char *sql;       /* run in one transaction with the record; NULL: none */
	const struct migration_index *indexes; /* made before that, one by one; ends with name NULL; NULL: none */
	const char *begin; /* run before the pieces, also after an interruption; NULL: nothing; SQLite only */
	const char *piece; /* done before that again and again, each time in a transaction of its own; NULL: none */
	const char *left;  /* a SELECT of a number: how much of that there is to do; 0: nothing */
};

/* Does the pieces of a step, and tells watch->on_progress about once a second how much is left. An interrupted step
 * goes on where it was. `run` does one piece. */
struct migration_target;
MUST_CHECK enum dm_status migration_do_pieces(const struct migration_target *target, const struct migration *step,
					      enum dm_status (*run)(void *context, const char *sql,
								    struct dm_error *error),
					      const struct store_watch *watch, struct dm_error *error);

/* A database that is checked or migrated. The functions get `context`. */
struct migration_target {
	void *context;
	const struct user_table *users;
	const struct migration *steps; /* numbered from 1, without gaps */
	size_t steps_count;
	const char *has_record; /* a SELECT of 0 or 1: whether the table MIGRATION_RECORD is there */

	/* Runs a SELECT and gives its one number or boolean; 0 where it gives no row. */
	enum dm_status (*ask)(void *context, const char *sql, int64_t *value, struct dm_error *error);

	user_table_look *look;

	/* Applies a step that is due and puts it on record. *applied becomes false where another process has just done
	 * so. Reports to watch->on_progress if it takes long. */
	enum dm_status (*apply)(const struct migration_target *target, const struct migration *step, bool *applied,
				const struct store_watch *watch, struct dm_error *error);
};

/* DM_SCHEMA where the user table is not as it is named, where a step is due, and where a newer version made the
 * database. */
MUST_CHECK enum dm_status migration_check(const struct migration_target *target, struct dm_error *error);

/* Applies all steps that are due, and tells watch->on_step of each. */
MUST_CHECK enum dm_status migration_run(const struct migration_target *target, const struct store_watch *watch,
					struct dm_error *error);

/* For `apply`: whether the step is due; and whether its work is done already. The latter fails where the step is not
 * possible on this database. */
MUST_CHECK enum dm_status migration_is_due(const struct migration_target *target, const struct migration *step,
					   bool *due, struct dm_error *error);
MUST_CHECK enum dm_status migration_is_satisfied(const struct migration_target *target, const struct migration *step,
						 bool *satisfied, struct dm_error *error);

#endif
