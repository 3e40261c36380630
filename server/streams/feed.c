/* SPDX-License-Identifier: MIT */
/* feed.c - reads the event log and puts events into the streams.
 *
 * A stream with a position first reads the event log by itself, piece by piece. This thread alone moves the end that
 * the live streams share, so a replaying stream that reaches the end becomes live without losing or repeating an event.
 */
#include "feed.h"

#include "clock.h"
#include "log.h"
#include "random.h"
#include "sse.h"

/* How much of the event log one read returns: rows, and bytes of content (a single event may be larger). */
#define PIECE_EVENTS 500
#define PIECE_BYTES (1 << 20)

/* Between two reads for the live streams. Each commit of any server wakes all servers: under load one read gives the
 * events of many commits. */
#define READ_PAUSE_US 20000

/* How many streams are advanced, or get a heartbeat, before the end of the event log is read again. */
#define STREAMS_PER_ROUND 64

/* When a client reconnects: RECONNECT_MS plus up to RECONNECT_SPREAD_MS, so that not all come at once. */
#define RECONNECT_MS 1000
#define RECONNECT_SPREAD_MS 2000

void feed_init(struct feed *feed, dm *handle, struct streams *streams)
{
	feed->handle = handle;
	feed->streams = streams;
	buffer_init(&feed->nowhere, 0);
}

void feed_release(struct feed *feed)
{
	text_release(feed->text);
}

/* ---- helpers ------------------------------------------------------------------------------------------------- */

static bool is_after(const struct dm_event_position *a, const struct dm_event_position *b)
{
	return a->transaction != b->transaction ? a->transaction > b->transaction : a->id > b->id;
}

/* A user who has hidden a message hears no more of it, but that. */
static bool is_hidden_for(const struct dm_event *event, int64_t user_id)
{
	if (event->only_for != 0)
		return event->only_for != user_id;
	return user_id == event->message.recipient_id ? event->hidden_for_recipient : event->hidden_for_sender;
}

/* Where to write a text for the user's streams; feed->text is then that text, or NULL. */
static struct buffer *begin_text(struct feed *feed, int64_t user_id)
{
	feed->text = text_renew(feed->text, budget_share(feed->streams->options->budget, user_id));
	return feed->text ? &feed->text->bytes : &feed->nowhere;
}

/* Runs a read of the database. The first failure is logged. After a failure the rest of the round reads nothing, since
 * each read may take as long as the store's timeout, and nobody is admitted meanwhile. */
static void run(struct feed *feed, struct dm_operation *operation)
{
	dm_run(feed->handle, operation);
	if (operation->status == DM_OK || operation->status == DM_NOT_FOUND)
		return;
	if (!feed->failure_logged)
		log_line(LOG_WARNING, "cannot read the event log: %s", operation->error.message);
	feed->failure_logged = feed->failed_this_round = true;
}

/* ---- live streams -------------------------------------------------------------------------------------------- */

/* Puts the event into each live stream of the user. */
static void dispatch(struct feed *feed, const struct dm_event *event, int64_t user_id)
{
	struct stream *stream = streams_bucket(feed->streams, user_id), *next;
	struct buffer *text = NULL;

	for (; stream; stream = next) {
		next = stream->next_of_bucket;
		if (stream->user_id != user_id || stream->state != STREAM_LIVE ||
		    !is_after(&event->position, &stream->position))
			continue;
		if (!text) {
			text = begin_text(feed, user_id);
			sse_event(text, &feed->key, event, user_id);
		}
		stream_put(stream, feed->text);
		feed->streams->dispatched++;
	}
}

static bool on_new_event(void *context, const struct dm_event *event)
{
	const int64_t users[] = {event->message.sender_id, event->message.recipient_id};

	for (size_t i = 0; i < (users[0] == users[1] ? 1 : 2); i++)
		if (!is_hidden_for(event, users[i]))
			dispatch(context, event, users[i]);
	return true;
}

static void read_newest(struct feed *feed)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS_NEWEST};

	run(feed, &operation);
	feed->knows_end = operation.status == DM_OK;
	if (!feed->knows_end)
		return;
	feed->end = operation.events_newest.position;
	position_key_set(&feed->key, operation.events_newest.position_key);
}

/* Tells the client that events before this point may be missing; the stream continues at the end of the event log. */
static void reset(struct feed *feed, struct stream *stream)
{
	sse_reset(begin_text(feed, stream->user_id), &feed->key, &feed->end);
	stream->position = feed->end;
	stream_set_state(stream, STREAM_LIVE);
	stream_put(stream, feed->text);
}

/* After the event at feed->end was removed from the event log: nobody knows what followed it. Where the new end can't
 * be read, as between two migrations, a later round does it. */
static void reset_live_streams(struct feed *feed)
{
	struct stream *stream, *next;

	read_newest(feed);
	feed->owes_reset = !feed->knows_end;
	for (stream = TAILQ_FIRST(&feed->streams->admitted); feed->knows_end && stream; stream = next) {
		next = TAILQ_NEXT(stream, admitted);
		if (stream->state == STREAM_LIVE)
			reset(feed, stream);
	}
}

static void read_new_events(struct feed *feed)
{
	struct dm_operation operation = {
		.kind = DM_OP_EVENTS,
		.context = feed,
		.events = {
			.limit = PIECE_EVENTS, .max_bytes = PIECE_BYTES, .on_event = on_new_event, .all_kinds = true}};

	if (feed->owes_reset) {
		reset_live_streams(feed);
		return;
	}
	if (!feed->knows_end) {
		read_newest(feed);
		return;
	}
	do {
		operation.events.after = feed->end;
		run(feed, &operation);
		if (operation.status == DM_OK)
			feed->end = operation.events.position;
	} while (operation.status == DM_OK && (operation.events.count == PIECE_EVENTS || operation.events.is_cut));
	if (operation.status == DM_NOT_FOUND)
		reset_live_streams(feed);
}

/* Reads the log, unless it was read a moment ago. Who asks to be admitted has to find its end as it is now. */
static void read_if_due(struct feed *feed)
{
	int64_t now = clock_monotonic();

	feed->owes_read = now < feed->read_at && TAILQ_EMPTY(&feed->streams->pending);
	if (feed->owes_read)
		return;
	feed->read_at = now + READ_PAUSE_US;
	read_new_events(feed);
}

int64_t feed_due_at(const struct feed *feed)
{
	return feed->owes_read ? feed->read_at : INT64_MAX;
}

/* ---- pending streams ----------------------------------------------------------------------------------------- */

/* Random: what a counter gives would tell how many streams were opened. */
static unsigned retry_ms(void)
{
	unsigned spread = 0;

	if (!random_bytes(&spread, sizeof(spread)))
		spread = 0;
	return RECONNECT_MS + spread % RECONNECT_SPREAD_MS;
}

static void admit(struct feed *feed, struct stream *stream)
{
	bool is_new = !stream->asked.data;

	if (!feed->knows_end || feed->failed_this_round) {
		stream_reply(stream, HUB_UNAVAILABLE);
		return;
	}
	stream_reply(stream, HUB_ADMITTED);
	stream->position = feed->end;
	sse_begin(begin_text(feed, stream->user_id), retry_ms(), &feed->key, is_new ? &feed->end : NULL);
	stream_put(stream, feed->text);
	if (stream->state == STREAM_CLOSED)
		return;
	if (is_new)
		stream_set_state(stream, STREAM_LIVE);
	else if (position_parse(&feed->key, stream->asked, &stream->position))
		stream_set_state(stream, STREAM_REPLAYING);
	else
		reset(feed, stream);
}

struct replay {
	struct buffer *text;
	const struct position_key *key;
	size_t max_length; /* bytes; one event may exceed it */
	int64_t user_id;
	size_t events;
	bool is_full;
};

static bool on_replayed_event(void *context, const struct dm_event *event)
{
	struct replay *replay = context;

	if (!is_hidden_for(event, replay->user_id)) {
		sse_event(replay->text, replay->key, event, replay->user_id);
		replay->events++;
	}
	replay->is_full = replay->text->failed || replay->text->length >= replay->max_length;
	return !replay->is_full;
}

/* Puts one piece of the event log into the stream. Then the stream is live if it has reached the end, else it pauses
 * until the client has taken the piece. */
static void replay(struct feed *feed, struct stream *stream)
{
	size_t half_queue = feed->streams->options->max_queue_bytes / 2;
	struct replay replay = {.text = begin_text(feed, stream->user_id),
				.key = &feed->key,
				.max_length = half_queue < PIECE_BYTES ? half_queue : PIECE_BYTES,
				.user_id = stream->user_id};
	struct dm_operation operation = {.kind = DM_OP_EVENTS,
					 .context = &replay,
					 .events = {.user_id = stream->user_id,
						    .after = stream->position,
						    .limit = PIECE_EVENTS,
						    .max_bytes = replay.max_length,
						    .on_event = on_replayed_event,
						    .all_kinds = true}};
	bool reached_end;

	run(feed, &operation);
	if (operation.status == DM_NOT_FOUND)
		reset(feed, stream);
	if (operation.status != DM_OK)
		return;
	stream->position = operation.events.position;
	feed->streams->dispatched += replay.events;
	reached_end = operation.events.count < PIECE_EVENTS && !operation.events.is_cut && !replay.is_full &&
		      !is_after(&feed->end, &stream->position);
	stream_set_state(stream, reached_end ? STREAM_LIVE : STREAM_PAUSED);
	stream_put(stream, feed->text);
}

static void advance_pending(struct feed *feed)
{
	struct stream_list *pending = &feed->streams->pending;

	for (int i = 0; i < STREAMS_PER_ROUND && !TAILQ_EMPTY(pending); i++) {
		struct stream *stream = TAILQ_FIRST(pending);

		TAILQ_REMOVE(pending, stream, pending);
		TAILQ_INSERT_TAIL(pending, stream, pending);
		if (stream->state == STREAM_JOINING)
			admit(feed, stream);
		else if (feed->knows_end && !feed->failed_this_round)
			replay(feed, stream);
	}
}

/* ---- heartbeats ---------------------------------------------------------------------------------------------- */

static void send_heartbeat(struct feed *feed, struct stream *stream)
{
	const struct dm_event_position *position = &stream->position;

	if (stream->expires_at != 0 && stream->expires_at <= clock_monotonic()) {
		stream_end(stream);
		return;
	}
	if (stream->queue.waiting > 0) { /* the client has something to take; that it does shows that it is there */
		if (stream->is_stalled)
			stream_drop(stream);
		stream->is_stalled = true;
		return;
	}
	if (is_after(&feed->end, position))
		position = &feed->end;
	sse_heartbeat(begin_text(feed, stream->user_id), &feed->key, stream->state == STREAM_LIVE ? position : NULL);
	stream_put(stream, feed->text);
}

static void send_due_heartbeats(struct feed *feed)
{
	struct streams *streams = feed->streams;
	int64_t now = clock_monotonic();

	for (int i = 0; i < STREAMS_PER_ROUND; i++) {
		struct stream *stream = TAILQ_FIRST(&streams->admitted);

		if (!stream || stream->heartbeat_at > now)
			break;
		TAILQ_REMOVE(&streams->admitted, stream, admitted);
		stream_set_heartbeat(stream);
		send_heartbeat(feed, stream);
	}
}

/* ---- rounds -------------------------------------------------------------------------------------------------- */

void feed_round(struct feed *feed)
{
	if (feed->streams->open == 0) {
		feed->knows_end = feed->owes_reset = feed->owes_read = false;
		return;
	}
	feed->failed_this_round = false;
	read_if_due(feed);
	advance_pending(feed);
	send_due_heartbeats(feed);
	text_release(feed->text);
	feed->text = NULL;
	if (feed->failure_logged && !feed->failed_this_round) {
		log_line(LOG_INFO, "reading the event log works again");
		feed->failure_logged = false;
	}
}

bool feed_is_busy(const struct feed *feed)
{
	return !feed->failed_this_round && !TAILQ_EMPTY(&feed->streams->pending);
}
