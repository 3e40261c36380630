/* SPDX-License-Identifier: MIT */
/* webhooks.h - the endpoints that want to be told of messages, and the deliveries to them. The rules for all functions
 * are in directmessages.h.
 *
 * The library keeps the outbox and sends nothing. A worker claims deliveries, makes the HTTP requests and reports the
 * results (DM_OP_DELIVERIES_CLAIM, DM_OP_DELIVERY_RESULT); the program `directmessages` has such a worker. Deliveries
 * are made from the event log, so programs that write must open the database with record_events. */
#ifndef DIRECTMESSAGES_WEBHOOKS_H
#define DIRECTMESSAGES_WEBHOOKS_H

#include "core.h"
#include "events.h"
#include "users.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- endpoints ----------------------------------------------------------------------------------------------- */

#define DM_WEBHOOK_EVENT(signal) (1U << (signal))
#define DM_WEBHOOK_ALL_EVENTS \
	(DM_WEBHOOK_EVENT(DM_MESSAGE_SENT) | DM_WEBHOOK_EVENT(DM_MESSAGE_READ) | DM_WEBHOOK_EVENT(DM_MESSAGE_UNREAD))
/* What the commands take where nothing is said. Receivers that were written before know these two alone. */
#define DM_WEBHOOK_DEFAULT_EVENTS (DM_WEBHOOK_EVENT(DM_MESSAGE_SENT) | DM_WEBHOOK_EVENT(DM_MESSAGE_READ))

struct dm_webhook {
	int64_t id;
	struct dm_text url;
	struct dm_text description;
	struct dm_text secret;     /* never to be shown or logged */
	struct dm_text old_secret; /* signs as well until old_secret_until; empty if there is none */
	int64_t old_secret_until;
	unsigned events; /* DM_WEBHOOK_EVENT of each that the endpoint wants */
	int64_t created_at;
	bool is_active;
	struct dm_text disabled_reason; /* empty while active */
	int64_t failing_since;          /* the first failure after the last success; 0: none */
	bool has_new;                   /* the event log holds events that no delivery was made from yet */
	int64_t next_at;                /* when the next of its pending deliveries is due, or a claim ends; 0: none */
	int64_t last_at;                /* the same of the last of them */
};

/* Receives one lent endpoint. Returning false ends the listing early, which is no failure. */
typedef bool dm_webhook_row(void *context, const struct dm_webhook *webhook);

struct dm_new_webhook {
	size_t size;                /* see DM_NEW_WEBHOOK_INIT */
	struct dm_text url;         /* http:// or https://, at most 2000 bytes of printable ASCII */
	struct dm_text description; /* at most 200 characters */
	struct dm_text secret;      /* "whsec_" and the base64 of 24 to 64 bytes */
	unsigned events;            /* DM_WEBHOOK_EVENT of each that it wants, at least one */
};
#define DM_NEW_WEBHOOK_INIT DM_SIZED(struct dm_new_webhook)

/* Adds an active endpoint and gives its id (may be NULL). It gets what happens from now on. DM_INVALID. */
DM_CHECK enum dm_status dm_webhook_create(dm *handle, const struct dm_new_webhook *webhook, int64_t *id,
					  struct dm_error *error);

/* Lends every endpoint to row, ascending by id. */
DM_CHECK enum dm_status dm_webhooks(dm *handle, dm_webhook_row *row, void *context, struct dm_error *error);

/* Lends one endpoint to row. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_webhook_by_id(dm *handle, int64_t webhook_id, dm_webhook_row *row, void *context,
					 struct dm_error *error);

/* What is to be of an endpoint. The limits are those of struct dm_new_webhook. */
struct dm_webhook_change {
	size_t size; /* see DM_WEBHOOK_CHANGE_INIT */
	int64_t webhook_id;
	struct dm_text url;         /* data NULL: as it is. Deliveries that wait go to the new one */
	struct dm_text description; /* data NULL: as it is */
	unsigned events;            /* 0: as they are. They apply to events that have not become deliveries yet */
	enum dm_active active;
	struct dm_text secret; /* data NULL: as it is. The one from before signs as well until the time old_until */
	int64_t old_until;
};
#define DM_WEBHOOK_CHANGE_INIT DM_SIZED(struct dm_webhook_change)

/* Changes an endpoint, all of it in one commit or nothing, and lends it as it is then to row (may be NULL). Making it
 * active is dm_webhook_enable, and making it inactive dm_webhook_disable: what is said there is true here as well.
 * DM_NOT_FOUND, DM_INVALID. */
DM_CHECK enum dm_status dm_webhook_update(dm *handle, const struct dm_webhook_change *change, dm_webhook_row *row,
					  void *context, struct dm_error *error);

/* Deletes the endpoint, then its deliveries, in pieces. DM_NOT_FOUND. DM_OK also if the database fails behind the
 * endpoint: then dm_deliveries_trim deletes the deliveries that are left. */
DM_CHECK enum dm_status dm_webhook_delete(dm *handle, int64_t webhook_id, struct dm_error *error);

/* Makes a disabled endpoint active again: it gets what happens from now on. First its pending deliveries fail, in
 * pieces; after a failure some of them may have failed, and the endpoint is still disabled. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_webhook_enable(dm *handle, int64_t webhook_id, struct dm_error *error);

/* Disables the endpoint: no delivery is made for it any more, and its pending ones fail, some thousand at once, the
 * others by dm_deliveries_trim. An attempt that is under way goes on. It is no failure if the endpoint is disabled
 * already. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_webhook_disable(dm *handle, int64_t webhook_id, struct dm_error *error);

/* Replaces the secret; the old one signs as well until the time `old_until`. DM_NOT_FOUND, DM_INVALID. */
DM_CHECK enum dm_status dm_webhook_rotate(dm *handle, int64_t webhook_id, struct dm_text secret, int64_t old_until,
					  struct dm_error *error);

/* ---- deliveries ---------------------------------------------------------------------------------------------- */

enum dm_delivery_state {
	DM_DELIVERY_ANY,       /* in a question only: whatever the state */
	DM_DELIVERY_PENDING,   /* waits for its next attempt, or is claimed by a worker */
	DM_DELIVERY_DELIVERED, /* the endpoint has accepted it */
	DM_DELIVERY_FAILED     /* given up */
};

/* One event for one endpoint. */
struct dm_delivery {
	int64_t id;
	int64_t webhook_id;
	struct dm_text name;   /* "msg_...", unguessable; the same on every attempt, different for each endpoint */
	enum dm_signal signal; /* DM_MESSAGE_SENT or DM_MESSAGE_READ */
	int64_t message_id;
	int64_t at; /* when the message was sent, or read */
	enum dm_delivery_state state;
	int64_t attempts;     /* begun */
	int64_t next_at;      /* while pending: when the next attempt is due, or a claim ends */
	int64_t finished_at;  /* 0 while pending */
	int64_t http_status;  /* of the last response; 0: there was none */
	struct dm_text error; /* why the last attempt failed; empty: it did not */

	/* Filled in by a claim only. message.id is 0 if the message, or one of its users, no longer exists. */
	struct dm_message message; /* as it was then: for DM_MESSAGE_SENT read_at is DM_UNREAD */
	struct dm_user sender, recipient;

	enum dm_origin origin; /* of the event */

	struct dm_text
		traceparent; /* of what has caused the event; filled in by a claim only, empty if there is none */
};

/* Receives one lent delivery. Returning false ends the listing early, which is no failure. */
typedef bool dm_delivery_row(void *context, const struct dm_delivery *delivery);

/* Lends the deliveries of one endpoint or of all (0), in one state or in any, newest first; limit 0: all. Finished
 * deliveries stay until they are trimmed. */
DM_CHECK enum dm_status dm_deliveries(dm *handle, int64_t webhook_id, enum dm_delivery_state state, size_t limit,
				      dm_delivery_row *row, void *context, struct dm_error *error);

/* Makes a finished delivery due now: its attempts begin anew. DM_NOT_FOUND: there is none, or it is not finished.
 * DM_INVALID: its endpoint is disabled. */
DM_CHECK enum dm_status dm_delivery_requeue(dm *handle, int64_t delivery_id, struct dm_error *error);

/* Requeues all failed deliveries of one endpoint, or of all that are active (0), in many short commits with rests
 * between them, so that the writes of others come between, also those of another process. What fails again behind its
 * back is not requeued twice. on_progress (may be NULL) is called after each piece with how many were requeued so far;
 * returning false ends it early, which is no failure. *requeued (may be NULL) tells how many; after a failure some may
 * have been. DM_NOT_FOUND: there is no such endpoint. DM_INVALID: it is disabled. */
DM_CHECK enum dm_status dm_deliveries_requeue(dm *handle, int64_t webhook_id,
					      bool (*on_progress)(void *context, int64_t requeued), void *context,
					      int64_t *requeued, struct dm_error *error);

/* Deletes the deliveries that were finished before the time `before` (0: no such limit), the finished ones that are not
 * among the newest `keep` deliveries (0: no such limit), and all of endpoints that were deleted. *removed (may be NULL)
 * tells how many. Fails the pending ones of endpoints that are disabled. It looks at all deliveries, in pieces. */
DM_CHECK enum dm_status dm_deliveries_trim(dm *handle, int64_t before, size_t keep, int64_t *removed,
					   struct dm_error *error);

/* What waits to be delivered to active endpoints. */
struct dm_outbox {
	int64_t pending;   /* deliveries that wait or are under way */
	int64_t behind;    /* events of the log that no delivery was made from yet, counted for each endpoint */
	int64_t oldest_at; /* when the oldest of all these happened; 0: nothing waits */
	uint64_t reserved[4];
};
DM_CHECK enum dm_status dm_outbox_state(dm *handle, struct dm_outbox *outbox, struct dm_error *error);

/* What an attempt came to: see DM_OP_DELIVERY_RESULT. */
enum dm_delivery_outcome {
	DM_OUTCOME_DELIVERED,
	DM_OUTCOME_RETRY,   /* it failed; the next attempt is due at next_at */
	DM_OUTCOME_FAILED,  /* it failed and is given up */
	DM_OUTCOME_GONE,    /* as FAILED, and the endpoint wants nothing more: it is disabled */
	DM_OUTCOME_RELEASED /* it was not tried: the claim is undone */
};

#ifdef __cplusplus
}
#endif
#endif
