/* SPDX-License-Identifier: MIT */
/* hub.c - the hub: its thread, the mail it handles, its start and its end. */
#include "hub.h"

#include "checker.h"
#include "clock.h"
#include "feed.h"
#include "mailbox.h"
#include "trimmer.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Another process may write to the event log and wakes nobody: while streams are open, the hub looks this often. */
#define POLL_MICROSECONDS 250000
#define MAX_SOCKET_EVENTS 64

struct hub {
	struct hub_options options;
	pthread_t thread;
	struct mailbox mailbox;

	/* The thread's, but for the counts in `streams`: */
	struct streams streams;
	struct feed feed;
	struct trimmer trimmer;
	struct checker checker;
};

/* ---- on other threads ---------------------------------------------------------------------------------------- */

static void on_socket(void *context, int socket, struct span head)
{
	struct stream *stream = context;

	stream->given_socket = socket;
	buffer_append_span(&stream->head, head);
	mailbox_post(stream->mailbox, stream, MAIL_SOCKET);
}

/* The request has ended and gives no socket. */
static void on_no_socket(void *context)
{
	struct stream *stream = context;

	if (stream->reply == HUB_ADMITTED)
		mailbox_post(stream->mailbox, stream, MAIL_NO_SOCKET);
	else
		free(stream);
}

bool hub_ask(struct hub *hub, struct request *request, const struct hub_client *client)
{
	struct stream *stream =
		stream_new(request, client->user_id, client->key, client->has_position ? &client->position : NULL);
	int64_t left = client->expires_at - clock_now();

	if (!stream)
		return false;
	stream->mailbox = &hub->mailbox;
	if (client->expires_at != 0)
		stream->expires_at = clock_monotonic() + (left > 0 ? left : 0);
	request->detach = (struct http_detach){on_socket, on_no_socket, stream};
	mailbox_post(&hub->mailbox, stream, MAIL_ASKS);
	return true;
}

enum hub_reply hub_reply_to(const struct request *request)
{
	const struct stream *stream = request->detach.context;

	return stream->reply;
}

void hub_count(struct hub *hub, struct hub_counts *counts)
{
	counts->open = hub->streams.open;
	counts->opened = hub->streams.opened;
	counts->dropped = hub->streams.dropped;
	counts->dispatched = hub->streams.dispatched;
}

/* Called by the library after each commit that recorded events. */
static void on_recorded(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			int64_t to)
{
	struct hub *hub = context;

	(void)signal, (void)message, (void)from_user, (void)to;
	if (hub->streams.open > 0)
		mailbox_wake(&hub->mailbox);
}

/* ---- mail ---------------------------------------------------------------------------------------------------- */

static void handle_mail(struct hub *hub, struct stream *stream, bool ending)
{
	enum hub_reply reply = HUB_UNAVAILABLE;

	if (stream->mail == MAIL_ASKS) {
		if (!ending)
			reply = streams_add(&hub->streams, stream);
		if (reply != HUB_ADMITTED)
			stream_reply(stream, reply);
		return;
	}
	stream->awaits_socket = false;
	if (stream->state != STREAM_CLOSED && stream->mail == MAIL_SOCKET)
		stream_attach(stream, stream->given_socket);
	else if (stream->mail == MAIL_SOCKET)
		close(stream->given_socket);
	else
		stream_close(stream);
}

static void end_all(struct streams *streams)
{
	while (!TAILQ_EMPTY(&streams->pending)) {
		struct stream *stream = TAILQ_FIRST(&streams->pending);

		if (stream->state == STREAM_JOINING)
			stream_reply(stream, HUB_UNAVAILABLE);
		else
			stream_end(stream);
	}
	while (!TAILQ_EMPTY(&streams->admitted))
		stream_end(TAILQ_FIRST(&streams->admitted));
}

/* False: the thread is to end. */
static bool read_mail(struct hub *hub)
{
	struct mail mail = mailbox_empty(&hub->mailbox);
	struct stream *stream, *next;

	for (stream = mail.first; stream; stream = next) {
		next = stream->next_of_mail;
		handle_mail(hub, stream, mail.ending);
	}
	if (mail.ending)
		end_all(&hub->streams);
	return !mail.stopping;
}

/* ---- the thread ---------------------------------------------------------------------------------------------- */

/* Nothing is read from a client; if it hangs up, its stream ends. */
static void on_socket_events(struct stream *stream, uint32_t events)
{
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		stream_close(stream);
	else
		stream_flush(stream);
}

/* How long epoll may wait if nothing happens, milliseconds. */
static int poll_timeout_ms(const struct hub *hub)
{
	const struct stream *first = TAILQ_FIRST(&hub->streams.admitted);
	int64_t now = clock_monotonic(), until = hub->trimmer.due_at;

	if (feed_is_busy(&hub->feed))
		return 0;
	if (hub->streams.open > 0 && now + POLL_MICROSECONDS < until)
		until = now + POLL_MICROSECONDS;
	if (feed_due_at(&hub->feed) < until)
		until = feed_due_at(&hub->feed);
	if (first && first->heartbeat_at < until)
		until = first->heartbeat_at;
	return until > now ? (int)((until - now + 999) / 1000) : 0;
}

static void wait_for_work(struct hub *hub)
{
	struct epoll_event events[MAX_SOCKET_EVENTS];
	int count = epoll_wait(hub->streams.epoll, events, MAX_SOCKET_EVENTS, poll_timeout_ms(hub));

	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr)
			on_socket_events(events[i].data.ptr, events[i].events);
		else
			mailbox_reset_wakeup(&hub->mailbox);
	}
}

static void *hub_main(void *argument)
{
	struct hub *hub = argument;

	while (read_mail(hub)) {
		feed_round(&hub->feed);
		trimmer_run(&hub->trimmer);
		checker_run(&hub->checker);
		streams_reap(&hub->streams);
		wait_for_work(hub);
	}
	checker_wait(&hub->checker);
	streams_reap(&hub->streams);
	trimmer_wait(&hub->trimmer);
	return NULL;
}

/* ---- start and end ------------------------------------------------------------------------------------------- */

static void release(struct hub *hub)
{
	mailbox_release(&hub->mailbox);
	trimmer_release(&hub->trimmer);
	checker_release(&hub->checker);
	feed_release(&hub->feed);
	streams_release(&hub->streams);
	free(hub);
}

struct hub *hub_start(const struct hub_options *options)
{
	struct hub *hub = calloc(1, sizeof(*hub));
	bool good;

	if (!hub)
		return NULL;
	hub->options = *options;
	feed_init(&hub->feed, options->handle, &hub->streams);
	trimmer_init(&hub->trimmer, &hub->options, &hub->mailbox);
	checker_init(&hub->checker, &hub->options, &hub->streams, &hub->mailbox);
	good = streams_init(&hub->streams, &hub->options);
	good = mailbox_init(&hub->mailbox, hub->streams.epoll) && good;
	if (good && dm_connect(options->handle, DM_EVENTS_RECORDED, on_recorded, hub, NULL) == DM_OK) {
		if (pthread_create(&hub->thread, NULL, hub_main, hub) == 0)
			return hub;
		dm_disconnect(options->handle, DM_EVENTS_RECORDED, on_recorded, hub);
	}
	release(hub);
	return NULL;
}

void hub_end_streams(struct hub *hub)
{
	mailbox_post_ending(&hub->mailbox);
}

void hub_free(struct hub *hub)
{
	dm_disconnect(hub->options.handle, DM_EVENTS_RECORDED, on_recorded, hub);
	mailbox_post_stopping(&hub->mailbox);
	pthread_join(hub->thread, NULL);
	release(hub);
}
