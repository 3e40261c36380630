/* SPDX-License-Identifier: MIT */
/* directmessages_webhooks.h - the outbox: which endpoints want to hear of messages, and what is still to be delivered.
 *
 * The library keeps the outbox and sends nothing: a worker claims deliveries, makes the HTTP requests and tells how
 * they ended. The program `directmessages` has such a worker. What is delivered comes from the event log, so the
 * database must be opened with record_events by those who write. */
#ifndef DIRECTMESSAGES_WEBHOOKS_H
#define DIRECTMESSAGES_WEBHOOKS_H

#include "directmessages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- endpoints ----------------------------------------------------------------------------------------------- */

#define DM_WEBHOOK_EVENT(signal) (1U << (signal))
#define DM_WEBHOOK_ALL_EVENTS (DM_WEBHOOK_EVENT(DM_MESSAGE_SENT) | DM_WEBHOOK_EVENT(DM_MESSAGE_READ))

struct dm_webhook {
	int64_t id;
	struct dm_text url;
	struct dm_text description;
	struct dm_text secret;     /* never to be shown or logged */
	struct dm_text old_secret; /* signs too until old_secret_until; empty where there is none */
	int64_t old_secret_until;
	unsigned events; /* DM_WEBHOOK_EVENT of each that it wants */
	int64_t created_at;
	bool is_active;
	struct dm_text disabled_why; /* empty while active */
	int64_t failing_since;       /* the first failure after the last success; 0: none */
	bool has_new;                /* the event log has grown beyond what it has been given */
	int64_t next_at;             /* when its next delivery is due, or a claim ends; 0: none is waiting */
	int64_t last_at;             /* likewise, of the last of those that wait */
};

typedef bool dm_webhook_row(void *context, const struct dm_webhook *webhook);

struct dm_new_webhook {
	struct dm_text url; /* http:// or https://, at most 2000 bytes of printable ASCII */
	struct dm_text description;
	struct dm_text secret; /* "whsec_" and the base64 of 24 to 64 bytes */
	unsigned events;
};

/* Adds an active endpoint, which hears of what happens from now on. DM_INVALID. */
DM_CHECK enum dm_status dm_webhook_create(dm *handle, const struct dm_new_webhook *webhook, int64_t *id,
					  struct dm_error *error);

/* Every endpoint, ascending by id. */
DM_CHECK enum dm_status dm_webhooks(dm *handle, dm_webhook_row *row, void *context, struct dm_error *error);

/* Removes the endpoint with its deliveries. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_webhook_delete(dm *handle, int64_t webhook_id, struct dm_error *error);

/* Makes a disabled endpoint active again: it hears of what happens from now on. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_webhook_enable(dm *handle, int64_t webhook_id, struct dm_error *error);

/* Replaces the secret; the one before signs too until `old_until`. DM_NOT_FOUND, DM_INVALID. */
DM_CHECK enum dm_status dm_webhook_rotate(dm *handle, int64_t webhook_id, struct dm_text secret, int64_t old_until,
					  struct dm_error *error);

/* ---- deliveries ---------------------------------------------------------------------------------------------- */

enum dm_delivery_state {
	DM_DELIVERY_PENDING,   /* waiting for its next attempt, or claimed by a worker */
	DM_DELIVERY_DELIVERED, /* the endpoint has taken it */
	DM_DELIVERY_FAILED     /* given up */
};

struct dm_delivery {
	int64_t id;
	int64_t webhook_id;
	struct dm_text name; /* "msg_...", unguessable; stays the same over all attempts */
	enum dm_signal signal;
	int64_t message_id;
	int64_t at; /* when the message was sent, or read */
	enum dm_delivery_state state;
	int64_t attempts;     /* begun */
	int64_t next_at;      /* while pending: of the next attempt, or when a claim ends */
	int64_t finished_at;  /* 0 while pending */
	int64_t http_status;  /* of the last answer; 0: none came */
	struct dm_text error; /* why the last attempt failed; empty: it did not */

	/* Only of those that were claimed; message.id is 0 where the message, or one of its users, is gone. */
	struct dm_message message; /* as it was then: of DM_MESSAGE_SENT read_at is DM_UNREAD */
	struct dm_user from_user, to;
};

typedef bool dm_delivery_row(void *context, const struct dm_delivery *delivery);

#define DM_ANY_STATE (-1)

/* The deliveries that there are, of one endpoint or of all (0), in one dm_delivery_state or DM_ANY_STATE, newest first;
 * limit 0 means all. Those that are finished are kept for some days: see dm_deliveries_trim. */
DM_CHECK enum dm_status dm_deliveries(dm *handle, int64_t webhook_id, int state, size_t limit, dm_delivery_row *row,
				      void *context, struct dm_error *error);

/* Begins a finished delivery anew, at once. DM_NOT_FOUND: there is none, or it is not finished. DM_INVALID: its
 * endpoint is disabled. */
DM_CHECK enum dm_status dm_delivery_retry(dm *handle, int64_t delivery_id, struct dm_error *error);

/* Removes what was finished before the time, and what is finished and not among the newest `keep` (0: no such limit).
 */
DM_CHECK enum dm_status dm_deliveries_trim(dm *handle, int64_t before, size_t keep, int64_t *removed,
					   struct dm_error *error);

/* How much waits to be delivered to active endpoints. */
struct dm_outbox {
	int64_t pending;   /* deliveries that are waiting or under way */
	int64_t behind;    /* places of the event log that endpoints have not been given yet */
	int64_t oldest_at; /* when the oldest of all these happened; 0: nothing waits */
};
DM_CHECK enum dm_status dm_outbox_state(dm *handle, struct dm_outbox *outbox, struct dm_error *error);

/* ---- what a worker does: operations (dm_submit) --------------------------------------------------------------- */

enum dm_delivery_outcome {
	DM_OUTCOME_DELIVERED,
	DM_OUTCOME_RETRY,   /* it failed; again at next_at */
	DM_OUTCOME_FAILED,  /* it failed, and is given up */
	DM_OUTCOME_GONE,    /* as FAILED, and the endpoint wants no more: it is disabled */
	DM_OUTCOME_RELEASED /* it was not tried: the claim is undone */
};

/* Arguments and results of these kinds:
 *
 * DM_OP_WEBHOOK_CREATE    new_webhook -> the operation's count: the id
 * DM_OP_WEBHOOKS          -> on_webhook
 * DM_OP_WEBHOOK_DELETE    webhook_id; DM_NOT_FOUND
 * DM_OP_WEBHOOK_ENABLE    webhook_id; DM_NOT_FOUND
 * DM_OP_WEBHOOK_ROTATE    webhook_id, new_webhook: its secret, until; DM_NOT_FOUND, DM_INVALID
 * DM_OP_DELIVERIES        webhook_id, state, limit -> on_delivery
 * DM_OP_DELIVERIES_CLAIM  webhook_id, limit, until, ahead -> on_delivery; see below
 * DM_OP_DELIVERY_RECORD   webhook_id, delivery_id, and what stands below it -> count: 1 if it disabled the endpoint
 * DM_OP_DELIVERY_RETRY    delivery_id; DM_NOT_FOUND, DM_INVALID
 * DM_OP_DELIVERIES_TRIM   delivery_id: look at some behind this one (0: from the start), until, limit: keep
 *                         -> count: removed, delivery_id: where to go on; 0: that was all
 * DM_OP_OUTBOX            -> outbox
 *
 * A claim gives the caller up to `limit` deliveries (1,000 at most) that are due, made from the event log where need
 * be; nobody else gets them before `until`. What is to come later than in `ahead` microseconds (0: whatever its time
 * is) is due too: the clock was set back since. None of an endpoint that is disabled or gone. on_delivery is called
 * before the commit, so they are the caller's only if the operation ends with DM_OK; false means no memory.
 */
struct dm_webhook_call {
	int64_t webhook_id;
	int64_t delivery_id;
	const struct dm_new_webhook *new_webhook;
	int64_t until;
	int64_t ahead;
	int state;
	size_t limit;
	dm_webhook_row *on_webhook;
	dm_delivery_row *on_delivery;
	struct dm_outbox *outbox;

	/* DM_OP_DELIVERY_RECORD */
	enum dm_delivery_outcome outcome;
	int64_t attempt; /* `attempts` when it was claimed: a claim that was lost meanwhile records no failure */
	int64_t next_at;
	int64_t http_status;
	struct dm_text error;
	int64_t disable_before; /* FAILED: disables an endpoint that has been failing since before this; 0: never */
	struct dm_text disabled_why; /* what is noted then, and after GONE */
};

#ifdef __cplusplus
}
#endif

#endif
