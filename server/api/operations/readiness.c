/* SPDX-License-Identifier: MIT */
/* readiness.c - whether the database is ready for use.
 *
 * Anybody may ask for /readyz and /metrics, and many do at once; the database must not pay for each. */
#include "readiness.h"

#include "clock.h"
#include "log.h"
#include "respond.h"

#define MAX_AGE 1000000 /* microseconds */

struct readiness_waiter { /* in its request's arena */
	struct request *request;
	struct readiness_waiter *next;
};

/* Logs changes, not every check. */
static void log_change(bool was_ready, const struct dm_operation *operation)
{
	if (was_ready && operation->status != DM_OK)
		log_line(LOG_WARNING, "not ready: %s", operation->error.message);
	else if (!was_ready && operation->status == DM_OK)
		log_line(LOG_INFO, "ready again");
}

/* On any thread. The readiness may be gone once the last waiter is woken. */
static void checked(struct dm_operation *operation)
{
	struct readiness *readiness = operation->context;
	struct readiness_waiter *waiter, *next;

	pthread_mutex_lock(&readiness->mutex);
	log_change(readiness->status == DM_OK, operation);
	readiness->status = operation->status;
	readiness->is_under_way = false;
	readiness->is_known = true;
	waiter = readiness->waiters;
	readiness->waiters = NULL;
	pthread_mutex_unlock(&readiness->mutex);
	for (; waiter; waiter = next) {
		next = waiter->next;
		request_wake(waiter->request);
	}
}

/* Called with the mutex. */
static bool is_fresh(const struct readiness *readiness, int64_t now)
{
	return readiness->is_known && !readiness->is_under_way && now - readiness->asked_at < MAX_AGE;
}

/* Called with the mutex. True: the caller is to submit the operation. */
static bool begin(struct readiness *readiness, int64_t now)
{
	if (readiness->is_under_way)
		return false;
	readiness->is_under_way = true;
	readiness->asked_at = now;
	readiness->operation = (struct dm_operation){
		.kind = DM_OP_CHECK_SCHEMA,
		.done = checked,
		.context = readiness,
	};
	return true;
}

enum http_outcome readiness_await(struct readiness *readiness, struct exchange *exchange, exchange_step *then)
{
	struct readiness_waiter *waiter = arena_alloc(&exchange->request->arena, sizeof(*waiter));
	int64_t now = clock_monotonic();
	bool is_ours;

	if (!waiter)
		return respond_no_room(exchange->request);
	pthread_mutex_lock(&readiness->mutex);
	if (is_fresh(readiness, now)) {
		pthread_mutex_unlock(&readiness->mutex);
		return then(exchange);
	}
	exchange_wait_begin(exchange, then);
	*waiter = (struct readiness_waiter){exchange->request, readiness->waiters};
	readiness->waiters = waiter;
	is_ours = begin(readiness, now);
	pthread_mutex_unlock(&readiness->mutex);
	if (is_ours)
		dm_submit(readiness->handle, &readiness->operation);
	return exchange_wait(exchange);
}

enum dm_status readiness_status(struct readiness *readiness)
{
	enum dm_status status;

	pthread_mutex_lock(&readiness->mutex);
	status = readiness->status;
	pthread_mutex_unlock(&readiness->mutex);
	return status;
}

void readiness_init(struct readiness *readiness, dm *handle)
{
	*readiness = (struct readiness){.handle = handle};
	pthread_mutex_init(&readiness->mutex, NULL);
}

void readiness_release(struct readiness *readiness)
{
	pthread_mutex_destroy(&readiness->mutex);
}
