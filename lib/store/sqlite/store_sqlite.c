/* SPDX-License-Identifier: MIT */
/* store_sqlite.c - the SQLite backend: one writer lane, and reads inline on sessions from a pool. */
#include "store_sqlite.h"

#include "all_statements.h"
#include "batch.h"
#include "checkpointer.h"
#include "copies.h"
#include "failure.h"
#include "kinds.h"
#include "lane.h"
#include "migrate.h"
#include "operation_kinds.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct sqlite_store {
	struct store base;
	struct store_options options; /* its url is not kept */
	char *path;
	char *name;                    /* the URL of the file, absolute */
	struct sqlite_session *writer; /* the lane's */
	struct file_watch file;
	struct file_map map;
	struct checkpointer *checkpointer;
	struct lane *lane;
	pthread_mutex_t mutex;          /* guards readers */
	struct sqlite_session *readers; /* prepared, and not in use */
};

/* The reads between sqlite_begin_reads and sqlite_end_reads of this thread share one session and one transaction: to
 * take and release the locks of a transaction costs more than a short read. */
static _Thread_local struct {
	struct sqlite_store *store;     /* NULL outside of a bracket */
	struct sqlite_session *session; /* NULL until the first read */
	bool in_use;                    /* rows are being lent; a row function that reads gets another session */
} bracket;

static enum dm_status prepare_reader(struct sqlite_store *store, struct sqlite_session *session, struct dm_error *error)
{
	enum dm_status status = file_watch_look(&store->file, error);
	int code;

	if (status == DM_OK)
		status = prepare_all_statements(session, error);
	if (status != DM_OK)
		return status;
	code = file_map_use(&store->map, session->db, session->mapped);
	return code == SQLITE_OK ? DM_OK : session_failure(session, code, error);
}

static struct sqlite_session *session_from_pool(struct sqlite_store *store, struct dm_error *error)
{
	struct sqlite_session *session;

	pthread_mutex_lock(&store->mutex);
	session = store->readers;
	if (session)
		store->readers = session->next;
	pthread_mutex_unlock(&store->mutex);
	if (session)
		return session;
	session = session_open(store->path, SESSION_READER, &store->options, error);
	if (session && prepare_reader(store, session, error) != DM_OK) {
		session_close(session);
		return NULL;
	}
	return session;
}

/* A session that has met damage is closed: once the file is whole again, its cache would still be that of before. */
static void return_to_pool(struct sqlite_store *store, struct sqlite_session *session)
{
	if (session->has_met_damage) {
		session_close(session);
		return;
	}
	pthread_mutex_lock(&store->mutex);
	session->next = store->readers;
	store->readers = session;
	pthread_mutex_unlock(&store->mutex);
}

static struct sqlite_session *begin_read(struct sqlite_store *store, struct dm_error *error)
{
	if (file_watch_ask(&store->file, error) != DM_OK)
		return NULL;
	if (bracket.store != store || bracket.in_use)
		return session_from_pool(store, error);
	if (!bracket.session) {
		bracket.session = session_from_pool(store, error);
		if (!bracket.session)
			return NULL;
		/* If this fails each read has a transaction of its own, which reports the failure. */
		sqlite3_step(bracket.session->statements[BEGIN_READ]);
		sqlite3_reset(bracket.session->statements[BEGIN_READ]);
	}
	bracket.in_use = true;
	return bracket.session;
}

static void end_read(struct sqlite_store *store, struct sqlite_session *session)
{
	if (session == bracket.session)
		bracket.in_use = false;
	else
		return_to_pool(store, session);
}

static void sqlite_begin_reads(struct store *base)
{
	if (!bracket.store)
		bracket.store = (struct sqlite_store *)base;
}

static void sqlite_end_reads(struct store *base)
{
	struct sqlite_session *session = bracket.session;

	if (bracket.store != (struct sqlite_store *)base)
		return;
	bracket.store = NULL;
	bracket.session = NULL;
	if (!session)
		return;
	if (!sqlite3_get_autocommit(session->db)) {
		sqlite3_step(session->statements[COMMIT]);
		sqlite3_reset(session->statements[COMMIT]);
	}
	return_to_pool((struct sqlite_store *)base, session);
}

static void read_inline(struct sqlite_store *store, struct dm_operation *operation)
{
	bool asks = operation->kind == DM_OP_CHECK_SCHEMA;
	bool fits = !asks || file_watch_look(&store->file, &operation->error) == DM_OK;
	struct sqlite_session *session = fits ? begin_read(store, &operation->error) : NULL;

	if (!session) {
		operation->status = operation->error.status;
		return;
	}
	operation_run(session, operation);
	end_read(store, session);
}

/* Asks whether there is something to write: that costs a microsecond, a commit for nothing much more. True if the
 * operation is done: most conversations that are looked at have nothing unread, for example. */
static bool has_nothing_to_write(struct sqlite_store *store, struct dm_operation *operation)
{
	operation_has_work *question = operation_question(operation);
	struct sqlite_session *session;
	bool has = true;

	if (!question)
		return false;
	session = begin_read(store, &operation->error);
	if (!session) {
		operation->status = operation->error.status;
		return true;
	}
	operation->status = question(session, operation, &has);
	end_read(store, session);
	if (!has)
		operation_clear_results(operation);
	return operation->status != DM_OK || !has;
}

/* True where the operation has its result without the lane. */
static bool run_inline(struct sqlite_store *store, struct dm_operation *operation)
{
	if (operation_is_read(operation)) {
		read_inline(store, operation);
		return true;
	}
	return has_nothing_to_write(store, operation);
}

/* What the thread reads after a write is to show it. */
static void end_bracket_before_write(struct sqlite_store *store)
{
	if (!bracket.in_use)
		sqlite_end_reads(&store->base);
}

static void sqlite_submit(struct store *base, struct dm_operation *operation)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	if (run_inline(store, operation)) {
		store->options.completed(operation);
		return;
	}
	end_bracket_before_write(store);
	lane_submit(store->lane, operation);
}

/* On the lane's thread: runs the operation at once, unless a row function submits it while its row is lent: then the
 * session is in use. */
static void run_nested(struct sqlite_store *store, struct dm_operation *operation)
{
	static const struct dm_error within = {
		DM_INVALID, "a row function of a call that writes can't write; do so when that call has returned"};

	if (!store->writer->is_lending)
		lane_run_nested(store->lane, store->writer, operation);
	else
		lane_fail(&store->options, &operation, 1, &within);
}

static void sqlite_run(struct store *base, struct dm_operation *operation)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	if (run_inline(store, operation)) {
		store->options.completed(operation);
		return;
	}
	end_bracket_before_write(store);
	if (lane_is_own_thread(store->lane)) /* within a receiver, or a row function */
		run_nested(store, operation);
	else
		lane_run(store->lane, operation);
}

static enum dm_status sqlite_check_schema(struct store *base, struct dm_error *error)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct sqlite_session *session = session_open(store->path, SESSION_READER, &store->options, error);
	enum dm_status status;

	if (!session)
		return error->status;
	status = schema_check(session, error);
	if (status == DM_OK)
		status = prepare_all_statements(session, error);
	session_close(session);
	return status;
}

static enum dm_status sqlite_migrate(struct store *base, const struct store_watch *watch, struct dm_error *error)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct sqlite_session *session = session_open(store->path, SESSION_WRITER, &store->options, error);
	enum dm_status status;

	if (!session)
		return error->status;
	status = schema_migrate(session, watch, error);
	session_close(session);
	return status;
}

static enum dm_status sqlite_backup(struct store *base, const struct dm_backup *backup, int64_t *bytes,
				    struct dm_error *error)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	return backup_make(store->path, &store->options, &store->file, backup, bytes, error);
}

static void sqlite_stats(struct store *base, struct dm_stats *stats)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	stats->backend = "sqlite";
	stats->database = store->name;
	stats->commits = atomic_load_explicit(&store->writer->commits, memory_order_relaxed);
	lane_stats(store->lane, stats);
}

static void sqlite_close(struct store *base)
{
	struct sqlite_store *store = (struct sqlite_store *)base;

	if (store->lane)
		lane_free(store->lane);
	checkpointer_free(store->checkpointer);
	while (store->readers) {
		struct sqlite_session *session = store->readers;

		store->readers = session->next;
		session_close(session);
	}
	if (store->writer) {
		if (store->file.path && file_watch_look(&store->file, &(struct dm_error){0}) != DM_OK)
			file_watch_save(&store->file, store->writer->db);
		session_close(store->writer);
	}
	file_map_end(&store->map);
	file_watch_end(&store->file);
	pthread_mutex_destroy(&store->mutex);
	free(store->path);
	free(store->name);
	free(store);
}

static const struct store_backend sqlite_backend = {
	.check_schema = sqlite_check_schema,
	.migrate = sqlite_migrate,
	.submit = sqlite_submit,
	.run = sqlite_run,
	.begin_reads = sqlite_begin_reads,
	.end_reads = sqlite_end_reads,
	.backup = sqlite_backup,
	.stats = sqlite_stats,
	.close = sqlite_close,
};

/* The file's URL with its absolute path, without links. NULL where there is no memory. */
static char *name_of(const char *path)
{
	char *real = realpath(path, NULL);
	char *name = NULL;

	if (asprintf(&name, "sqlite:///%s", real ? real : path) < 0)
		name = NULL;
	free(real);
	return name;
}

static void run_batch(void *session, struct dm_operation **operations, size_t count)
{
	struct sqlite_session *writer = session;

	batch_run(writer, operations, count);
	checkpointer_after_batch(writer->checkpointer);
}

static enum dm_status start(struct sqlite_store *store, struct dm_error *error)
{
	void *session;
	struct lane_options lane = {
		.run_batch = run_batch,
		.sessions = &session,
		.sessions_count = 1,
		.max_batch = LANE_MAX_BATCH,
		.timeout = store->options.busy_timeout_ms * INT64_C(1000),
		.store = &store->options,
	};

	store->writer = session_open(store->path, SESSION_WRITER, &store->options, error);
	if (!store->writer)
		return error->status;
	session = store->writer;
	store->writer->file = &store->file;
	if (file_watch_begin(&store->file, store->path, store->writer->db, error) != DM_OK)
		return error->status;
	file_map_begin(&store->map, &store->file, store->options.mapped_bytes);
	store->name = name_of(store->path);
	store->checkpointer = checkpointer_new(store->path, store->writer);
	store->writer->checkpointer = store->checkpointer;
	store->lane = store->name && store->checkpointer ? lane_new(&lane) : NULL;
	return store->lane ? DM_OK : fail(error, DM_NO_MEMORY, "no memory, or no thread, for the writer");
}

static enum dm_status read_path(const char *rest, const char **path, struct dm_error *error)
{
	*path = rest + 1;
	if (rest[0] == '/' && rest[1] != '\0')
		return DM_OK;
	return fail(error, DM_INVALID,
		    "the SQLite URL names no file; use sqlite:///relative.db or sqlite:////absolute.db");
}

enum dm_status sqlite_store_check(const struct store_options *options, const char *rest, struct dm_error *error)
{
	const char *path;
	enum dm_status status = read_path(rest, &path, error);

	if (status != DM_OK || !options->read_url)
		return status;
	return fail(error, DM_INVALID,
		    "a SQLite database has no standbys to read from; leave the URL for reads "
		    "(DIRECTMESSAGES_DATABASE_READ_URL) out, or use PostgreSQL");
}

enum dm_status sqlite_store_open(const struct store_options *options, const char *rest, struct store **out,
				 struct dm_error *error)
{
	struct sqlite_store *store;
	const char *path = NULL;
	enum dm_status status = read_path(rest, &path, error);

	if (status == DM_OK)
		status = sqlite_store_check(options, rest, error);
	if (status != DM_OK)
		return status;
	if (!options->create && access(path, F_OK) != 0)
		return fail(error, DM_UNAVAILABLE,
			    "there is no database file %s; run 'directmessages migrate' to make it", path);
	store = calloc(1, sizeof(*store));
	if (!store)
		return fail(error, DM_NO_MEMORY, "out of memory");
	store->base.backend = &sqlite_backend;
	store->options = *options;
	store->options.url = NULL;
	pthread_mutex_init(&store->mutex, NULL);
	store->path = strdup(path);
	status = store->path ? start(store, error) : fail(error, DM_NO_MEMORY, "out of memory");
	if (status != DM_OK) {
		sqlite_close(&store->base);
		return status;
	}
	*out = &store->base;
	return DM_OK;
}

const char *sqlite_store_mapped_file(const void *address)
{
	return file_map_name(address);
}

enum dm_status sqlite_store_restore(const struct dm_restore *restore, const char *rest, char **kept,
				    struct dm_error *error)
{
	const char *path = NULL;
	enum dm_status status = read_path(rest, &path, error);

	return status == DM_OK ? restore_from(path, restore, kept, error) : status;
}
