/* SPDX-License-Identifier: MIT */
/* checker.c - finds out whose streams have to end. */
#include "checker.h"

#include "clock.h"

#define SECOND INT64_C(1000000)

/* A stream ends within 15 seconds: this, and the time that the pieces before it take. */
#define CHECK_EVERY (10 * SECOND)

/* After the database could not be asked. */
#define RETRY_AFTER SECOND

void checker_init(struct checker *checker, const struct hub_options *options, struct streams *streams,
		  struct mailbox *mailbox)
{
	int64_t heartbeat = options->heartbeat_seconds * SECOND;

	checker->options = options;
	checker->streams = streams;
	checker->mailbox = mailbox;
	checker->every = heartbeat < CHECK_EVERY ? heartbeat : CHECK_EVERY;
	pthread_mutex_init(&checker->mutex, NULL);
	pthread_cond_init(&checker->done, NULL);
}

void checker_release(struct checker *checker)
{
	pthread_cond_destroy(&checker->done);
	pthread_mutex_destroy(&checker->mutex);
}

/* ---- a piece begins ------------------------------------------------------------------------------------------ */

/* On any thread. */
static void on_looked_up(struct dm_operation *operation)
{
	struct check *check = operation->context;
	struct checker *checker = check->checker;

	pthread_mutex_lock(&checker->mutex);
	if (--checker->left == 0) {
		pthread_cond_signal(&checker->done);
		mailbox_wake(checker->mailbox);
	}
	pthread_mutex_unlock(&checker->mutex);
}

static bool note_user(void *context, const struct dm_user *user)
{
	((struct check *)context)->user_id = user->id;
	return true;
}

/* Who came with a token is looked up by it, others by their id. The stream's text lives until the piece is over. */
static void add(struct checker *checker, struct stream *stream)
{
	struct check *check = &checker->checks[checker->count++];
	struct dm_operation *operation = &check->operation;

	check->checker = checker;
	check->stream = stream;
	check->user_id = -1;
	*operation = (struct dm_operation){.done = on_looked_up, .context = check};
	if (stream->key.length > 0) {
		operation->kind = DM_OP_AUTHENTICATE;
		operation->authenticate = (struct dm_op_authenticate){.key = {stream->key.data, stream->key.length},
								      .on_user = note_user};
	} else {
		operation->kind = DM_OP_ACTIVE_USER;
		operation->active_user = (struct dm_op_active_user){.user_id = stream->user_id, .on_user = note_user};
	}
}

/* Those that are due soon come along, so that there are few pieces. */
static void begin_piece(struct checker *checker, int64_t now)
{
	struct stream_list *checked = &checker->streams->checked;
	size_t limit = checker->has_failed ? 1 : CHECKER_PIECE;
	struct stream *stream = TAILQ_FIRST(checked);

	if (!stream || stream->checked_at + checker->every > now)
		return;
	for (; stream && checker->count < limit && stream->checked_at + checker->every / 2 <= now;
	     stream = TAILQ_FIRST(checked)) {
		TAILQ_REMOVE(checked, stream, checked);
		stream->is_being_checked = true;
		add(checker, stream);
	}
	checker->left = checker->count;
	dm_begin_reads(checker->options->handle);
	for (size_t i = 0; i < checker->count; i++)
		dm_submit(checker->options->handle, &checker->checks[i].operation);
	dm_end_reads(checker->options->handle);
}

/* ---- a piece ends -------------------------------------------------------------------------------------------- */

static bool is_gone(const struct check *check)
{
	enum dm_status status = check->operation.status;

	return status == DM_NOT_FOUND || status == DM_INACTIVE ||
	       (status == DM_OK && check->user_id != check->stream->user_id);
}

/* A database that can't be asked ends no stream: it stays at the front, to be checked again. */
static void finish(struct checker *checker, const struct check *check, int64_t now)
{
	struct stream *stream = check->stream;
	bool has_failed = check->operation.status >= DM_BUSY && check->operation.status < DM_INTERNAL;

	stream->is_being_checked = false;
	if (stream->state == STREAM_CLOSED)
		return;
	checker->has_failed = checker->has_failed || has_failed;
	if (has_failed) {
		TAILQ_INSERT_HEAD(&checker->streams->checked, stream, checked);
		return;
	}
	stream->checked_at = now;
	TAILQ_INSERT_TAIL(&checker->streams->checked, stream, checked);
	if (is_gone(check))
		stream_end(stream);
}

static void finish_piece(struct checker *checker, int64_t now)
{
	if (checker->count == 0)
		return;
	checker->has_failed = false;
	while (checker->count > 0) /* backwards, so that those at the front keep their order */
		finish(checker, &checker->checks[--checker->count], now);
	checker->not_before = checker->has_failed ? now + RETRY_AFTER : now;
}

static bool is_under_way(struct checker *checker)
{
	bool is_under_way;

	pthread_mutex_lock(&checker->mutex);
	is_under_way = checker->left > 0;
	pthread_mutex_unlock(&checker->mutex);
	return is_under_way;
}

void checker_run(struct checker *checker)
{
	int64_t now = clock_monotonic();

	if (is_under_way(checker))
		return;
	finish_piece(checker, now);
	if (now >= checker->not_before)
		begin_piece(checker, now);
}

void checker_wait(struct checker *checker)
{
	pthread_mutex_lock(&checker->mutex);
	while (checker->left > 0)
		pthread_cond_wait(&checker->done, &checker->mutex);
	pthread_mutex_unlock(&checker->mutex);
	finish_piece(checker, clock_monotonic());
}
