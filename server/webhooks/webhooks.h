/* SPDX-License-Identifier: MIT */
/* webhooks.h - the worker that delivers messages to endpoints: a thread that claims, posts, and tells what came of it.
 */
#ifndef WEBHOOKS_H
#define WEBHOOKS_H

#include "directmessages_webhooks.h"
#include "poster.h"
#include "schedule.h"
#include "webhook_counts.h"

struct webhooks;

struct webhooks_options {
	struct poster_options poster;
	struct schedule schedule;
	size_t connections;    /* attempts under way at once, for each endpoint */
	int64_t disable_after; /* microseconds in which nothing was taken until an endpoint is disabled */
	struct webhook_counts *counts;
	struct budget *budget; /* of what is copied and posted */
};

/* NULL where there is no memory or no thread. */
MUST_CHECK struct webhooks *webhooks_start(dm *handle, const struct webhooks_options *options);

/* Claims no more, gives what is under way some seconds, and leaves the rest to others. NULL is fine. */
void webhooks_stop(struct webhooks *webhooks);

#endif
