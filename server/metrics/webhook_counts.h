/* SPDX-License-Identifier: MIT */
/* webhook_counts.h - what the webhooks' worker counts for those who watch it. */
#ifndef WEBHOOK_COUNTS_H
#define WEBHOOK_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

struct webhook_counts {
	_Atomic uint64_t delivered, failed; /* attempts */
	_Atomic uint64_t given_up;          /* deliveries */
	_Atomic uint64_t disabled;          /* endpoints, by this server */
	/* As of some seconds ago: */
	_Atomic int64_t waiting;   /* deliveries that wait or are under way, and events that were not given out yet */
	_Atomic int64_t oldest_at; /* when the oldest of these happened, microseconds since 1970; 0: there is none */
};

#endif
