/* SPDX-License-Identifier: MIT */
/* worker.h - the state that the files of the webhook worker share. */
#ifndef WORKER_H
#define WORKER_H

#include "buffer.h"
#include "directmessages.h"
#include "webhooks_options.h"

#include <pthread.h>
#include <stdatomic.h>

/* An endpoint as the worker last read it. Kept as long as a claim or an attempt needs it. */
struct endpoint {
	struct endpoint *next;
	int64_t id;
	char *url, *secret, *old_secret; /* owned; old_secret is "" if there is none */
	int64_t old_secret_until;
	bool is_active;           /* it was read last time, and is active */
	bool has_new;             /* the event log holds events that are no deliveries yet */
	int64_t next_at, last_at; /* when the first and the last of its deliveries are due; 0: there is none */
	bool is_claiming;
	int64_t claimed_at;   /* the last claim; monotonic */
	size_t running;       /* attempts under way */
	unsigned failures;    /* in a row */
	int64_t paused_until; /* monotonic */
};

/* A claimed delivery, from the claim until its result is stored. */
struct delivery {
	struct delivery *next;
	struct webhooks *webhooks;
	struct endpoint *endpoint; /* NULL once the attempt is over */
	struct dm_delivery row;    /* its texts are in `texts`; its name and error are not to be used */
	struct buffer texts;       /* failed: there was no room for them */
	struct budget_share *share;
	struct post post;
	struct buffer body;
	char name[64];
	char traceparent[64]; /* of the row; empty: none */
	char error[POST_ERROR_SIZE];
	struct dm_operation operation; /* DM_OP_DELIVERY_RESULT: reports the result */
};

struct claim {
	struct claim *next;
	struct endpoint *endpoint;
	struct delivery *deliveries;
	struct webhooks *webhooks;
	int timeout_ms; /* of a request, as the length of the claim has it; a reload may have raised it since */
	struct dm_operation operation; /* DM_OP_DELIVERIES_CLAIM */
};

/* New ids are larger than all before, so whenever an endpoint goes, the count or the sum is another one. */
struct ids {
	size_t count;
	uint64_t sum;
};

struct webhooks {
	dm *handle;
	struct webhooks_options options;
	struct poster *poster; /* NULL before there is an endpoint: libcurl costs memory and file descriptors */
	pthread_t thread;
	pthread_cond_t stop; /* with `mutex`: wakes a worker that has no poster */
	atomic_bool stopping;
	atomic_bool woken; /* there may be something new; set by whoever wakes the worker */
	atomic_bool idle;  /* no endpoint is active, so the worker need not be woken */

	pthread_mutex_t mutex;       /* guards the following, up to the next blank line */
	struct claim *claims;        /* ended ones */
	struct delivery *unreported; /* whose results the store refused; they are reported again */
	bool has_next_options;
	struct webhooks_options next_options; /* of the worker's next round */

	/* The worker's thread's; times are microseconds, monotonic: */
	struct endpoint *endpoints;
	int64_t max_ahead; /* microseconds; see claim_max_ahead */
	struct delivery *running;
	size_t claims_under_way;
	atomic_size_t reports_under_way; /* or unreported */
	int64_t endpoints_read_at;
	int64_t endpoints_due_at; /* the next reading, at the latest */
	int64_t report_again_at, measure_at, trim_at;
	struct ids ids;      /* of all endpoints, disabled ones too, as they were last read */
	bool has_leftovers;  /* of endpoints that are deleted or disabled: trimming is due, or has failed */
	bool failure_logged; /* the endpoints could not be read, and that was logged */
};

#endif
