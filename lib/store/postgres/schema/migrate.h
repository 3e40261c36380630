/* SPDX-License-Identifier: MIT */
/* migrate.h - is the schema up to date, and bringing it there. */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "session.h"

/* All on a session that is not in pipeline mode. */
MUST_CHECK enum dm_status pg_schema_check(struct session *session, int64_t deadline, struct dm_error *error);
/* The same, in one statement where it is. */
MUST_CHECK enum dm_status pg_schema_still_fits(struct session *session, int64_t deadline, struct dm_error *error);
MUST_CHECK enum dm_status pg_schema_migrate(struct session *session, const struct store_watch *watch,
					    struct dm_error *error);

/* user_table_check.c: is the user table what the settings say it is. */
MUST_CHECK enum dm_status pg_user_table_check(struct session *session, int64_t deadline, struct dm_error *error);

/* An index of ours, by name; it is made without a lock that would stop anybody. */
struct migration_index {
	const char *name;
	const char *definition; /* what follows CREATE INDEX CONCURRENTLY name ON */
};

/* A numbered step. It is applied where `satisfied` (a SELECT of one boolean) says false: what a step makes may have
 * been made by Django before us, and may be lost again when Django rebuilds a table. */
struct migration {
	int number;
	const char *name;
	const char *satisfied;
	/* A SELECT of one boolean, NULL means true: whether the SQL may run; `refusal` says what to do where it may
	 * not. */
	const char *possible;
	const char *refusal;
	const char *sql;                       /* in one transaction with the record; NULL: none */
	const struct migration_index *indexes; /* made before that, each by itself; ends with name NULL; NULL: none */
};

extern const struct migration pg_migrations[];
extern const size_t pg_migrations_count;

extern const char pg_django_tables[];

#endif
