/* SPDX-License-Identifier: MIT */
/* signals.c - the receivers of signals: connecting, disconnecting, calling them. */
#include "signals.h"

#include "failure.h"

#include <stdlib.h>

struct receiver {
	struct receiver *next;
	enum dm_signal signal;
	dm_receiver *function;
	void *context;
	bool connected;
	size_t running; /* calls that are under way */
	size_t waiting; /* threads that wait in signals_disconnect for these to end */
};

/* The receivers that run on this thread, innermost first: a receiver may send, which calls receivers again. */
struct frame {
	struct receiver *receiver;
	struct frame *outer;
};
static _Thread_local struct frame *frames;

void signals_init(struct signals *signals)
{
	*signals = (struct signals){.first = NULL};
	pthread_mutex_init(&signals->mutex, NULL);
	pthread_cond_init(&signals->stopped_running, NULL);
}

void signals_release(struct signals *signals)
{
	while (signals->first) {
		struct receiver *receiver = signals->first;

		signals->first = receiver->next;
		free(receiver);
	}
	pthread_cond_destroy(&signals->stopped_running);
	pthread_mutex_destroy(&signals->mutex);
}

/* The link of the list that points to the connected receiver, or the last link (NULL). */
static struct receiver **find(struct signals *signals, enum dm_signal signal, dm_receiver *function, void *context)
{
	struct receiver **place = &signals->first;

	while (*place && !((*place)->connected && (*place)->signal == signal && (*place)->function == function &&
			   (*place)->context == context))
		place = &(*place)->next;
	return place;
}

/* Frees a disconnected receiver as soon as no call of it is under way and nobody waits for it. */
static void drop_if_unused(struct signals *signals, struct receiver *receiver)
{
	struct receiver **place = &signals->first;

	if (receiver->connected || receiver->running > 0 || receiver->waiting > 0)
		return;
	while (*place != receiver)
		place = &(*place)->next;
	*place = receiver->next;
	free(receiver);
}

enum dm_status signals_connect(struct signals *signals, enum dm_signal signal, dm_receiver *function, void *context,
			       struct dm_error *error)
{
	struct receiver *receiver = malloc(sizeof(*receiver));
	struct receiver **place;

	if (!receiver)
		return fail(error, DM_NO_MEMORY, "out of memory");
	*receiver = (struct receiver){.signal = signal, .function = function, .context = context, .connected = true};
	pthread_mutex_lock(&signals->mutex);
	place = find(signals, signal, function, context);
	if (*place) {
		pthread_mutex_unlock(&signals->mutex);
		free(receiver);
		return fail(error, DM_EXISTS, "this receiver is already connected; disconnect it first");
	}
	*place = receiver;
	atomic_fetch_add(&signals->counts[signal], 1);
	pthread_mutex_unlock(&signals->mutex);
	return DM_OK;
}

static size_t calls_of_this_thread(const struct receiver *receiver)
{
	size_t calls = 0;

	for (struct frame *frame = frames; frame; frame = frame->outer)
		calls += frame->receiver == receiver;
	return calls;
}

bool signals_disconnect(struct signals *signals, enum dm_signal signal, dm_receiver *function, void *context)
{
	struct receiver *receiver;

	pthread_mutex_lock(&signals->mutex);
	receiver = *find(signals, signal, function, context);
	if (receiver) {
		size_t own = calls_of_this_thread(receiver);

		receiver->connected = false;
		atomic_fetch_sub(&signals->counts[signal], 1);
		receiver->waiting++;
		while (receiver->running > own)
			pthread_cond_wait(&signals->stopped_running, &signals->mutex);
		receiver->waiting--;
		drop_if_unused(signals, receiver);
	}
	pthread_mutex_unlock(&signals->mutex);
	return receiver != NULL;
}

bool signals_has_receivers(const struct signals *signals, enum dm_signal signal)
{
	return atomic_load(&signals->counts[signal]) > 0;
}

/* Calls one receiver, with the mutex unlocked meanwhile, and returns the next one. */
static struct receiver *call(struct signals *signals, struct receiver *receiver, const struct dm_message *message)
{
	struct frame frame = {receiver, frames};
	struct receiver *next;

	receiver->running++;
	pthread_mutex_unlock(&signals->mutex);
	frames = &frame;
	receiver->function(receiver->context, receiver->signal, message, message ? message->sender_id : 0,
			   message ? message->recipient_id : 0);
	frames = frame.outer;
	pthread_mutex_lock(&signals->mutex);
	receiver->running--;
	next = receiver->next;
	if (receiver->waiting > 0)
		pthread_cond_broadcast(&signals->stopped_running);
	drop_if_unused(signals, receiver);
	return next;
}

void signals_emit(struct signals *signals, enum dm_signal signal, const struct dm_message *message)
{
	struct receiver *receiver;

	if (!signals_has_receivers(signals, signal))
		return;
	pthread_mutex_lock(&signals->mutex);
	for (receiver = signals->first; receiver;)
		receiver = receiver->connected && receiver->signal == signal ? call(signals, receiver, message)
									     : receiver->next;
	pthread_mutex_unlock(&signals->mutex);
}
