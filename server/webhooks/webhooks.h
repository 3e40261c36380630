/* SPDX-License-Identifier: MIT */
/* webhooks.h - the webhook worker: a thread that claims deliveries, posts them to endpoints and reports the results. */
#ifndef WEBHOOKS_H
#define WEBHOOKS_H

#include "directmessages.h"
#include "webhooks_options.h"

struct webhooks;

/* Copies the options; borrows the handle, counts and budget. NULL: no memory or no thread. */
MUST_CHECK struct webhooks *webhooks_start(dm *handle, const struct webhooks_options *options);

/* Copies the options, without counts and budget. The worker uses them from its next round on. Callable on any thread.
 */
void webhooks_set_options(struct webhooks *webhooks, const struct webhooks_options *options);

/* Claims no more, waits some seconds for the requests under way, and releases the rest for other workers. NULL is fine.
 */
void webhooks_stop(struct webhooks *webhooks);

#endif
