/* SPDX-License-Identifier: MIT */
/* migrate.c - brings the schema up to date, step by step. */
#include "migrate.h"

#include "clock.h"
#include "failure.h"
#include "index.h"
#include "migrations.h"
#include "progress.h"
#include "schema_session.h"
#include "user_table_look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The advisory lock that lets one process at a time migrate a database: the letters "dmschema" as a number. */
#define LOCK "7236833190461860193"
/* Between two attempts to get that lock. Waiting in the database would hold a snapshot, and the other process's CREATE
 * INDEX CONCURRENTLY would wait for that to end. */
#define LOCK_PAUSE_NS 100000000

/* How long a step waits for those who use a table that it changes: all others wait behind it meanwhile. Then it lets
 * them go on, and tries again after a pause. */
#define LOCK_TIMEOUT "100ms"
static const struct timespec pause_between_tries = {.tv_sec = 1};

static enum dm_status ask(void *context, const char *sql, int64_t *value, struct dm_error *error)
{
	static const struct parameters none = {.count = 0};
	const struct schema_session *schema = context;
	PGresult *result = NULL;
	enum dm_status status = session_execute(schema->session, sql, &none, schema->deadline, &result, error);

	*value = 0;
	if (status == DM_OK && PQntuples(result) > 0)
		*value = PQgetlength(result, 0, 0) == 1 ? pg_bool(result, 0, 0) : pg_int(result, 0, 0);
	PQclear(result);
	return status;
}

static enum dm_status execute(struct pg_session *session, const char *sql, struct dm_error *error)
{
	return session_execute(session, sql, NULL, NO_DEADLINE, NULL, error);
}

/* Responses are UTF-8. Other encodings are converted, but SQL_ASCII may hold any bytes. */
static enum dm_status check_encoding(const struct pg_session *session, struct dm_error *error)
{
	const char *encoding = PQparameterStatus(session->connection, "server_encoding");

	if (encoding && strcmp(encoding, "SQL_ASCII") == 0)
		return fail(
			error, DM_SCHEMA,
			"the database's encoding is SQL_ASCII, which may hold any bytes; create the database anew with "
			"createdb --template=template0 --encoding=UTF8");
	return DM_OK;
}

/* ---- applying ------------------------------------------------------------------------------------------------ */

static enum dm_status put_on_record(struct pg_session *session, const struct migration *step, struct dm_error *error)
{
	struct parameters parameters = {.count = 0};
	enum dm_status status =
		execute(session,
			"CREATE TABLE IF NOT EXISTS " MIGRATION_RECORD
			" (number integer NOT NULL PRIMARY KEY, name text NOT NULL, applied timestamptz NOT NULL)",
			error);

	if (status != DM_OK)
		return status;
	pg_add_int(&parameters, step->number);
	pg_add_text(&parameters, (struct dm_text){step->name, strlen(step->name)});
	pg_add_time(&parameters, clock_now());
	return session_execute(session,
			       "INSERT INTO " MIGRATION_RECORD
			       " (number, name, applied) VALUES ($1::bigint, $2::text, $3::timestamptz)"
			       " ON CONFLICT (number) DO UPDATE SET name = excluded.name, applied = excluded.applied",
			       &parameters, NO_DEADLINE, NULL, error);
}

static enum dm_status make_indexes(struct pg_session *session, const struct migration *step,
				   const struct store_watch *watch, struct dm_error *error)
{
	enum dm_status status = DM_OK;

	for (const struct migration_index *index = step->indexes; index && index->name && status == DM_OK; index++)
		status = index_make(session, index, watch, error);
	return status;
}

static enum dm_status join_indexes(struct pg_session *session, const struct migration *step, struct dm_error *error)
{
	enum dm_status status = DM_OK;

	for (const struct migration_index *index = step->indexes; index && index->name && status == DM_OK; index++)
		status = index_join(session, index, error);
	return status;
}

static enum dm_status run_piece(void *context, const char *sql, struct dm_error *error)
{
	return execute(((struct schema_session *)context)->session, sql, error);
}

static enum dm_status change_tables(struct pg_session *session, const struct migration *step, bool satisfied,
				    struct dm_error *error)
{
	enum dm_status status = execute(session, "BEGIN", error);

	if (status == DM_OK && !satisfied)
		status = execute(session, "SET LOCAL lock_timeout = '" LOCK_TIMEOUT "'", error);
	if (status == DM_OK && !satisfied)
		status = join_indexes(session, step, error);
	if (status == DM_OK && !satisfied && step->sql)
		status = execute(session, step->sql, error);
	if (status == DM_OK)
		status = put_on_record(session, step, error);
	if (status == DM_OK)
		return execute(session, "COMMIT", error);
	(void)execute(session, "ROLLBACK", &(struct dm_error){0});
	return status;
}

static enum dm_status apply(const struct migration_target *target, const struct migration *step, bool *applied,
			    const struct store_watch *watch, struct dm_error *error)
{
	struct schema_session *schema = target->context;
	bool satisfied = false;
	enum dm_status status = migration_is_satisfied(target, step, &satisfied, error);

	(void)applied; /* the lock keeps others away */
	if (status == DM_OK && !satisfied)
		status = make_indexes(schema->session, step, watch, error);
	if (status == DM_OK && !satisfied && step->piece)
		status = migration_do_pieces(target, step, run_piece, watch, error);
	if (status != DM_OK)
		return status;
	while ((status = change_tables(schema->session, step, satisfied, error)) == DM_BUSY) {
		if (watch->on_progress)
			watch->on_progress(watch->context, error->message);
		*error = (struct dm_error){0};
		nanosleep(&pause_between_tries, NULL);
	}
	return status;
}

/* Whoever has it may have been killed: its session ends when its statement does. */
static void report_holder(struct schema_session *schema, const struct store_watch *watch)
{
	static const char holder[] = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND database ="
				     " (SELECT oid FROM pg_database WHERE datname = current_database())"
				     " AND (classid::bigint << 32 | objid::bigint) = " LOCK;
	struct dm_error ignored = {0};
	int64_t pid = 0;
	char what[96];

	if (!watch->on_progress || ask(schema, holder, &pid, &ignored) != DM_OK || pid == 0)
		return;
	snprintf(what, sizeof(what), "waiting for another migrate, the session of process %lld", (long long)pid);
	progress_of_another(schema->session, (int)pid, what, watch);
}

static enum dm_status lock(struct schema_session *schema, const struct store_watch *watch, struct dm_error *error)
{
	static const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};
	int64_t locked = 0, report_at = clock_monotonic() + PROGRESS_INTERVAL;

	for (;;) {
		enum dm_status status = ask(schema, "SELECT pg_try_advisory_lock(" LOCK ")", &locked, error);

		if (status != DM_OK || locked)
			return status;
		if (clock_monotonic() >= report_at) {
			report_holder(schema, watch);
			report_at = clock_monotonic() + PROGRESS_INTERVAL;
		}
		nanosleep(&pause, NULL);
	}
}

/* ---- the schema of a session --------------------------------------------------------------------------------- */

static struct migration_target target_of(struct schema_session *schema)
{
	return (struct migration_target){
		.context = schema,
		.users = schema->session->postgres->options.users,
		.steps = pg_migrations,
		.steps_count = pg_migrations_count,
		.has_record = "SELECT to_regclass('" MIGRATION_RECORD "') IS NOT NULL",
		.ask = ask,
		.look = pg_look_at_user_table,
		.apply = apply,
	};
}

enum dm_status pg_schema_check(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	struct schema_session schema = {session, deadline};
	const struct migration_target target = target_of(&schema);
	enum dm_status status = check_encoding(session, error);

	return status == DM_OK ? migration_check(&target, error) : status;
}

/* The lock is released when the session ends. */
enum dm_status pg_schema_migrate(struct pg_session *session, const struct store_watch *watch, struct dm_error *error)
{
	struct schema_session schema = {session, NO_DEADLINE};
	const struct migration_target target = target_of(&schema);
	enum dm_status status = check_encoding(session, error);

	if (status == DM_OK)
		status = lock(&schema, watch, error);
	return status == DM_OK ? migration_run(&target, watch, error) : status;
}

/* A SELECT: true where the users' table has all columns, and every step is on record and satisfied. To be freed; NULL
 * where there is no memory. */
static char *make_question(const struct user_table *users)
{
	char *text = NULL, *sql;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return NULL;
	fprintf(stream,
		"SELECT coalesce(NOT EXISTS (SELECT {u.id}, {u.username}, {u.first_name}, {u.last_name}, {u.email}, "
		"{u.is_active} FROM {users} u WHERE false) AND (SELECT max(number) FROM " MIGRATION_RECORD ") = %d",
		pg_migrations[pg_migrations_count - 1].number);
	for (size_t i = 0; i < pg_migrations_count; i++)
		fprintf(stream, " AND (%s)", pg_migrations[i].satisfied);
	fputs(", false)", stream);
	sql = fclose(stream) == 0 ? user_table_expand(users, text) : NULL;
	free(text);
	return sql;
}

enum dm_status pg_schema_still_fits(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	struct schema_session schema = {session, deadline};
	char *question = make_question(session->postgres->options.users);
	struct dm_error own = {0};
	int64_t fits = 0;
	enum dm_status status =
		question ? ask(&schema, question, &fits, &own) : fail(&own, DM_NO_MEMORY, "out of memory");

	free(question);
	if (status == DM_OK && fits)
		return DM_OK;
	if (status == DM_OK || status == DM_SCHEMA) /* to name the step takes more */
		return pg_schema_check(session, deadline, error);
	*error = own;
	return status;
}
