/* SPDX-License-Identifier: MIT */
/* feed.c - from the event log into the streams.
 *
 * A stream that tells from where it goes on reads the log by itself first, piece by piece, on the same thread as the
 * log's end is read on: so the end does not move meanwhile, and going over from the one to the other loses and doubles
 * nothing. */
#include "feed.h"

#include "clock.h"
#include "log.h"
#include "sse.h"

#define PIECE 500             /* places of the log that are read at once */
#define PIECE_BYTES (1 << 20) /* of their contents, and of what a stream reads by itself; one event may be larger */
#define STREAMS_A_ROUND 64    /* that are worked on, or get their heartbeat, before the log's end is looked at again */

/* Clients come again after a break within this time, not all at once. */
#define RETRY_LEAST_MS 1000
#define RETRY_SPREAD_MS 2000

void feed_init(struct feed *feed, dm *handle, struct streams *streams)
{
	feed->handle = handle;
	feed->streams = streams;
	buffer_init(&feed->nowhere, 0);
}

void feed_release(struct feed *feed)
{
	text_drop(feed->text);
}

/* ---- small things -------------------------------------------------------------------------------------------- */

static bool is_after(const struct dm_event_position *a, const struct dm_event_position *b)
{
	return a->transaction != b->transaction ? a->transaction > b->transaction : a->id > b->id;
}

static bool is_hidden_for(const struct dm_event *event, int64_t user_id)
{
	return user_id == event->message.recipient_id ? event->hidden_for_recipient : event->hidden_for_sender;
}

/* A text to be written for the user's streams. */
static struct buffer *begin_text(struct feed *feed, int64_t user_id)
{
	feed->text = text_renew(feed->text, budget_share(feed->streams->options->budget, user_id));
	return feed->text ? &feed->text->bytes : &feed->nowhere;
}

/* Reads the database. A failure is told once; then all waits for the next round: each may take as long as the store
 * has patience, and nobody is let in meanwhile. */
static void run(struct feed *feed, struct dm_operation *operation)
{
	dm_run(feed->handle, operation);
	if (operation->status == DM_OK || operation->status == DM_NOT_FOUND || operation->status == DM_INACTIVE)
		return;
	if (!feed->has_failed)
		log_line(LOG_WARNING, "the event log can't be read: %s", operation->error.message);
	feed->has_failed = feed->fails = true;
}

/* ---- the log's end ------------------------------------------------------------------------------------------- */

/* Gives the event to each live stream of the user. */
static void give(struct feed *feed, const struct dm_event *event, int64_t user_id)
{
	struct stream *stream = streams_of_bucket(feed->streams, user_id), *next;
	struct buffer *text = NULL;

	for (; stream; stream = next) {
		next = stream->next_of_bucket;
		if (stream->user_id != user_id || stream->state != STREAM_LIVE ||
		    !is_after(&event->position, &stream->position))
			continue;
		if (!text) {
			text = begin_text(feed, user_id);
			sse_message(text, event, user_id);
		}
		stream_put(stream, feed->text);
		feed->streams->dispatched++;
	}
}

static bool dispatch(void *context, const struct dm_event *event)
{
	const int64_t users[] = {event->message.sender_id, event->message.recipient_id};

	for (size_t i = 0; i < (users[0] == users[1] ? 1 : 2); i++)
		if (!is_hidden_for(event, users[i]))
			give(context, event, users[i]);
	return true;
}

static void find_end(struct feed *feed)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS_NEWEST};

	run(feed, &operation);
	feed->knows_end = operation.status == DM_OK;
	if (feed->knows_end)
		feed->end = operation.event;
}

/* Tells a stream that it has lost its place; it goes on from the log's end. */
static void reset(struct feed *feed, struct stream *stream)
{
	sse_reset(begin_text(feed, stream->user_id), &feed->end);
	stream->position = feed->end;
	stream_set_state(stream, STREAM_LIVE);
	stream_put(stream, feed->text);
}

/* The end that we knew has been removed from the log. */
static void lose_end(struct feed *feed)
{
	struct stream *stream, *next;

	find_end(feed);
	for (stream = TAILQ_FIRST(&feed->streams->beating); feed->knows_end && stream; stream = next) {
		next = TAILQ_NEXT(stream, beating);
		if (stream->state == STREAM_LIVE)
			reset(feed, stream);
	}
}

static void read_end(struct feed *feed)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS,
					 .page = {.limit = PIECE, .bytes = PIECE_BYTES},
					 .on_event = dispatch,
					 .context = feed};

	if (!feed->knows_end) {
		find_end(feed);
		return;
	}
	do {
		operation.event = feed->end;
		run(feed, &operation);
		if (operation.status == DM_OK)
			feed->end = operation.event;
	} while (operation.status == DM_OK && (operation.count == PIECE || operation.flag));
	if (operation.status == DM_NOT_FOUND)
		lose_end(feed);
}

/* ---- streams that begin -------------------------------------------------------------------------------------- */

static void admit(struct feed *feed, struct stream *stream)
{
	unsigned retry = RETRY_LEAST_MS + (unsigned)(feed->streams->opened * 137 % RETRY_SPREAD_MS);
	bool is_new = !stream->asked.data;

	if (!feed->knows_end || feed->fails) {
		stream_answer(stream, HUB_UNAVAILABLE);
		return;
	}
	stream_answer(stream, HUB_ADMITTED);
	stream->position = feed->end;
	sse_begin(begin_text(feed, stream->user_id), retry, is_new ? &feed->end : NULL);
	stream_put(stream, feed->text);
	if (stream->state == STREAM_CLOSED)
		return;
	if (is_new)
		stream_set_state(stream, STREAM_LIVE);
	else if (sse_read_position(stream->asked, &stream->position))
		stream_set_state(stream, STREAM_REPLAYING);
	else
		reset(feed, stream);
}

struct replay {
	struct buffer *text;
	size_t most; /* bytes of it */
	int64_t user_id;
	size_t events;
	bool is_full;
};

static bool collect(void *context, const struct dm_event *event)
{
	struct replay *replay = context;

	if (!is_hidden_for(event, replay->user_id)) {
		sse_message(replay->text, event, replay->user_id);
		replay->events++;
	}
	replay->is_full = replay->text->failed || replay->text->length >= replay->most;
	return !replay->is_full;
}

/* Sends a piece of the log; then the stream is live, or has to wait until its client has taken it, or goes on. */
static void replay(struct feed *feed, struct stream *stream)
{
	size_t most = feed->streams->options->queue_bytes / 2;
	struct replay replay = {.text = begin_text(feed, stream->user_id),
				.most = most < PIECE_BYTES ? most : PIECE_BYTES,
				.user_id = stream->user_id};
	struct dm_operation operation = {.kind = DM_OP_EVENTS,
					 .user_id = stream->user_id,
					 .event = stream->position,
					 .page = {.limit = PIECE, .bytes = replay.most},
					 .on_event = collect,
					 .context = &replay};
	bool reached_end;

	run(feed, &operation);
	if (operation.status == DM_NOT_FOUND)
		reset(feed, stream);
	if (operation.status != DM_OK)
		return;
	stream->position = operation.event;
	feed->streams->dispatched += replay.events;
	reached_end = operation.count < PIECE && !operation.flag && !replay.is_full &&
		      !is_after(&feed->end, &stream->position);
	stream_set_state(stream, reached_end ? STREAM_LIVE : STREAM_PAUSED);
	stream_put(stream, feed->text);
}

static void work_on_streams(struct feed *feed)
{
	struct stream_list *working = &feed->streams->working;

	for (int i = 0; i < STREAMS_A_ROUND && !TAILQ_EMPTY(working); i++) {
		struct stream *stream = TAILQ_FIRST(working);

		TAILQ_REMOVE(working, stream, working);
		TAILQ_INSERT_TAIL(working, stream, working);
		if (stream->state == STREAM_JOINING)
			admit(feed, stream);
		else if (feed->knows_end && !feed->fails)
			replay(feed, stream);
	}
}

/* ---- heartbeats ---------------------------------------------------------------------------------------------- */

/* Whether the user may still listen; a database that can't tell says nothing against it. */
static bool may_listen(struct feed *feed, struct span key)
{
	struct dm_operation operation = {.kind = DM_OP_AUTHENTICATE, .partner_id = -1, .text = {key.data, key.length}};

	if (feed->fails)
		return true;
	run(feed, &operation);
	return operation.status != DM_NOT_FOUND && operation.status != DM_INACTIVE;
}

static void beat(struct feed *feed, struct stream *stream)
{
	const struct dm_event_position *position = &stream->position;

	if (!may_listen(feed, stream->key)) {
		stream_end(stream);
		return;
	}
	if (stream->queue.waiting > 0) { /* what waits there is sign of life enough, if the client takes it */
		if (stream->is_stuck)
			stream_drop(stream);
		stream->is_stuck = true;
		return;
	}
	if (is_after(&feed->end, position))
		position = &feed->end;
	sse_heartbeat(begin_text(feed, stream->user_id), stream->state == STREAM_LIVE ? position : NULL);
	stream_put(stream, feed->text);
}

static void beat_some(struct feed *feed)
{
	struct streams *streams = feed->streams;
	int64_t now = clock_monotonic();

	dm_begin_reads(feed->handle);
	for (int i = 0; i < STREAMS_A_ROUND; i++) {
		struct stream *stream = TAILQ_FIRST(&streams->beating);

		if (!stream || stream->beat_at > now)
			break;
		TAILQ_REMOVE(&streams->beating, stream, beating);
		TAILQ_INSERT_TAIL(&streams->beating, stream, beating);
		stream->beat_at = now + streams->options->heartbeat_seconds * INT64_C(1000000);
		beat(feed, stream);
	}
	dm_end_reads(feed->handle);
}

/* ---- rounds -------------------------------------------------------------------------------------------------- */

void feed_round(struct feed *feed)
{
	if (feed->streams->open == 0) {
		feed->knows_end = false;
		return;
	}
	feed->fails = false;
	read_end(feed);
	work_on_streams(feed);
	beat_some(feed);
	text_drop(feed->text);
	feed->text = NULL;
	if (feed->has_failed && !feed->fails) {
		log_line(LOG_INFO, "the event log can be read again");
		feed->has_failed = false;
	}
}

bool feed_is_busy(const struct feed *feed)
{
	return !feed->fails && !TAILQ_EMPTY(&feed->streams->working);
}
