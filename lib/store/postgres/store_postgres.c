/* SPDX-License-Identifier: MIT */
/* store_postgres.c - the PostgreSQL backend: a lane of one session for writes, a lane of several for reads, and a lane
 * that checks the schema; and, if there are standbys, a lane of several that reads from them. */
#include "store_postgres.h"

#include "all_statements.h"
#include "batch.h"
#include "clock.h"
#include "failure.h"
#include "kinds.h"
#include "lane.h"
#include "listener.h"
#include "locks.h"
#include "migrate.h"
#include "operation_kinds.h"
#include "session.h"
#include "setup.h"
#include "standbys.h"
#include "url.h"

#include <stdlib.h>
#include <string.h>

/* Reads of one flush. More gain little, and make the first of them wait. */
#define MAX_READS 32

struct postgres_store {
	struct store base;
	struct postgres postgres;
	struct keeper *keeper;
	struct pg_session **sessions; /* of the lanes: the writer's first, the checker's last */
	struct pg_session *spares;    /* for calls from a lane's own thread, not in use; guarded by postgres.mutex */
	struct held_rows held;        /* the writer's */
	struct lane *writer;
	struct lane *readers;      /* NULL where one lane does both */
	struct lane *checker;      /* of DM_OP_CHECK_SCHEMA alone */
	struct standbys *standbys; /* NULL: there are none */
};

/* ---- operations ---------------------------------------------------------------------------------------------- */

/* A write that may have nothing to write goes to the lane of reads too, which finds out. What is done to the table of
 * inboxes does not keep other writes waiting there. */
static struct lane *lane_for(const struct postgres_store *store, const struct dm_operation *operation)
{
	bool is_read = operation_is_read(operation) || pg_operation_question(operation) ||
		       operation->kind == DM_OP_INBOX_FOLD || operation->kind == DM_OP_INBOX_MEND;

	if (operation->kind == DM_OP_CHECK_SCHEMA)
		return store->checker;
	return is_read && store->readers ? store->readers : store->writer;
}

static struct pg_session *pop_spare(struct postgres_store *store)
{
	struct pg_session *session;

	pthread_mutex_lock(&store->postgres.mutex);
	session = store->spares;
	if (session)
		store->spares = session->next;
	pthread_mutex_unlock(&store->postgres.mutex);
	return session ? session : session_new(&store->postgres, store->keeper);
}

static void push_spare(struct postgres_store *store, struct pg_session *session)
{
	pthread_mutex_lock(&store->postgres.mutex);
	session->next = store->spares;
	store->spares = session;
	pthread_mutex_unlock(&store->postgres.mutex);
}

/* For a receiver, or a row function, that calls the library: its own lane is busy with it, and may be in the middle of
 * a result. So another session runs the operation at once. */
static void run_on_spare(struct postgres_store *store, struct lane *own, struct dm_operation *operation)
{
	static const struct dm_error no_memory = {DM_NO_MEMORY, "out of memory"};
	struct pg_session *session = pop_spare(store);

	if (!session) {
		lane_fail(&store->postgres.options, &operation, 1, &no_memory);
		return;
	}
	lane_run_nested(own, session, operation);
	push_spare(store, session);
}

static void postgres_submit(struct store *base, struct dm_operation *operation)
{
	struct postgres_store *store = (struct postgres_store *)base;

	if (!standbys_submit(store->standbys, operation))
		lane_submit(lane_for(store, operation), operation);
}

static void postgres_run(struct store *base, struct dm_operation *operation)
{
	struct postgres_store *store = (struct postgres_store *)base;

	if (lane_is_own_thread(store->checker) && operation->kind == DM_OP_CHECK_SCHEMA)
		lane_run_nested(store->checker, store->sessions[store->postgres.options.lanes], operation);
	else if (operation->kind == DM_OP_CHECK_SCHEMA)
		lane_run(store->checker, operation);
	else if (lane_is_own_thread(store->writer))
		run_on_spare(store, store->writer, operation);
	else if (store->readers && lane_is_own_thread(store->readers))
		run_on_spare(store, store->readers, operation);
	else if (store->standbys && lane_is_own_thread(standbys_lane(store->standbys)))
		run_on_spare(store, standbys_lane(store->standbys), operation);
	else if (!standbys_run(store->standbys, operation))
		lane_run(lane_for(store, operation), operation);
}

/* ---- the schema ---------------------------------------------------------------------------------------------- */

static enum dm_status with_connection(struct postgres *postgres, enum connection_role role, struct pg_session *session,
				      struct dm_error *error)
{
	*session = (struct pg_session){.postgres = postgres};
	session->connection = postgres_connect(postgres, role, error).connection;
	return session->connection ? DM_OK : error->status;
}

static enum dm_status postgres_check_schema(struct store *base, struct dm_error *error)
{
	struct postgres *postgres = &((struct postgres_store *)base)->postgres;
	struct pg_session session;
	enum dm_status status = with_connection(postgres, CONNECTION_LANE, &session, error);

	if (status != DM_OK)
		return status;
	status = pg_schema_check(&session, clock_monotonic() + postgres->limits.batch, error);
	PQfinish(session.connection);
	return status;
}

static enum dm_status postgres_migrate(struct store *base, const struct store_watch *watch, struct dm_error *error)
{
	struct postgres *postgres = &((struct postgres_store *)base)->postgres;
	struct pg_session session;
	enum dm_status status = with_connection(postgres, CONNECTION_SCHEMA, &session, error);

	if (status != DM_OK)
		return status;
	status = pg_schema_migrate(&session, watch, error);
	PQfinish(session.connection);
	return status;
}

static void postgres_stats(struct store *base, struct dm_stats *stats)
{
	struct postgres_store *store = (struct postgres_store *)base;

	stats->backend = "postgresql";
	stats->database = store->postgres.name;
	pthread_mutex_lock(&store->postgres.mutex);
	stats->commits = store->postgres.commits;
	pthread_mutex_unlock(&store->postgres.mutex);
	lane_stats(store->writer, stats);
	if (store->readers)
		lane_stats(store->readers, stats);
	if (!store->standbys)
		return;
	lane_stats(standbys_lane(store->standbys), stats);
	freshness_count(store->postgres.freshness, &stats->standby_reads, &stats->standby_fallbacks);
}

/* ---- open and close ------------------------------------------------------------------------------------------ */

static void free_sessions(struct postgres_store *store)
{
	for (size_t i = 0; store->sessions && i <= store->postgres.options.lanes && store->sessions[i]; i++)
		session_free(store->sessions[i]);
	free(store->sessions);
	while (store->spares) {
		struct pg_session *session = store->spares;

		store->spares = session->next;
		session_free(session);
	}
}

static void postgres_close(struct store *base)
{
	struct postgres_store *store = (struct postgres_store *)base;

	struct lane *const lanes[] = {store->checker, store->readers, store->writer};

	standbys_end(store->standbys); /* first: each hands on to the next, the writer has the last word */
	for (size_t i = 0; i < ARRAY_LENGTH(lanes); i++)
		if (lanes[i])
			lane_end(lanes[i]);
	standbys_close(store->standbys);
	for (size_t i = 0; i < ARRAY_LENGTH(lanes); i++)
		if (lanes[i])
			lane_free(lanes[i]);
	listener_stop(store->postgres.listener); /* after what it announces */
	keeper_stop(store->keeper);
	free_sessions(store);
	freshness_free(store->postgres.freshness);
	postgres_release(&store->postgres);
	free(store);
}

static const struct store_backend postgres_backend = {
	.check_schema = postgres_check_schema,
	.migrate = postgres_migrate,
	.submit = postgres_submit,
	.run = postgres_run,
	.stats = postgres_stats,
	.close = postgres_close,
};

static struct lane *start_lane(struct postgres_store *store, size_t first, size_t count, size_t max_batch)
{
	const struct lane_options options = {
		.run_batch = pg_batch_run,
		.rest = pg_batch_rest,
		.sessions = (void *const *)&store->sessions[first],
		.sessions_count = count,
		.max_batch = max_batch,
		.next = store->writer, /* NULL for the writer itself */
		.store = &store->postgres.options,
	};

	return lane_new(&options);
}

/* Lanes that could not be made stay NULL. */
static void start_lanes(struct postgres_store *store, size_t lanes)
{
	struct pg_session *writing = store->sessions[0];

	store->writer = start_lane(store, 0, 1, LANE_MAX_BATCH);
	if (!store->writer)
		return;
	writing->parking = store->writer;
	writing->held = &store->held;
	for (size_t i = 1; i < lanes; i++)
		store->sessions[i]->writer = store->writer;
	if (lanes > 1) {
		writing->lock_limit = store->postgres.limits.write_lock;
		store->readers = start_lane(store, 1, lanes - 1, MAX_READS);
	}
	store->checker = start_lane(store, lanes, 1, 1);
}

static enum dm_status start_freshness(struct postgres_store *store, const struct store_options *options,
				      struct dm_error *error)
{
	if (!options->read_url)
		return DM_OK;
	store->postgres.freshness = freshness_new(options->max_read_lag);
	return store->postgres.freshness ? DM_OK : fail(error, DM_NO_MEMORY, "out of memory");
}

static enum dm_status start(struct postgres_store *store, struct dm_error *error)
{
	size_t lanes = store->postgres.options.lanes;

	store->keeper = keeper_start(&store->postgres);
	if (!store->keeper)
		return fail(error, DM_NO_MEMORY, "no memory, or no thread, for connecting");
	store->sessions = calloc(lanes + 1, sizeof(struct pg_session *));
	for (size_t i = 0; i <= lanes && store->sessions; i++) {
		store->sessions[i] = session_new(&store->postgres, store->keeper);
		if (!store->sessions[i])
			return fail(error, DM_NO_MEMORY, "out of memory");
	}
	if (!store->sessions)
		return fail(error, DM_NO_MEMORY, "out of memory");
	start_lanes(store, lanes);
	if (!store->checker || (lanes > 1 && !store->readers))
		return fail(error, DM_NO_MEMORY, "no memory, or no thread, for a lane");
	if (store->postgres.options.record_events) {
		store->postgres.listener = listener_start(&store->postgres);
		if (!store->postgres.listener)
			return fail(error, DM_NO_MEMORY, "no memory, or no thread, to hear of events");
	}
	return DM_OK;
}

static bool is_postgres(const char *url)
{
	return strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0;
}

enum dm_status postgres_store_check(const struct store_options *options, const char *rest, struct dm_error *error)
{
	enum dm_status status = url_check(options->url, error);

	(void)rest;
	if (status != DM_OK || !options->read_url)
		return status;
	if (!is_postgres(options->read_url))
		return fail(error, DM_INVALID,
			    "the standbys' URL is not one of PostgreSQL; use postgresql://user@host1,host2/database");
	return url_check(options->read_url, error);
}

enum dm_status postgres_store_open(const struct store_options *options, const char *rest, struct store **out,
				   struct dm_error *error)
{
	struct postgres_store *store = calloc(1, sizeof(*store));
	enum dm_status status;

	if (!store)
		return fail(error, DM_NO_MEMORY, "out of memory");
	store->base.backend = &postgres_backend;
	status = postgres_init(&store->postgres, options, error);
	if (status == DM_OK)
		status = postgres_store_check(options, rest, error);
	if (status == DM_OK)
		status = pg_add_all_statements(&store->postgres, error);
	if (status == DM_OK)
		status = start_freshness(store, options, error);
	if (status == DM_OK)
		status = start(store, error);
	if (status == DM_OK && options->read_url)
		status = standbys_open(options, store->postgres.freshness,
				       store->readers ? store->readers : store->writer, &store->standbys, error);
	if (status != DM_OK) {
		postgres_close(&store->base);
		return status;
	}
	*out = &store->base;
	return DM_OK;
}
