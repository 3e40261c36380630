/* SPDX-License-Identifier: MIT */
/* delivery.h - a claimed delivery: a copy of its row, and its request's body. */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "worker.h"

/* Copies the lent row; the body is made later, since this runs on the lane's thread. NULL: no memory. */
MUST_CHECK struct delivery *delivery_new(struct webhooks *webhooks, const struct dm_delivery *row);
void delivery_free(struct delivery *delivery);

enum delivery_body {
	DELIVERY_HAS_BODY,
	DELIVERY_GONE,      /* the message no longer exists */
	DELIVERY_TOO_LARGE, /* larger than the endpoint's share of the budget */
	DELIVERY_LACKS_ROOM /* there is no room now */
};

MUST_CHECK enum delivery_body delivery_make_body(struct delivery *delivery);

#endif
