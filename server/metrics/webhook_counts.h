/* SPDX-License-Identifier: MIT */
/* webhook_counts.h - the counters of the webhook worker. It writes them; any thread reads them. */
#ifndef WEBHOOK_COUNTS_H
#define WEBHOOK_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

struct webhook_counts {
	_Atomic uint64_t delivered, failed; /* attempts */
	_Atomic uint64_t given_up;          /* deliveries */
	_Atomic uint64_t disabled;          /* endpoints that this server has disabled */

	/* Measured every few seconds: */
	_Atomic int64_t waiting; /* deliveries that are pending or under way, and events not yet made into deliveries */
	_Atomic int64_t oldest_at; /* when the oldest of these happened, microseconds since 1970; 0: there is none */
};

#endif
