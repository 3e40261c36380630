/* SPDX-License-Identifier: MIT */
/* checkpointer.c - writes the log back into the database file, mostly on a thread of its own.
 *
 * A passive checkpoint waits for nobody and stops nobody. But the log begins anew only if all of it is written back
 * when a transaction begins, which the thread never reaches beside a busy writer. So the thread goes over the log again
 * and again, each time over what was added meanwhile, and when only little is left the writer writes that between two
 * batches. SQLite flushes the file only then; so that the writer need not wait for that either, the thread flushes what
 * it has written.
 *
 * Before 3.51.3 SQLite damages the file if the log begins anew just when a checkpoint begins that finds all written
 * back (its "WAL-reset bug"). So another connection, the holder, reads during each checkpoint. If it reads from the
 * log, the log can't begin anew. If it need not, as all is written back, a checkpoint can't write. */
#include "checkpointer.h"

#include "clock.h"
#include "condition.h"

#include <pthread.h>
#include <stdlib.h>

/* All in pages of the log. */
#define FIRST 8192        /* from this length on the log is written back */
#define LAST 1024         /* what the writer may write at the end */
#define MAX_BACKLOG 16384 /* what may wait to be written back; beyond, the writer waits for the thread */
#define ALONE 16384       /* where the thread can't, the writer writes back a log of this length */
#define CAP 32768         /* if so much is written back, the writer does the rest, however much that is */

/* Microseconds: how long the writer waits after a batch; when the thread tries again what it could not do. */
#define MAX_WAIT 50000
#define RETRY INT64_C(1000000)

struct checkpointer {
	const char *path;
	struct sqlite_session *writer;
	struct sqlite_session *session; /* the thread's; NULL: there is none */
	struct sqlite_session *holder;  /* reads while something is written back; NULL: there is no thread */
	int committed;                  /* the writer's own: the length of the log after its last commit */
	bool has_committed;             /* the writer's own: since checkpointer_after_batch */
	pthread_t thread;
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t wake;
	pthread_cond_t turned; /* the thread has gone over the log */
	int length;            /* of the log */
	int done;              /* so much of it is written back */
	unsigned generation;   /* grows when the log begins anew */
	int not_before;        /* the writer tries again from this length on: the log should have begun anew */
	int64_t retry_at;      /* when the thread tries again what it could not do: a reader needs the log */
	bool is_busy;          /* the thread, or the writer, writes back */
	bool is_failing;       /* the thread could not write back */
	bool is_stopping;
};

/* ---- writing back ------------------------------------------------------------------------------------------------ */

static bool flush(struct sqlite_session *session)
{
	sqlite3_file *file = NULL;

	return sqlite3_file_control(session->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
	       file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) == SQLITE_OK;
}

static int hold(struct sqlite_session *holder)
{
	static const char sql[] = "BEGIN; SELECT 1 FROM sqlite_master LIMIT 1";

	return holder ? sqlite3_exec(holder->db, sql, NULL, NULL, NULL) : SQLITE_OK;
}

static void release(struct sqlite_session *holder)
{
	if (holder && !sqlite3_get_autocommit(holder->db))
		sqlite3_exec(holder->db, "ROLLBACK", NULL, NULL, NULL);
}

/* What came of a checkpoint, or what was known of the log before. */
struct pass {
	int code;
	int length, done;
	unsigned generation;
};

static struct pass checkpoint(struct sqlite_session *session, struct sqlite_session *holder)
{
	struct pass pass = {.code = hold(holder)};

	if (pass.code == SQLITE_OK)
		pass.code = sqlite3_wal_checkpoint_v2(session->db, "main", SQLITE_CHECKPOINT_PASSIVE, &pass.length,
						      &pass.done);
	release(holder);
	return pass;
}

/* Called with the mutex. */
static void begin_anew(struct checkpointer *c)
{
	c->generation++;
	c->done = c->not_before = 0;
	c->retry_at = 0;
}

/* Called with the mutex: notes what has come of it. Others commit too, so the log may be longer than the writer knows,
 * or have begun anew. */
static void note(struct checkpointer *c, bool is_thread, struct pass before, struct pass found)
{
	if (is_thread)
		c->is_failing = found.code != SQLITE_OK;
	if (before.generation != c->generation) /* `found` is of a log that is no more */
		return;
	if (found.code == SQLITE_OK) {
		if (found.length < before.length)
			begin_anew(c);
		if (found.length < before.length || found.length > c->length)
			c->length = found.length;
		c->done = found.done;
	}
	if (!is_thread)
		c->not_before = c->length + LAST / 2;
	else if (found.code != SQLITE_OK || found.done <= before.done)
		c->retry_at = clock_monotonic() + RETRY;
}

/* Called with the mutex, which is left meanwhile: goes over the log once. What was written counts as written back from
 * then on: if it can't be flushed, it may be lost. SQLite itself flushes when it has written all. */
static void write_back(struct checkpointer *c, struct sqlite_session *session)
{
	struct pass before = {SQLITE_OK, c->length, c->done, c->generation}, found;
	bool is_thread = session == c->session, is_unflushed;

	c->is_busy = true;
	pthread_mutex_unlock(&c->mutex);
	found = checkpoint(session, c->holder);
	is_unflushed = found.code == SQLITE_IOERR_FSYNC;
	if (found.code == SQLITE_OK && found.done > before.done && (is_thread || found.done < found.length))
		is_unflushed = !flush(session);
	if (is_unflushed)
		file_watch_refuse_unflushed(c->writer->file);
	pthread_mutex_lock(&c->mutex);
	c->is_busy = false;
	note(c, is_thread, before, found);
	pthread_cond_signal(&c->turned);
}

/* ---- the thread -------------------------------------------------------------------------------------------------- */

/* For good: see file_watch.h. */
static bool is_gone(const struct checkpointer *c)
{
	return atomic_load(&c->writer->file->is_gone);
}

/* Called with the mutex: whether there is something to do for the thread, perhaps later. */
static bool has_work(const struct checkpointer *c)
{
	return !c->is_busy && !is_gone(c) && c->length >= FIRST && c->done < CAP && c->length - c->done > LAST;
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

static void end_sessions(struct checkpointer *c)
{
	if (c->session)
		session_close(c->session);
	if (c->holder)
		session_close(c->holder);
	c->session = c->holder = NULL;
}

/* The first read opens the log, which must be the one that the writer has. NULL: it is not, or can't be opened. */
static struct sqlite_session *open_session(const struct checkpointer *c)
{
	struct dm_error error;
	struct sqlite_session *session = NULL;

	if (file_watch_look(c->writer->file, &error) == DM_OK)
		session = session_open(c->path, SESSION_READER, c->writer->options, &error);
	if (!session)
		return NULL;
	if (sqlite3_exec(session->db, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL) == SQLITE_OK &&
	    file_watch_look(c->writer->file, &error) == DM_OK)
		return session;
	session_close(session);
	return NULL;
}

/* Called with the mutex. Where this fails the writer does it alone, and tries again after the next batch. */
static void start_thread(struct checkpointer *c)
{
	c->session = open_session(c);
	c->holder = c->session ? open_session(c) : NULL;
	if (!c->holder || pthread_create(&c->thread, NULL, checkpointer_main, c) != 0)
		end_sessions(c);
}

/* ---- the writer -------------------------------------------------------------------------------------------------- */

/* SQLite calls it after each commit. */
static int on_commit(void *context, sqlite3 *db, const char *name, int length)
{
	struct checkpointer *c = context;

	(void)db, (void)name;
	c->committed = length;
	c->has_committed = true;
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
static bool is_writers_turn(const struct checkpointer *c)
{
	if (c->is_busy || c->length < c->not_before || c->done >= c->length)
		return false;
	if ((!c->session || c->is_failing) && c->length >= ALONE)
		return true;
	return c->session && (c->length - c->done <= LAST || c->done >= CAP);
}

/* Called with the mutex. */
static void take_turn(struct checkpointer *c)
{
	if (!c->session)
		start_thread(c);
	if (is_writers_turn(c)) {
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
	if (c->has_committed) {
		if (c->committed < c->length)
			begin_anew(c);
		c->length = c->committed;
		c->has_committed = false;
	}
	if (c->length >= FIRST && !is_gone(c))
		take_turn(c);
	pthread_mutex_unlock(&c->mutex);
}

void checkpointer_save(struct checkpointer *c)
{
	pthread_mutex_lock(&c->mutex);
	while (is_gone(c) && c->is_busy)
		pthread_cond_wait(&c->turned, &c->mutex);
	pthread_mutex_unlock(&c->mutex);
	file_watch_save(c->writer->file, c->writer->db);
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
		end_sessions(c);
	}
	pthread_cond_destroy(&c->turned);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->mutex);
	free(c);
}
