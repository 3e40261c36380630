/* SPDX-License-Identifier: MIT */
/* readiness.h - whether the database is ready for use. It is asked at most once a second, however many ask us. */
#ifndef READINESS_H
#define READINESS_H

#include "directmessages.h"
#include "exchange.h"

#include <pthread.h>

struct readiness_waiter;

struct readiness {
	dm *handle;
	pthread_mutex_t mutex; /* guards all below; but while is_under_way, the operation belongs to the store */
	struct dm_operation operation;
	bool is_under_way, is_known;
	int64_t asked_at;      /* microseconds, clock_monotonic */
	enum dm_status status; /* of the last check */
	struct readiness_waiter *waiters;
};

void readiness_init(struct readiness *readiness, dm *handle);
void readiness_release(struct readiness *readiness); /* once no request is left */

/* `then` follows when readiness_status is at most a second old. */
enum http_outcome readiness_await(struct readiness *readiness, struct exchange *exchange, exchange_step *then);

enum dm_status readiness_status(struct readiness *readiness);

#endif
