/* SPDX-License-Identifier: MIT */
/* worker.h - what the files of the webhooks' worker share: its state, its endpoints, its deliveries. */
#ifndef WORKER_H
#define WORKER_H

#include "buffer.h"
#include "webhooks.h"

#include <pthread.h>
#include <stdatomic.h>

/* An endpoint, as the last look at the database saw it. Kept while a claim or an attempt needs it. */
struct endpoint {
	struct endpoint *next;
	int64_t id;
	char *url, *secret, *old_secret; /* owned; old_secret is "" where there is none */
	int64_t old_secret_until;
	bool is_there; /* the last look saw it, and it is active */
	bool has_new;
	int64_t next_at, last_at;
	bool claiming;        /* a claim is under way */
	int64_t claimed_at;   /* the last one, on the monotonic clock */
	size_t running;       /* attempts under way */
	unsigned failures;    /* in a row */
	int64_t paused_until; /* on the monotonic clock */
};

/* A delivery that was claimed: it is posted, then recorded. */
struct delivery {
	struct delivery *next;
	struct webhooks *webhooks;
	struct endpoint *endpoint; /* NULL once the attempt is over */
	struct dm_delivery row;    /* its texts are in `texts`, but for name and error, which are nowhere */
	struct buffer texts;       /* failed where there was no room for them */
	struct budget_share *share;
	struct post post;
	struct buffer body;
	char name[64];
	char error[POST_ERROR_SIZE];
	struct dm_operation operation; /* of the record */
	struct dm_webhook_call call;
};

struct claim {
	struct claim *next;
	struct endpoint *endpoint;
	struct delivery *deliveries;
	struct webhooks *webhooks;
	struct dm_operation operation;
	struct dm_webhook_call call;
};

struct webhooks {
	dm *handle;
	struct webhooks_options options;
	struct poster *poster; /* NULL until there is an endpoint: libcurl costs memory and files */
	pthread_t thread;
	pthread_cond_t stop; /* of the mutex below: ends the wait of a worker that has no poster */
	atomic_bool stopping;
	atomic_bool woken; /* something is new; set by whoever wakes the worker */
	atomic_bool idle;  /* there is no active endpoint: nobody need be woken */

	pthread_mutex_t mutex;       /* guards these two */
	struct claim *claims;        /* finished */
	struct delivery *unrecorded; /* the store has refused to record them; later again */

	/* The worker's alone. */
	struct endpoint *endpoints;
	int64_t ahead_most; /* see attempts_ahead_most */
	struct delivery *running;
	size_t claims_under_way;
	atomic_size_t records_under_way;        /* or unrecorded */
	int64_t looked_at, look_at;             /* monotonic: the last look, the next at the latest */
	int64_t repeat_at, measure_at, trim_at; /* monotonic: when these are due */
	bool look_failed;                       /* and that was told */
};

/* ---- endpoint.c */

/* Reads the endpoints anew, and when the next look is due. */
void endpoints_look(struct webhooks *webhooks);

/* How many deliveries the endpoint should claim now; *soon becomes true where it should in a few milliseconds. */
size_t endpoint_room(const struct webhooks *webhooks, const struct endpoint *endpoint, int64_t monotonic, bool *soon);

void endpoints_release(struct webhooks *webhooks);

/* ---- delivery.c */

/* Copies the row, but makes no body of it yet: this is called on the lane's thread. NULL where there is no memory. */
MUST_CHECK struct delivery *delivery_new(struct webhooks *webhooks, const struct dm_delivery *row);
void delivery_free(struct delivery *delivery);

enum delivery_body {
	DELIVERY_HAS_BODY,
	DELIVERY_GONE,      /* its message does not exist any more */
	DELIVERY_TOO_LARGE, /* there would not be room for it even alone */
	DELIVERY_LACKS_ROOM /* later there may be */
};

MUST_CHECK enum delivery_body delivery_make_body(struct delivery *delivery);

/* ---- attempt.c */

/* No delivery is due later than so many microseconds from now, unless the clock was set back. */
int64_t attempts_ahead_most(const struct webhooks *webhooks);

/* Begins a claim of up to `room` deliveries. */
void claim_begin(struct webhooks *webhooks, struct endpoint *endpoint, size_t room);

/* Takes over the claims that are finished: starts their attempts, or gives them back when stopping. True if any. */
bool claims_take(struct webhooks *webhooks);

/* Records again what the store has refused to. */
void records_repeat(struct webhooks *webhooks);

/* Ends the attempts that are still under way, and gives their deliveries back. */
void attempts_cancel(struct webhooks *webhooks);

#endif
