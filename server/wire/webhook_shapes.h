/* SPDX-License-Identifier: MIT */
/* webhook_shapes.h - endpoints and deliveries as administration shows them, and what their events and states are
 * called.
 */
#ifndef WEBHOOK_SHAPES_H
#define WEBHOOK_SHAPES_H

#include "attributes.h"
#include "buffer.h"
#include "directmessages.h"
#include "span.h"

/* The events that an endpoint may want. */
#define WEBHOOK_EVENTS 3
struct webhook_event {
	const char *name, *type; /* the signal's, and the one in a delivery's body */
	unsigned event;
};
extern const struct webhook_event webhook_events[WEBHOOK_EVENTS];

/* The event of this name or type, a DM_WEBHOOK_EVENT; 0: there is none. */
unsigned webhook_event_named(struct span name);

const char *webhook_state(const struct dm_webhook *webhook);      /* "active", "failing" or "disabled" */
const char *delivery_type(const struct dm_delivery *delivery);    /* "message.sent", ... */
extern const char *const delivery_states[DM_DELIVERY_FAILED + 1]; /* by state, from DM_DELIVERY_PENDING */

/* Gives the state of this name. False: there is none. */
MUST_CHECK bool delivery_state_named(struct span name, enum dm_delivery_state *state);

/* An endpoint; `secret` NULL: it is not shown. */
void shape_endpoint(struct buffer *out, const struct dm_webhook *webhook, const char *secret);
void shape_delivery(struct buffer *out, const struct dm_delivery *delivery);

/* How many deliveries were requeued, and behind which one to go on; 0: those were all. */
void shape_requeued(struct buffer *out, int64_t requeued, int64_t next_after);

#endif
