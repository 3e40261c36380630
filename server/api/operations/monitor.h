/* SPDX-License-Identifier: MIT */
/* monitor.h - what the server knows about itself while it serves; all its addresses share one. */
#ifndef MONITOR_H
#define MONITOR_H

#include "budget.h"
#include "http.h"
#include "jwks_counts.h"
#include "readiness.h"
#include "requests.h"
#include "webhook_counts.h"

#include <stdatomic.h>
#include <stdbool.h>

/* How the last reload of the settings went; the start counts as one. */
struct reload_state {
	atomic_bool failed;
	atomic_int_fast64_t succeeded_at; /* microseconds since 1970 */
};

struct monitor {
	int64_t started_at;              /* microseconds since 1970 */
	struct request_counts *requests; /* by the numbers of routes.h */
	size_t routes_count;
	const char *(*route_pattern)(size_t number);
	struct http_counts connections;
	struct webhook_counts *webhooks;
	struct jwks_counts jwks;
	struct budget *budget;
	struct reload_state reload;
	atomic_bool stopping; /* /readyz says so */
	struct readiness readiness;
};

#endif
