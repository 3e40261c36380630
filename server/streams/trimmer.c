/* SPDX-License-Identifier: MIT */
/* trimmer.c - removes old events from the event log, now and then. */
#include "trimmer.h"

#include "clock.h"

#define SECOND INT64_C(1000000)
#define TRIM_EVERY (60 * SECOND)

void trimmer_init(struct trimmer *trimmer, const struct hub_options *options, struct mailbox *mailbox)
{
	*trimmer = (struct trimmer){.options = options, .mailbox = mailbox};
	pthread_mutex_init(&trimmer->mutex, NULL);
	pthread_cond_init(&trimmer->ended, NULL);
}

void trimmer_release(struct trimmer *trimmer)
{
	pthread_cond_destroy(&trimmer->ended);
	pthread_mutex_destroy(&trimmer->mutex);
}

/* On any thread. */
static void on_trimmed(struct dm_operation *operation)
{
	struct trimmer *trimmer = operation->context;

	pthread_mutex_lock(&trimmer->mutex);
	trimmer->is_under_way = false;
	trimmer->has_more = operation->events_trim.removed > 0;
	if (trimmer->has_more)
		mailbox_wake(trimmer->mailbox);
	pthread_cond_signal(&trimmer->ended);
	pthread_mutex_unlock(&trimmer->mutex);
}

void trimmer_run(struct trimmer *trimmer)
{
	const struct hub_options *options = trimmer->options;
	bool is_due;

	pthread_mutex_lock(&trimmer->mutex);
	is_due = !trimmer->is_under_way && (trimmer->has_more || clock_monotonic() >= trimmer->due_at);
	trimmer->is_under_way = trimmer->is_under_way || is_due;
	pthread_mutex_unlock(&trimmer->mutex);
	if (!is_due)
		return;
	trimmer->due_at = clock_monotonic() + TRIM_EVERY;
	trimmer->operation = (struct dm_operation){
		.kind = DM_OP_EVENTS_TRIM,
		.done = on_trimmed,
		.context = trimmer,
		.events_trim = {.before = clock_now() - options->keep_seconds * SECOND, .keep = options->keep_events}};
	dm_submit(options->handle, &trimmer->operation);
}

void trimmer_wait(struct trimmer *trimmer)
{
	pthread_mutex_lock(&trimmer->mutex);
	while (trimmer->is_under_way)
		pthread_cond_wait(&trimmer->ended, &trimmer->mutex);
	pthread_mutex_unlock(&trimmer->mutex);
}
