/* SPDX-License-Identifier: MIT */
/* webhook_shapes.h - endpoints and deliveries as administration shows them, and what their events and states are
 * called.
 */
#ifndef WEBHOOK_SHAPES_H
#define WEBHOOK_SHAPES_H

#include "buffer.h"
#include "directmessages.h"

/* The events that an endpoint may want. */
#define WEBHOOK_EVENTS 2
struct webhook_event {
	const char *name, *type; /* the signal's, and the one in a delivery's body */
	unsigned event;
};
extern const struct webhook_event webhook_events[WEBHOOK_EVENTS];

const char *webhook_state(const struct dm_webhook *webhook); /* "active", "failing" or "disabled" */
const char *delivery_type(const struct dm_delivery *delivery);
extern const char *const delivery_states[DM_DELIVERY_FAILED + 1]; /* by state, from DM_DELIVERY_PENDING */

/* An endpoint; `secret` NULL: it is not shown. */
void shape_endpoint(struct buffer *out, const struct dm_webhook *webhook, const char *secret);
void shape_delivery(struct buffer *out, const struct dm_delivery *delivery);

#endif
