/* SPDX-License-Identifier: MIT */
/* hub.c - the thread of the event streams: what wakes it, and what others tell it. */
#include "hub.h"

#include "clock.h"
#include "feed.h"
#include "stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define POLL_MICROSECONDS 250000 /* another process may write to the log without a word */
#define TRIM_SECONDS 60
#define SECOND INT64_C(1000000)
#define SOCKETS_AT_ONCE 64

struct hub {
	struct hub_options options;
	pthread_t thread;
	int wakeup;            /* an eventfd */
	atomic_bool awake;     /* it was written to */
	pthread_mutex_t mutex; /* guards all up to the next comment */
	struct stream *first_mail, **last_mail;
	bool ending;                  /* no stream is open any more */
	bool stopping;                /* and the thread ends */
	bool trims;                   /* `trimming` is under way */
	bool trims_again;             /* there is more to trim */
	pthread_cond_t trimmed;       /* it is under way no more */
	struct dm_operation trimming; /* whose it is while it is under way */

	/* The thread's own, but for the counts: */
	struct streams streams;
	struct feed feed;
	int64_t trim_at;
};

/* ---- from other threads -------------------------------------------------------------------------------------- */

static void wake(struct hub *hub)
{
	if (!atomic_exchange(&hub->awake, true))
		eventfd_write(hub->wakeup, 1);
}

static void tell(struct stream *stream, enum stream_news news)
{
	struct hub *hub = stream->hub;

	stream->news = news;
	stream->next_of_mail = NULL;
	pthread_mutex_lock(&hub->mutex);
	*hub->last_mail = stream;
	hub->last_mail = &stream->next_of_mail;
	pthread_mutex_unlock(&hub->mutex);
	wake(hub);
}

/* The request gives its socket away. */
static void take_socket(void *context, int socket, struct span head)
{
	struct stream *stream = context;

	stream->given_socket = socket;
	buffer_append_span(&stream->head, head);
	tell(stream, STREAM_HAS_SOCKET);
}

/* Or it has ended before that. */
static void have_no_socket(void *context)
{
	struct stream *stream = context;

	if (stream->answer == HUB_ADMITTED)
		tell(stream, STREAM_HAS_NONE);
	else
		free(stream);
}

/* Copies the text into the room behind the stream. */
static struct span put(char **room, struct span text)
{
	struct span copy = {*room, text.length};

	if (text.length > 0)
		memcpy(*room, text.data, text.length);
	*room += text.length;
	return copy;
}

bool hub_ask(struct hub *hub, struct request *request, const struct hub_visitor *visitor)
{
	struct stream *stream =
		malloc(sizeof(*stream) + visitor->key.length + visitor->position.length + request->path.length);
	char *room;

	if (!stream)
		return false;
	room = stream->text;
	*stream = (struct stream){.hub = hub,
				  .request = request,
				  .socket = -1,
				  .user_id = visitor->user_id,
				  .state = STREAM_JOINING,
				  .in_chunks = request->takes_chunks};
	buffer_init(&stream->head, SIZE_MAX);
	text_queue_init(&stream->queue);
	stream->key = put(&room, visitor->key);
	if (visitor->has_position)
		stream->asked = put(&room, visitor->position);
	stream->path = put(&room, request->path);
	request->detach = (struct http_detach){take_socket, have_no_socket, stream};
	tell(stream, STREAM_ASKS);
	return true;
}

enum hub_answer hub_answer_to(const struct request *request)
{
	const struct stream *stream = request->detach.context;

	return stream->answer;
}

void hub_count(struct hub *hub, struct hub_counts *counts)
{
	counts->open = hub->streams.open;
	counts->opened = hub->streams.opened;
	counts->dropped = hub->streams.dropped;
	counts->dispatched = hub->streams.dispatched;
}

/* By the library, after each commit that has added to the log. */
static void on_recorded(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			int64_t to)
{
	struct hub *hub = context;

	(void)signal, (void)message, (void)from_user, (void)to;
	if (hub->streams.open > 0)
		wake(hub);
}

/* ---- what the thread hears ----------------------------------------------------------------------------------- */

static void hear(struct hub *hub, struct stream *stream, bool ending)
{
	enum hub_answer answer = HUB_UNAVAILABLE;

	if (stream->news == STREAM_ASKS) {
		if (!ending)
			answer = streams_add(&hub->streams, stream);
		if (answer != HUB_ADMITTED)
			stream_answer(stream, answer);
		return;
	}
	stream->awaits_socket = false;
	if (stream->state != STREAM_CLOSED && stream->news == STREAM_HAS_SOCKET)
		stream_attach(stream, stream->given_socket);
	else if (stream->news == STREAM_HAS_SOCKET)
		close(stream->given_socket);
	else
		stream_close(stream);
}

static void close_all(struct hub *hub)
{
	while (!TAILQ_EMPTY(&hub->streams.working)) {
		struct stream *stream = TAILQ_FIRST(&hub->streams.working);

		if (stream->state == STREAM_JOINING)
			stream_answer(stream, HUB_UNAVAILABLE);
		else
			stream_end(stream);
	}
	while (!TAILQ_EMPTY(&hub->streams.beating))
		stream_end(TAILQ_FIRST(&hub->streams.beating));
}

/* Reads the mail; false where the thread is to end. */
static bool read_mail(struct hub *hub)
{
	struct stream *stream, *next;
	bool ending, stopping;

	pthread_mutex_lock(&hub->mutex);
	stream = hub->first_mail;
	hub->first_mail = NULL;
	hub->last_mail = &hub->first_mail;
	ending = hub->ending;
	stopping = hub->stopping;
	pthread_mutex_unlock(&hub->mutex);
	for (; stream; stream = next) {
		next = stream->next_of_mail;
		hear(hub, stream, ending);
	}
	if (ending)
		close_all(hub);
	return !stopping;
}

/* What clients say is not listened to; where they hang up the stream ends. */
static void hear_client(struct stream *stream, uint32_t events)
{
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		stream_close(stream);
	else
		stream_flush(stream);
}

/* ---- the thread ---------------------------------------------------------------------------------------------- */

/* On any thread. */
static void have_trimmed(struct dm_operation *operation)
{
	struct hub *hub = operation->context;

	pthread_mutex_lock(&hub->mutex);
	hub->trims = false;
	hub->trims_again = operation->status == DM_OK && operation->count > 0;
	if (hub->trims_again)
		wake(hub);
	pthread_cond_signal(&hub->trimmed);
	pthread_mutex_unlock(&hub->mutex);
}

/* Begins to, and does not wait: a write may take long, and streams must go on. */
static void trim(struct hub *hub)
{
	bool is_due;

	pthread_mutex_lock(&hub->mutex);
	is_due = !hub->trims && (hub->trims_again || clock_monotonic() >= hub->trim_at);
	hub->trims = hub->trims || is_due;
	pthread_mutex_unlock(&hub->mutex);
	if (!is_due)
		return;
	hub->trim_at = clock_monotonic() + TRIM_SECONDS * SECOND;
	hub->trimming = (struct dm_operation){.kind = DM_OP_EVENTS_TRIM,
					      .page = {.position = clock_now() - hub->options.keep_seconds * SECOND,
						       .limit = hub->options.keep_events},
					      .done = have_trimmed,
					      .context = hub};
	dm_submit(hub->options.handle, &hub->trimming);
}

/* The operation is the hub's memory. */
static void wait_for_trim(struct hub *hub)
{
	pthread_mutex_lock(&hub->mutex);
	while (hub->trims)
		pthread_cond_wait(&hub->trimmed, &hub->mutex);
	pthread_mutex_unlock(&hub->mutex);
}

/* How long to wait if nothing is heard, in milliseconds. */
static int patience(const struct hub *hub)
{
	const struct stream *first = TAILQ_FIRST(&hub->streams.beating);
	int64_t now = clock_monotonic(), until = hub->trim_at;

	if (feed_is_busy(&hub->feed))
		return 0;
	if (hub->streams.open > 0 && now + POLL_MICROSECONDS < until)
		until = now + POLL_MICROSECONDS;
	if (first && first->beat_at < until)
		until = first->beat_at;
	return until > now ? (int)((until - now + 999) / 1000) : 0;
}

static void wait_for_work(struct hub *hub)
{
	struct epoll_event events[SOCKETS_AT_ONCE];
	int count = epoll_wait(hub->streams.epoll, events, SOCKETS_AT_ONCE, patience(hub));
	eventfd_t value;

	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr) {
			hear_client(events[i].data.ptr, events[i].events);
		} else {
			eventfd_read(hub->wakeup, &value);
			atomic_store(&hub->awake, false);
		}
	}
}

static void *hub_main(void *argument)
{
	struct hub *hub = argument;

	while (read_mail(hub)) {
		feed_round(&hub->feed);
		trim(hub);
		streams_reap(&hub->streams);
		wait_for_work(hub);
	}
	streams_reap(&hub->streams);
	wait_for_trim(hub);
	return NULL;
}

/* ---- its life ------------------------------------------------------------------------------------------------ */

static bool listen_to_wakeup(struct hub *hub)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	hub->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return hub->wakeup >= 0 && epoll_ctl(hub->streams.epoll, EPOLL_CTL_ADD, hub->wakeup, &event) == 0;
}

static void release(struct hub *hub)
{
	if (hub->wakeup >= 0)
		close(hub->wakeup);
	feed_release(&hub->feed);
	streams_release(&hub->streams);
	pthread_cond_destroy(&hub->trimmed);
	pthread_mutex_destroy(&hub->mutex);
	free(hub);
}

struct hub *hub_start(const struct hub_options *options)
{
	struct hub *hub = calloc(1, sizeof(*hub));

	if (!hub)
		return NULL;
	hub->options = *options;
	hub->last_mail = &hub->first_mail;
	hub->wakeup = -1;
	pthread_mutex_init(&hub->mutex, NULL);
	pthread_cond_init(&hub->trimmed, NULL);
	feed_init(&hub->feed, options->handle, &hub->streams);
	if (streams_init(&hub->streams, &hub->options) && listen_to_wakeup(hub) &&
	    dm_connect(options->handle, DM_EVENTS_RECORDED, on_recorded, hub, NULL) == DM_OK) {
		if (pthread_create(&hub->thread, NULL, hub_main, hub) == 0)
			return hub;
		dm_disconnect(options->handle, DM_EVENTS_RECORDED, on_recorded, hub);
	}
	release(hub);
	return NULL;
}

static void raise_flag(struct hub *hub, bool *flag)
{
	pthread_mutex_lock(&hub->mutex);
	*flag = true;
	pthread_mutex_unlock(&hub->mutex);
	wake(hub);
}

void hub_end_streams(struct hub *hub)
{
	raise_flag(hub, &hub->ending);
}

void hub_free(struct hub *hub)
{
	dm_disconnect(hub->options.handle, DM_EVENTS_RECORDED, on_recorded, hub);
	raise_flag(hub, &hub->stopping);
	pthread_join(hub->thread, NULL);
	release(hub);
}
