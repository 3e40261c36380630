/* SPDX-License-Identifier: MIT */
/* checkpointer.c - writes the log back into the database file, mostly on a thread of its own.
 *
 * A passive checkpoint waits for nobody and stops nobody. But the log begins anew only if all of it is written back
 * when a transaction begins, which the thread never reaches beside a busy writer. So the thread goes over the log again
 * and again, each time over what was added meanwhile, and when only little is left the writer writes that between two
 * batches. SQLite flushes the file only then; so that the writer need not wait for that either, the thread flushes what
 * it has written. */
#include "checkpointer.h"

#include "clock.h"
#include "condition.h"

#include <pthread.h>
#include <stdlib.h>

/* All in pages of the log. */
#define FIRST 8192        /* from this length on the log is written back */
#define LAST 1024         /* what the writer may write at the end */
#define MAX_BACKLOG 16384 /* what may wait to be written back; beyond, the writer waits for the thread */
#define ALONE 16384       /* where there is no thread the writer writes back a log of this length */

/* Microseconds: how long the writer waits after a batch; when the thread tries again what it could not do. */
#define MAX_WAIT 50000
#define RETRY INT64_C(1000000)

struct checkpointer {
	const char *path;
	struct sqlite_session *writer;
	struct sqlite_session *session; /* the thread's; NULL: there is none */
	int committed;                  /* the length of the log, as the writer saw it last; its own */
	pthread_t thread;
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t wake;
	pthread_cond_t turned; /* the thread has gone over the log */
	int length;            /* of the log */
	int done;              /* so much of it is written back */
	int not_before;        /* the writer tries again from this length on: the log should have begun anew */
	int64_t retry_at;      /* when the thread tries again what it could not do: a reader needs the log */
	bool is_busy;          /* the thread, or the writer, writes back */
	bool has_failed;       /* see file_watch_refuse_unflushed */
	bool is_stopping;
};

/* ---- writing back ------------------------------------------------------------------------------------------------ */

static bool flush(struct sqlite_session *session)
{
	sqlite3_file *file = NULL;

	return sqlite3_file_control(session->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	       file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK;
}

/* Called with the mutex: notes what has come of it. */
static void note(struct checkpointer *c, bool is_thread, int code, int length, int done)
{
	if (length > c->length) /* the log has begun anew since */
		length = done = 0;
	if (length > 0)
		c->done = done;
	if (!is_thread)
		c->not_before = c->length + LAST / 2;
	else if (code != SQLITE_OK || done + LAST < length)
		c->retry_at = clock_monotonic() + RETRY;
}

/* Called with the mutex, which is left meanwhile: goes over the log once. What the thread has written counts as written
 * back from then on: if it can't be flushed, it may be lost. */
static void write_back(struct checkpointer *c, struct sqlite_session *session)
{
	bool is_thread = session == c->session, is_flushed = true;
	int length = -1, done = -1, before = c->done, code;

	c->is_busy = true;
	pthread_mutex_unlock(&c->mutex);
	code = sqlite3_wal_checkpoint_v2(session->db, "main", SQLITE_CHECKPOINT_PASSIVE, &length, &done);
	if (is_thread && code == SQLITE_OK && done > before)
		is_flushed = flush(session);
	if (!is_flushed)
		file_watch_refuse_unflushed(c->writer->file);
	pthread_mutex_lock(&c->mutex);
	c->is_busy = false;
	c->has_failed = c->has_failed || !is_flushed;
	note(c, is_thread, code, length, done);
	pthread_cond_signal(&c->turned);
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

/* Called with the mutex: whether there is something to do for the thread, perhaps later. */
static bool has_work(const struct checkpointer *c)
{
	return !c->is_busy && !c->has_failed && c->length >= FIRST && c->length - c->done > LAST;
}

static void *checkpointer_main(void *argument)
{
	struct checkpointer *c = argument;

	pthread_mutex_lock(&c->mutex);
	while (!c->is_stopping)
		if (!has_work(c))
			pthread_cond_wait(&c->wake, &c->mutex);
		else if (c->retry_at > clock_monotonic())
			condition_wait_until(&c->wake, &c->mutex, c->retry_at);
		else
			write_back(c, c->session);
	pthread_mutex_unlock(&c->mutex);
	return NULL;
}

static void end_session(struct checkpointer *c)
{
	session_close(c->session);
	c->session = NULL;
}

/* The first read opens the log, which must be the one that the writer has. */
static bool open_session(struct checkpointer *c)
{
	struct dm_error error;

	c->session = session_open(c->path, SESSION_READER, c->writer->options, &error);
	if (!c->session)
		return false;
	if (sqlite3_exec(c->session->db, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL) == SQLITE_OK &&
	    file_watch_look(c->writer->file, &error) == DM_OK)
		return true;
	end_session(c);
	return false;
}

/* Called with the mutex. Where this fails the writer does it alone, and tries again after the next batch. */
static void start_thread(struct checkpointer *c)
{
	if (open_session(c) && pthread_create(&c->thread, NULL, checkpointer_main, c) != 0)
		end_session(c);
}

/* ---- the writer -------------------------------------------------------------------------------------------------- */

/* SQLite calls it after each commit. */
static int on_commit(void *context, sqlite3 *db, const char *name, int length)
{
	struct checkpointer *c = context;

	(void)db, (void)name;
	c->committed = length;
	return SQLITE_OK;
}

/* Called with the mutex. */
static void wait_for_thread(struct checkpointer *c)
{
	int64_t until = clock_monotonic() + MAX_WAIT;

	while (c->is_busy && c->length - c->done > MAX_BACKLOG && condition_wait_until(&c->turned, &c->mutex, until))
		;
}

/* Called with the mutex. */
static void take_turn(struct checkpointer *c)
{
	if (!c->session)
		start_thread(c);
	if (!c->is_busy && c->length >= c->not_before &&
	    (c->session ? c->length - c->done <= LAST : c->length >= ALONE)) {
		write_back(c, c->writer);
		return;
	}
	if (has_work(c))
		pthread_cond_signal(&c->wake);
	wait_for_thread(c);
}

void checkpointer_after_batch(struct checkpointer *c)
{
	pthread_mutex_lock(&c->mutex);
	if (c->committed < c->length) { /* the log has begun anew */
		c->done = c->not_before = 0;
		c->retry_at = 0;
	}
	c->length = c->committed;
	if (c->length >= FIRST && !c->has_failed)
		take_turn(c);
	pthread_mutex_unlock(&c->mutex);
}

struct checkpointer *checkpointer_new(const char *path, struct sqlite_session *writer)
{
	struct checkpointer *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->path = path;
	c->writer = writer;
	pthread_mutex_init(&c->mutex, NULL);
	condition_init(&c->wake);
	condition_init(&c->turned);
	sqlite3_wal_hook(writer->db, on_commit, c);
	return c;
}

void checkpointer_free(struct checkpointer *c)
{
	if (!c)
		return;
	sqlite3_wal_hook(c->writer->db, NULL, NULL);
	if (c->session) {
		pthread_mutex_lock(&c->mutex);
		c->is_stopping = true;
		pthread_cond_signal(&c->wake);
		pthread_mutex_unlock(&c->mutex);
		pthread_join(c->thread, NULL);
		end_session(c);
	}
	pthread_cond_destroy(&c->turned);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}
