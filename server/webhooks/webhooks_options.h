/* SPDX-License-Identifier: MIT */
/* webhooks_options.h - the settings of the webhook worker. */
#ifndef WEBHOOKS_OPTIONS_H
#define WEBHOOKS_OPTIONS_H

#include "poster.h"
#include "schedule.h"
#include "webhook_counts.h"

struct webhooks_options {
	struct poster_options poster;
	struct schedule schedule;
	size_t max_connections; /* requests under way at once, for each endpoint */
	int64_t disable_after;  /* microseconds without a success after which an endpoint is disabled */
	struct webhook_counts *counts;
	struct budget *budget; /* counts the copies of messages and the request bodies */
};

#endif
