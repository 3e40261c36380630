/* SPDX-License-Identifier: MIT */
/* readiness.h - whether the database can be worked with: asked of it once a second at most, for all who want to know.
 */
#ifndef READINESS_H
#define READINESS_H

#include "directmessages.h"
#include "exchange.h"

#include <pthread.h>

struct readiness_waiter;

struct readiness {
	dm *handle;
	pthread_mutex_t mutex; /* guards all below; the operation is the store's while it is under way */
	struct dm_operation operation;
	bool is_under_way, is_known;
	int64_t asked_at;
	enum dm_status status; /* what it said last */
	struct readiness_waiter *waiters;
};

void readiness_init(struct readiness *readiness, dm *handle);
void readiness_release(struct readiness *readiness); /* when no request is left */

/* Goes on with `then` when readiness_status is at most a second old. */
enum http_outcome readiness_await(struct exchange *exchange, exchange_step *then);

enum dm_status readiness_status(struct readiness *readiness);

#endif
