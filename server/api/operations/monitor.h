/* SPDX-License-Identifier: MIT */
/* monitor.h - what the server knows about itself while it serves; all its addresses share one. */
#ifndef MONITOR_H
#define MONITOR_H

#include "budget.h"
#include "http.h"
#include "readiness.h"
#include "requests.h"
#include "webhook_counts.h"

#include <stdatomic.h>
#include <stdbool.h>

struct monitor {
	int64_t started_at;              /* microseconds since 1970 */
	struct request_counts *requests; /* by the numbers of routes.h */
	size_t routes_count;
	const char *(*route_pattern)(size_t number);
	struct http_counts connections;
	struct webhook_counts *webhooks;
	struct budget *budget;
	atomic_bool stopping; /* /readyz says so */
	struct readiness readiness;
};

#endif
