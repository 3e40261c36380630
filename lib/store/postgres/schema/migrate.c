/* SPDX-License-Identifier: MIT */
/* migrate.c - brings the schema up to date, step by step. */
#include "migrate.h"

#include "clock.h"
#include "failure.h"
#include "progress.h"
#include "user_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TABLE "directmessages_schema"

/* One process migrates a database at a time: the number is the letters "dmschema". */
#define LOCK "7236833190461860193"
/* Between two attempts to get that lock. To wait in the database would hold a snapshot, for the end of which the
 * other's CREATE INDEX CONCURRENTLY would wait in turn. */
#define LOCK_PAUSE_NS 100000000

/* So long a step waits for those who use a table that it changes, since all others wait behind it; then it lets them go
 * on, and tries again. */
#define LOCK_MOMENT "100ms"
static const struct timespec between_moments = {.tv_sec = 1};

/* The SELECT's one number or boolean; 0 where it gives no row. */
static enum dm_status ask(struct session *session, const char *text, int64_t deadline, int64_t *answer,
			  struct dm_error *error)
{
	static const struct parameters none = {.count = 0};
	char *sql = user_table_expand(session->postgres->options.users, text);
	PGresult *result = NULL;
	enum dm_status status = sql ? session_execute(session, sql, &none, deadline, &result, error)
				    : fail(error, DM_NO_MEMORY, "out of memory");

	free(sql);
	*answer = 0;
	if (status == DM_OK && PQntuples(result) > 0)
		*answer = PQgetlength(result, 0, 0) == 1 ? pg_bool(result, 0, 0) : pg_int(result, 0, 0);
	PQclear(result);
	return status;
}

static enum dm_status execute(struct session *session, const char *sql, struct dm_error *error)
{
	return session_execute(session, sql, NULL, NO_DEADLINE, NULL, error);
}

/* The number of the last step on record, 0 where there is no record. */
static enum dm_status recorded(struct session *session, int64_t deadline, int64_t *number, struct dm_error *error)
{
	int64_t exists = 0;
	enum dm_status status = ask(session, "SELECT to_regclass('" TABLE "') IS NOT NULL", deadline, &exists, error);

	*number = 0;
	if (status != DM_OK || !exists)
		return status;
	return ask(session, "SELECT max(number) FROM " TABLE, deadline, number, error);
}

static enum dm_status refuse_newer(struct session *session, int64_t deadline, int64_t *number, struct dm_error *error)
{
	enum dm_status status = recorded(session, deadline, number, error);

	if (status == DM_OK && *number > pg_migrations[pg_migrations_count - 1].number)
		return fail(error, DM_SCHEMA, "the database was made by a newer version; use that version's program");
	return status;
}

static enum dm_status is_due(struct session *session, const struct migration *step, int64_t deadline, bool *due,
			     struct dm_error *error)
{
	int64_t number = 0, satisfied = 0;
	enum dm_status status = refuse_newer(session, deadline, &number, error);

	if (status == DM_OK)
		status = ask(session, step->satisfied, deadline, &satisfied, error);
	*due = number < step->number || !satisfied;
	return status;
}

/* Whether there is something to do for the step; fails where it can't be done on this database. */
static enum dm_status is_satisfied(struct session *session, const struct migration *step, int64_t deadline,
				   int64_t *satisfied, struct dm_error *error)
{
	int64_t possible = 1;
	enum dm_status status = ask(session, step->satisfied, deadline, satisfied, error);

	if (status == DM_OK && !*satisfied && step->possible)
		status = ask(session, step->possible, deadline, &possible, error);
	return status == DM_OK && !possible ? fail(error, DM_SCHEMA, "%s", step->refusal) : status;
}

static enum dm_status tell_due(struct session *session, const struct migration *step, int64_t deadline,
			       struct dm_error *error)
{
	int64_t satisfied;
	enum dm_status status = is_satisfied(session, step, deadline, &satisfied, error);

	if (status != DM_OK)
		return status;
	return fail(error, DM_SCHEMA, "the schema is not up to date: step %d, %s, is due; run 'directmessages migrate'",
		    step->number, step->name);
}

/* Answers are UTF-8. Other encodings are converted, and this one may hold any bytes. */
static enum dm_status check_encoding(const struct session *session, struct dm_error *error)
{
	const char *encoding = PQparameterStatus(session->connection, "server_encoding");

	if (encoding && strcmp(encoding, "SQL_ASCII") == 0)
		return fail(error, DM_SCHEMA,
			    "the database's encoding is SQL_ASCII, in which any bytes may stand; make it anew with "
			    "createdb --template=template0 --encoding=UTF8");
	return DM_OK;
}

enum dm_status pg_schema_check(struct session *session, int64_t deadline, struct dm_error *error)
{
	enum dm_status status = check_encoding(session, error);

	if (status == DM_OK)
		status = pg_user_table_check(session, deadline, error);
	if (status != DM_OK)
		return status;
	for (size_t i = 0; i < pg_migrations_count; i++) {
		const struct migration *step = &pg_migrations[i];
		bool due;

		status = is_due(session, step, deadline, &due, error);
		if (status == DM_OK && due)
			status = tell_due(session, step, deadline, error);
		if (status != DM_OK)
			return status;
	}
	return DM_OK;
}

/* True where the users' table has all columns, and every step is on record and satisfied. To be freed. */
static char *make_question(void)
{
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	fprintf(stream,
		"SELECT coalesce(NOT EXISTS (SELECT {u.id}, {u.username}, {u.first_name}, {u.last_name}, {u.email}, "
		"{u.is_active} FROM {users} u WHERE false) AND (SELECT max(number) FROM " TABLE ") = %d",
		pg_migrations[pg_migrations_count - 1].number);
	for (size_t i = 0; i < pg_migrations_count; i++)
		fprintf(stream, " AND (%s)", pg_migrations[i].satisfied);
	fputs(", false)", stream);
	if (fclose(stream) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

enum dm_status pg_schema_still_fits(struct session *session, int64_t deadline, struct dm_error *error)
{
	char *question = make_question();
	struct dm_error own = {0};
	int64_t fits = 0;
	enum dm_status status =
		question ? ask(session, question, deadline, &fits, &own) : fail(&own, DM_NO_MEMORY, "out of memory");

	free(question);
	if (status == DM_OK && fits)
		return DM_OK;
	if (status == DM_OK || status == DM_SCHEMA) /* which step it is, takes more */
		return pg_schema_check(session, deadline, error);
	*error = own;
	return status;
}

/* ---- applying ------------------------------------------------------------------------------------------------ */

static enum dm_status record(struct session *session, const struct migration *step, struct dm_error *error)
{
	struct parameters parameters = {.count = 0};
	enum dm_status status =
		execute(session,
			"CREATE TABLE IF NOT EXISTS " TABLE
			" (number integer NOT NULL PRIMARY KEY, name text NOT NULL, applied timestamptz NOT NULL)",
			error);

	if (status != DM_OK)
		return status;
	pg_add_int(&parameters, step->number);
	pg_add_text(&parameters, (struct dm_text){step->name, strlen(step->name)});
	pg_add_time(&parameters, clock_now());
	return session_execute(session,
			       "INSERT INTO " TABLE
			       " (number, name, applied) VALUES ($1::bigint, $2::text, $3::timestamptz)"
			       " ON CONFLICT (number) DO UPDATE SET name = excluded.name, applied = excluded.applied",
			       &parameters, NO_DEADLINE, NULL, error);
}

/* An index that was interrupted stays behind as an invalid one, which costs and is of no use. */
static enum dm_status make_index(struct session *session, const struct migration_index *index,
				 const struct store_watch *watch, struct dm_error *error)
{
	char sql[512];
	int64_t valid = 0, exists = 0;
	enum dm_status status;

	snprintf(sql, sizeof(sql), "SELECT to_regclass('%s') IS NOT NULL", index->name);
	status = ask(session, sql, NO_DEADLINE, &exists, error);
	snprintf(sql, sizeof(sql), "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('%s')", index->name);
	if (status == DM_OK && exists)
		status = ask(session, sql, NO_DEADLINE, &valid, error);
	if (status != DM_OK || valid)
		return status;
	snprintf(sql, sizeof(sql), "DROP INDEX CONCURRENTLY %s", index->name);
	if (exists)
		status = progress_execute(session, sql, index->name, watch, error);
	snprintf(sql, sizeof(sql), "CREATE INDEX CONCURRENTLY %s ON %s", index->name, index->definition);
	return status == DM_OK ? progress_execute(session, sql, index->name, watch, error) : status;
}

static enum dm_status make_indexes(struct session *session, const struct migration *step,
				   const struct store_watch *watch, struct dm_error *error)
{
	enum dm_status status = DM_OK;

	for (const struct migration_index *index = step->indexes; index && index->name && status == DM_OK; index++)
		status = make_index(session, index, watch, error);
	return status;
}

static enum dm_status change_tables(struct session *session, const struct migration *step, bool satisfied,
				    struct dm_error *error)
{
	enum dm_status status = execute(session, "BEGIN", error);

	if (status == DM_OK && !satisfied && step->sql)
		status = execute(session, "SET LOCAL lock_timeout = '" LOCK_MOMENT "'", error);
	if (status == DM_OK && !satisfied && step->sql)
		status = execute(session, step->sql, error);
	if (status == DM_OK)
		status = record(session, step, error);
	if (status == DM_OK)
		return execute(session, "COMMIT", error);
	(void)execute(session, "ROLLBACK", &(struct dm_error){0});
	return status;
}

static enum dm_status apply(struct session *session, const struct migration *step, const struct store_watch *watch,
			    struct dm_error *error)
{
	int64_t satisfied = 0;
	enum dm_status status = is_satisfied(session, step, NO_DEADLINE, &satisfied, error);

	if (status == DM_OK && !satisfied)
		status = make_indexes(session, step, watch, error);
	if (status != DM_OK)
		return status;
	while ((status = change_tables(session, step, satisfied, error)) == DM_BUSY) {
		if (watch->on_progress)
			watch->on_progress(watch->context, error->message);
		*error = (struct dm_error){0};
		nanosleep(&between_moments, NULL);
	}
	return status;
}

static enum dm_status lock(struct session *session, struct dm_error *error)
{
	static const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	int64_t locked = 0;

	for (;;) {
		enum dm_status status =
			ask(session, "SELECT pg_try_advisory_lock(" LOCK ")", NO_DEADLINE, &locked, error);

		if (status != DM_OK || locked)
			return status;
		nanosleep(&pause, NULL);
	}
}

/* The lock goes with the session. */
enum dm_status pg_schema_migrate(struct session *session, const struct store_watch *watch, struct dm_error *error)
{
	enum dm_status status = check_encoding(session, error);

	if (status == DM_OK)
		status = pg_user_table_check(session, NO_DEADLINE, error);
	if (status == DM_OK)
		status = lock(session, error);
	for (size_t i = 0; i < pg_migrations_count && status == DM_OK; i++) {
		const struct migration *step = &pg_migrations[i];
		bool due = false;

		status = is_due(session, step, NO_DEADLINE, &due, error);
		if (status == DM_OK && due)
			status = apply(session, step, watch, error);
		if (status == DM_OK && due && watch->on_step)
			watch->on_step(watch->context, step->number, step->name);
	}
	return status;
}
