/* SPDX-License-Identifier: MIT */
/* operations.h - the calls of the other headers without waiting, for event loops. The rules for all functions are in
 * directmessages.h.
 *
 * An operation has a kind, and in the member of the same name the kind's arguments and, after a blank line there, its
 * results: DM_OP_SEND has operation->send. A program fills in `kind`, `done`, `context` and the arguments, and passes
 * it to dm_submit:
 *
 *     *operation = (struct dm_operation){.kind = DM_OP_UNREAD_COUNT,
 *                                        .done = show_count,
 *                                        .unread_count = {.user_id = 5}};
 *     dm_submit(handle, operation);
 *
 * `done` is called exactly once: before dm_submit returns (a refusal, a read on SQLite), or later on a thread of the
 * library's. `status` then tells what became of it, `error` says why in words, and the results are
 * valid if the status is DM_OK; otherwise they are zero. Row functions (on_message and so on) are called before `done`,
 * on the same thread.
 *
 * The struct, and every text in it, stays the caller's and must live until `done` has been called; `done` may free it.
 * An operation that is done may be submitted again; its arguments are never changed. To make it one of another kind, or
 * to stop between two pieces and begin something else, assign all of it anew: results of before may say where to go
 * on. */
#ifndef DIRECTMESSAGES_OPERATIONS_H
#define DIRECTMESSAGES_OPERATIONS_H

#include "administration.h"
#include "blocks.h"
#include "core.h"
#include "events.h"
#include "inbox.h"
#include "messages.h"
#include "users.h"
#include "webhooks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Any kind may fail with DM_INVALID (an argument is missing) and with DM_BUSY to DM_INTERNAL; the others are named
 * here. New kinds are added at the end. */
enum dm_operation_kind {
	DM_OP_NONE,         /* an operation that nobody has filled in: DM_INVALID */
	DM_OP_AUTHENTICATE, /* DM_NOT_FOUND, DM_INACTIVE */
	DM_OP_USER_BY_ID,   /* DM_NOT_FOUND */
	DM_OP_USER_BY_NAME, /* DM_NOT_FOUND */
	DM_OP_USERS,
	DM_OP_UNREAD_COUNT,
	DM_OP_UNREAD_BY_PARTNER,
	DM_OP_UNREAD_MESSAGES,
	DM_OP_PARTNERS,
	DM_OP_CONVERSATION,
	DM_OP_MESSAGE, /* DM_NOT_FOUND */
	DM_OP_ALL_MESSAGES,
	DM_OP_EVENTS, /* DM_NOT_FOUND: the log does not hold the position */
	DM_OP_EVENTS_NEWEST,
	DM_OP_EVENTS_TRIM,
	DM_OP_TICKET_CREATE,
	DM_OP_TICKET_REDEEM, /* DM_NOT_FOUND */
	DM_OP_SEND, /* DM_SELF, DM_NOT_ALLOWED, DM_NOT_FOUND, DM_LIMITED; with a key DM_KEY_REUSED, DM_KEY_GONE,
		       DM_LIMITED */
	DM_OP_MARK_CONVERSATION_READ,
	DM_OP_MARK_READ,       /* DM_NOT_FOUND */
	DM_OP_HIDE,            /* DM_NOT_FOUND */
	DM_OP_USER_CREATE,     /* DM_EXISTS */
	DM_OP_USER_SET_ACTIVE, /* DM_NOT_FOUND */
	DM_OP_TOKEN_CREATE,    /* DM_NOT_FOUND */
	DM_OP_TOKEN_REVOKE,    /* DM_NOT_FOUND */
	DM_OP_CHECK_SCHEMA,    /* asks the database what dm_check_schema asks; it has no arguments. DM_SCHEMA */
	DM_OP_WEBHOOK_CREATE,
	DM_OP_WEBHOOKS,       /* DM_NOT_FOUND */
	DM_OP_WEBHOOK_DELETE, /* DM_NOT_FOUND */
	DM_OP_WEBHOOK_ENABLE, /* DM_NOT_FOUND */
	DM_OP_WEBHOOK_ROTATE, /* DM_NOT_FOUND */
	DM_OP_DELIVERIES,
	DM_OP_DELIVERIES_CLAIM,
	DM_OP_DELIVERY_RESULT,
	DM_OP_DELIVERY_REQUEUE, /* DM_NOT_FOUND; DM_INVALID: its endpoint is disabled */
	DM_OP_DELIVERIES_TRIM,
	DM_OP_OUTBOX,
	DM_OP_ACTIVE_USER, /* DM_NOT_FOUND, DM_INACTIVE */
	DM_OP_MESSAGES_FIND,
	DM_OP_USER_MESSAGES,
	DM_OP_USER_ERASE,     /* DM_NOT_FOUND, DM_EXISTS */
	DM_OP_MESSAGE_DELETE, /* DM_NOT_FOUND */
	DM_OP_MESSAGES_PURGE,
	DM_OP_USER_PUT,         /* DM_NOT_FOUND, DM_EXISTS */
	DM_OP_USER_DELETE,      /* DM_NOT_FOUND, DM_EXISTS */
	DM_OP_EVENTS_NEW_EPOCH, /* what dm_events_new_epoch does; it has no arguments */
	DM_OP_WEBHOOK_UPDATE,   /* DM_NOT_FOUND */
	DM_OP_DELIVERIES_FIND,
	DM_OP_DELIVERIES_REQUEUE, /* DM_NOT_FOUND; DM_INVALID: the endpoint is disabled */
	DM_OP_BLOCK,              /* DM_SELF, DM_NOT_FOUND */
	DM_OP_UNBLOCK,            /* DM_SELF */
	DM_OP_BLOCKS,
	DM_OP_INBOX, /* DM_NOT_FOUND */
	DM_OP_INBOX_FOLD,
	DM_OP_INBOX_MEND,
	DM_OP_MARK_ALL_READ,
	DM_OP_MARK_UNREAD,
	DM_OP_HIDE_CONVERSATION
};
#define DM_OPERATION_KINDS (DM_OP_HIDE_CONVERSATION + 1) /* in this header */

/* A part of an ordered list. Messages are ordered by (sent_at, id), partners by id, blocks by (blocked_at, user id);
 * newest (highest) first. All zero is the whole list. */
struct dm_page {
	bool reverse;      /* oldest (lowest) first */
	bool has_position; /* start beyond `position`: a sent_at, a blocked_at, or a partner's id */
	int64_t position;
	int64_t row_id;   /* messages, blocks: the id of the row to start beyond; 0: none. It tells equal times apart */
	uint64_t offset;  /* rows to skip first, if no row_id says where to start */
	size_t limit;     /* at most so many rows; 0: all */
	size_t max_bytes; /* of content; 0: all. The message behind them is lent without content (data NULL), as the
			     last */
	uint64_t reserved[4];
};

/* ---- users --------------------------------------------------------------------------------------------------- */

/* What else is looked up with who is calling: how many messages they have not read. */
enum dm_count_unread {
	DM_COUNT_NO_UNREAD,
	DM_COUNT_UNREAD,             /* as DM_OP_UNREAD_COUNT does */
	DM_HAS_UNREAD_FROM_RECIPIENT /* 1 if there is one from the recipient, and they don't block the recipient; else 0
				      */
};

struct dm_op_authenticate {
	struct dm_text key;  /* a token */
	bool with_recipient; /* look up another user as well: recipient_name, or recipient_id if that is NULL */
	int64_t recipient_id;
	dm_user_row *on_user; /* gets the token's user; may be NULL */

	bool recipient_exists;      /* false if it was not looked up */
	int64_t found_recipient_id; /* 0 if it does not exist */

	struct dm_text recipient_name; /* an argument: a username */
	uint32_t count_unread;         /* an argument: an enum dm_count_unread */
	uint32_t unread;               /* at most UINT32_MAX */
};

/* A user who was authenticated by something else than a token, and must be active. */
struct dm_op_active_user {
	struct dm_text username; /* data NULL: user_id says who it is */
	int64_t user_id;
	bool with_recipient; /* look up another user as well: recipient_name, or recipient_id if that is NULL */
	int64_t recipient_id;
	dm_user_row *on_user; /* may be NULL */

	bool recipient_exists;      /* false if it was not looked up */
	int64_t found_recipient_id; /* 0 if it does not exist */

	struct dm_text recipient_name; /* an argument: a username */
	uint32_t count_unread;         /* an argument: an enum dm_count_unread */
	uint32_t unread;               /* at most UINT32_MAX */
};

struct dm_op_user_by_id {
	int64_t user_id;
	dm_user_row *on_user; /* may be NULL */
	uint64_t reserved[4];
};

struct dm_op_user_by_name {
	struct dm_text username;
	dm_user_row *on_user; /* may be NULL */
	uint64_t reserved[4];
};

/* Ascending by id. */
struct dm_op_users {
	dm_user_row *on_user;
	bool has_after; /* only users whose id is higher than `after` */
	int64_t after;
	size_t limit; /* 0: all */
	uint64_t reserved[1];
};

/* As dm_user_create, but the password is hashed already. */
struct dm_op_user_create {
	struct dm_text username;
	struct dm_text email;
	struct dm_text first_name;
	struct dm_text last_name;
	struct dm_text password_hash; /* as Django encodes it, at most 128 characters; "!...": no password matches */

	int64_t user_id;
	uint64_t reserved[4];
};

struct dm_op_user_set_active {
	struct dm_text username;
	bool active;
	uint64_t reserved[4];
};

/* See dm_user_put. */
struct dm_op_user_put {
	struct dm_text username; /* data NULL: user_id says who it is; such a user is never made */
	struct dm_text email;
	struct dm_text first_name;
	struct dm_text last_name;
	int64_t user_id;
	enum dm_active active;
	bool only_change;     /* DM_NOT_FOUND where there is no such user */
	dm_user_row *on_user; /* gets the user as it is then; may be NULL */

	bool created;
	struct {
		char password_hash[DM_TOKEN_LENGTH + 2];
	} internal; /* the library's */
	uint64_t reserved[4];
};

/* See dm_user_delete. The first piece deletes the user. Submit the operation again while it ends with DM_OK and there
 * is more: then it deletes what else is stored about them. */
struct dm_op_user_delete {
	struct dm_text username; /* data NULL: user_id says who it is */
	int64_t user_id;

	bool more;
	struct {
		int64_t phase, user_id;
	} internal; /* the library's: where to go on */
	uint64_t reserved[1];
};

struct dm_op_token_create {
	struct dm_text username; /* data NULL: user_id says who it is */
	bool reset;              /* replace the token that there is */

	char key[DM_TOKEN_LENGTH + 1];

	int64_t user_id; /* an argument */
	uint64_t reserved[3];
};

struct dm_op_token_revoke {
	struct dm_text username; /* data NULL: user_id says who it is */
	int64_t user_id;
	uint64_t reserved[3];
};

struct dm_op_ticket_create {
	struct dm_text key; /* a token, which need not exist */

	char ticket[DM_TOKEN_LENGTH + 1];
	uint64_t reserved[4];
};

struct dm_op_ticket_redeem {
	struct dm_text ticket;

	char key[DM_TOKEN_LENGTH + 1]; /* the token that the ticket stood for */
	uint64_t reserved[4];
};

/* ---- messages ------------------------------------------------------------------------------------------------ */

#define DM_FINGERPRINT_SIZE 32

struct dm_op_send {
	int64_t sender_id;
	int64_t recipient_id;
	struct dm_text content;

	struct dm_message message; /* its content points to `content` */

	bool unrestricted;           /* an argument again: past the allowed recipients and blocks */
	bool replayed;               /* a result: the message was sent before, with this key */
	bool only_replayed;          /* an argument: store nothing; DM_LIMITED where there is no such message */
	const char *idempotency_key; /* an argument: see dm_send_once; NULL: none */
	int64_t available_in;        /* a result: of DM_LIMITED seconds until it is worth another try; of a message to
				      * a new partner, where these are limited, until there is one more than
				      * `partners_left`; 0: not known */
	int64_t partners_left; /* a result, with available_in: how many conversations the sender may still start */
	struct {
		unsigned char fingerprint[DM_FINGERPRINT_SIZE]; /* of the content of a send with a key */
		int64_t partners_period; /* of the limit on new partners, microseconds; 0: none */
		int64_t partners_max;
	} internal; /* the library's */
};

struct dm_op_unread_count {
	int64_t user_id;

	int64_t count;

	int64_t partner_id; /* an argument again: only those from this user; 0: from everybody */
	uint64_t reserved[3];
};

/* Ascending by partner id. */
struct dm_op_unread_by_partner {
	int64_t user_id;
	dm_unread_row *on_unread;
	uint64_t reserved[4];
};

/* Oldest first. */
struct dm_op_unread_messages {
	int64_t user_id;
	dm_message_row *on_message;
	uint64_t reserved[4];
};

/* The users with whom the user has at least one visible message. */
struct dm_op_partners {
	int64_t user_id;
	struct dm_page page; /* max_bytes and row_id are not used */
	dm_user_row *on_user;
	uint64_t reserved[4];
};

struct dm_op_conversation {
	int64_t user_id;
	int64_t partner_id;
	struct dm_page page;
	dm_message_row *on_message;
	uint64_t reserved[4];
};

struct dm_op_message {
	int64_t message_id;
	dm_message_row *on_message;
	int64_t user_id;    /* only a message that this user can see; 0: anybody's */
	int64_t partner_id; /* of those, only one to or from this user; 0: anybody */
	bool with_hidden;   /* also one that user_id has hidden */
	uint64_t reserved[1];
};

struct dm_op_all_messages {
	int64_t user_id; /* 0: everybody's */
	size_t limit;    /* 0: all */
	dm_message_row *on_message;
	uint64_t reserved[4];
};

/* Marks the messages from the partner as read in pieces, so that the writes of others come between. Submit the
 * operation again while it ends with DM_OK and there is more; `marked` counts one piece. After a failure it begins
 * anew. Messages that are stored meanwhile may be left out. */
struct dm_op_mark_conversation_read {
	int64_t user_id;
	int64_t partner_id;

	bool more;
	int64_t marked;
	struct {
		int64_t read_at, from_time, from_id, last;
	} internal; /* the library's: where to go on */

	bool has_last;        /* an argument again: only messages up to this one, by (sent_at, id) */
	int64_t last_sent_at; /* DM_OP_MESSAGE gives them */
	int64_t last_id;
	uint64_t reserved[1];
};

/* The same for all partners. */
struct dm_op_mark_all_read {
	int64_t user_id;

	bool more;
	int64_t marked;
	struct {
		int64_t read_at, partner, last_id;
		bool is_walking;
		int64_t from_time, from_id, last;
	} internal; /* the library's: where to go on */
	uint64_t reserved[4];
};

/* Marks messages from the partner as unread: the newest that the user can see, or all that the user can see from one
 * on. In pieces, as DM_OP_MARK_CONVERSATION_READ. */
struct dm_op_mark_unread {
	int64_t user_id;
	int64_t partner_id;
	bool has_first;        /* from this one on, by (sent_at, id) */
	int64_t first_sent_at; /* DM_OP_MESSAGE gives them */
	int64_t first_id;

	bool more;
	int64_t marked;
	struct {
		int64_t at, from_time, from_id, last;
	} internal; /* the library's: where to go on */
	uint64_t reserved[4];
};

/* Hides from the user all that was exchanged with the partner so far, in pieces, as DM_OP_MARK_CONVERSATION_READ:
 * oldest first, and what is stored meanwhile may stay. */
struct dm_op_hide_conversation {
	int64_t user_id;
	int64_t partner_id;

	bool more;
	int64_t hidden;
	struct {
		int64_t at, from_time, from_id, last_time, last_id;
	} internal; /* the library's: where to go on */
	uint64_t reserved[4];
};

struct dm_op_mark_read {
	int64_t message_id;

	bool was_unread;
	uint64_t reserved[4];
};

struct dm_op_hide {
	int64_t user_id;
	int64_t message_id;
	uint64_t reserved[4];
};

/* ---- blocks -------------------------------------------------------------------------------------------------- */

/* See dm_block. */
struct dm_op_block {
	int64_t user_id;
	int64_t blocked_id;

	struct {
		uint64_t count, transactions[16];
	} internal; /* the library's: sends that began before the block, and may not have seen it */
	uint64_t reserved[4];
};

/* See dm_unblock. */
struct dm_op_unblock {
	int64_t user_id;
	int64_t blocked_id;
	uint64_t reserved[4];
};

/* Newest first. */
struct dm_op_blocks {
	int64_t user_id;
	struct dm_page page; /* max_bytes is not used */
	dm_blocked_row *on_blocked;
	uint64_t reserved[4];
};

/* ---- the inbox ----------------------------------------------------------------------------------------------- */

/* What has to be done before a page of an inbox can be read. */
enum dm_inbox_lack {
	DM_INBOX_LACKS_NOTHING,
	DM_INBOX_LACKS_FOLD, /* much was stored that the table of inboxes does not have yet: DM_OP_INBOX_FOLD */
	DM_INBOX_LACKS_MEND  /* messages were hidden or deleted: DM_OP_INBOX_MEND with the same user and position */
};

/* One page, newest first. Where something is lacking nothing was lent: run the operation that it names, then this one
 * again, and expect to do so several times. With `unread_only` a page may have few entries, or none, although there is
 * more: it looks at a bounded number of conversations. */
struct dm_op_inbox {
	int64_t user_id;
	int64_t partner_id; /* only the entry of this partner, also if nothing was exchanged; 0: all */
	bool unread_only;   /* these are as in struct dm_inbox_options */
	bool blocked_only;
	bool has_position;
	int64_t position;
	int64_t row_id;
	size_t limit; /* 1 to DM_MAX_INBOX; 0: that */
	size_t max_preview;
	dm_inbox_row *on_entry;

	enum dm_inbox_lack lack;
	bool more; /* go on behind (next_position, next_row_id) */
	int64_t next_position;
	int64_t next_row_id;
	struct {
		bool walks; /* by activity, since too many partners have unread messages to list these */
	} internal;         /* the library's */
	uint64_t reserved[4];
};
#define DM_MAX_INBOX 200

/* Brings some 1,000 messages into the table from which inboxes are read: see dm_options.fold_inbox. */
struct dm_op_inbox_fold {
	bool more;    /* there is more to be done at once */
	int64_t left; /* about so many messages are not in the table yet */
	uint64_t reserved[4];
};

/* Corrects that table for the user's next 1,000 conversations behind a position. */
struct dm_op_inbox_mend {
	int64_t user_id;
	bool has_position;
	int64_t position;
	int64_t row_id;
	uint64_t reserved[4];
};

/* ---- administration ------------------------------------------------------------------------------------------ */

/* One page, newest first: by id, or with a partner by (sent_at, id). It looks at a bounded number of rows, so a page
 * may have few messages, or none, although there is more. */
struct dm_op_messages_find {
	int64_t user_id;    /* who sent or received them; 0: everybody's */
	int64_t partner_id; /* with whom; 0: with all. Needs user_id */
	int64_t since;      /* sent at that time or later; 0: no such limit */
	int64_t until;      /* sent before that time; 0: no such limit */
	bool has_position;  /* start behind this message */
	int64_t position;   /* its sent_at */
	int64_t row_id;     /* its id */
	size_t limit;       /* 1 to DM_MAX_FIND; 0: that */
	size_t max_bytes;   /* of content, at least one message; 0: all */
	dm_stored_message_row *on_message;

	bool more; /* go on behind (next_position, next_row_id) */
	int64_t next_position;
	int64_t next_row_id;
	uint64_t reserved[4];
};
#define DM_MAX_FIND 1000

/* All messages that a user has sent or received, hidden ones too, in pieces: submit the operation again while it ends
 * with DM_OK and there is more. In no useful order. A message that is hidden meanwhile may come twice. */
struct dm_op_user_messages {
	int64_t user_id;
	size_t limit;     /* of one piece, 1 to DM_MAX_FIND; 0: that */
	size_t max_bytes; /* of content in one piece, at least one message; 0: all */
	dm_stored_message_row *on_message;

	bool more;
	struct {
		int64_t phase, partner, time, id;
	} internal; /* the library's: where to go on */
	uint64_t reserved[4];
};

/* See dm_user_erase. It works in pieces: submit the operation again while it ends with DM_OK and there is more. The
 * counts are those of one piece. After a failure it begins anew, and finds what is left. */
struct dm_op_user_erase {
	int64_t user_id;
	enum dm_erase_messages messages;

	bool more;
	struct dm_erased erased;
	struct {
		int64_t phase, partner, time, id;
	} internal; /* the library's: where to go on */
	uint64_t reserved[4];
};

struct dm_op_message_delete {
	int64_t message_id;
	uint64_t reserved[4];
};

/* See dm_messages_purge. One operation looks at some hundred messages. */
struct dm_op_messages_purge {
	bool hidden_by_both;
	bool dry_run;
	int64_t before; /* 0: no such limit */
	int64_t after;  /* look at the messages behind this id; 0: from the first on */

	int64_t removed;
	int64_t next_after; /* `after` of the operation that goes on; 0: that was all */
	int64_t last_id;    /* of the newest message, to tell how far it is */
	uint64_t reserved[4];
};

/* ---- the event log ------------------------------------------------------------------------------------------- */

/* See dm_events. */
struct dm_op_events {
	int64_t user_id;                /* 0: everybody's */
	struct dm_event_position after; /* read from behind this */
	size_t limit;                   /* 0: all */
	size_t max_bytes;               /* of content, at least one event; 0: all */
	dm_event_row *on_event;

	struct dm_event_position position; /* of the last event that was read; `after` if there was none */
	int64_t count;                     /* events that were read, whether they were lent or not */
	bool is_cut;                       /* max_bytes ended the reading: there are more events */

	bool all_kinds; /* an argument again: lend events of all signals, not only of messages sent and read */
	uint64_t reserved[3];
};

#define DM_POSITION_KEY_BYTES 32

struct dm_op_events_newest {
	struct dm_event_position position;
	unsigned char position_key[DM_POSITION_KEY_BYTES]; /* a secret of this log alone: see below */
	uint64_t reserved[4];
};

/* A position's numbers tell how much the whole site sends. Who gives positions to users encrypts them with the key: it
 * is the same for all programs on the database, and a copy of the database has it too. */

/* See dm_events_trim. */
struct dm_op_events_trim {
	int64_t before; /* 0: no such limit */
	size_t keep;    /* 0: no such limit */

	int64_t removed; /* submit it again until this is 0 */
	uint64_t reserved[4];
};

/* ---- webhooks ------------------------------------------------------------------------------------------------ */

/* See struct dm_new_webhook. */
struct dm_op_webhook_create {
	struct dm_text url;
	struct dm_text description;
	struct dm_text secret;
	unsigned events;

	int64_t webhook_id;
	int64_t created_at;
	uint64_t reserved[3];
};

/* Ascending by id. */
struct dm_op_webhooks {
	dm_webhook_row *on_webhook;
	int64_t webhook_id; /* only this one, which must be there; 0: all */
	int64_t after;      /* only endpoints whose id is higher */
	size_t limit;       /* 0: all */
	uint64_t reserved[1];
};

/* See dm_webhook_update. An endpoint that is made active first loses its pending deliveries, in pieces: submit the
 * operation again while it ends with DM_OK and there is more. The last one makes the change; before it nothing else has
 * changed. Of what is lent has_new, next_at and last_at are as before. */
struct dm_op_webhook_update {
	int64_t webhook_id;
	struct dm_text url;
	struct dm_text description;
	struct dm_text secret;
	int64_t old_until;
	unsigned events;
	enum dm_active active;
	dm_webhook_row *on_webhook; /* gets the endpoint as it is then; may be NULL */

	bool more;
	uint64_t reserved[4];
};

/* Its deliveries are deleted by DM_OP_DELIVERIES_TRIM, in pieces. */
struct dm_op_webhook_delete {
	int64_t webhook_id;
	uint64_t reserved[4];
};

/* Pending deliveries from before it was disabled fail first, in pieces: submit the operation again while it ends with
 * DM_OK and there is more. The endpoint is enabled by the last one. */
struct dm_op_webhook_enable {
	int64_t webhook_id;

	bool more;
	uint64_t reserved[4];
};

struct dm_op_webhook_rotate {
	int64_t webhook_id;
	struct dm_text secret;
	int64_t old_until; /* the old secret signs as well until then */
	uint64_t reserved[4];
};

/* Newest first. */
struct dm_op_deliveries {
	int64_t webhook_id; /* 0: of all endpoints */
	enum dm_delivery_state state;
	size_t limit; /* 0: all */
	dm_delivery_row *on_delivery;
	uint64_t reserved[4];
};

/* One page, newest first. It looks at a bounded number of deliveries, so a page may have few of them, or none, although
 * there is more. */
struct dm_op_deliveries_find {
	int64_t webhook_id; /* 0: of all endpoints */
	enum dm_delivery_state state;
	int64_t before; /* only deliveries whose id is lower; 0: from the newest on */
	size_t limit;   /* 1 to DM_MAX_FIND; 0: that */
	dm_delivery_row *on_delivery;

	int64_t next_before; /* `before` of the operation that goes on; 0: that was all */
	uint64_t reserved[4];
};

/* Gives the caller deliveries of one endpoint that are due, and makes them from the event log if need be; nobody else
 * gets them before the time `until`. It gives none of an endpoint that is disabled or deleted.
 *
 * on_delivery is called after the commit, but the deliveries are the caller's only if the operation ends with DM_OK. It
 * returns false if it has no memory for one: then the operation fails with DM_NO_MEMORY, and what was claimed is given
 * out again at the time `until`. */
struct dm_op_deliveries_claim {
	int64_t webhook_id;
	int64_t until;
	size_t limit;         /* at most DM_MAX_CLAIM; 0: that */
	int64_t max_ahead_us; /* a delivery due later than in so many microseconds is due now: the clock was set back
				 since; 0: none is */
	dm_delivery_row *on_delivery;

	int64_t claimed;
	struct {
		int64_t until;
	} internal; /* the library's */
	uint64_t reserved[3];
};
#define DM_MAX_CLAIM 1000

/* Reports what one attempt of a claimed delivery came to. A failure that is reported for a claim that was lost
 * meanwhile changes nothing. */
struct dm_op_delivery_result {
	int64_t webhook_id;
	int64_t delivery_id;
	int64_t attempt; /* `attempts` of the delivery when it was claimed */
	enum dm_delivery_outcome outcome;
	int64_t next_at;                /* RETRY: when the next attempt is due */
	int64_t http_status;            /* of the response; 0: there was none */
	struct dm_text error;           /* why it failed */
	struct dm_text disabled_reason; /* noted if the endpoint is disabled */
	int64_t disable_before; /* FAILED: disables an endpoint that has been failing since before this; 0: never */

	bool disabled; /* this has disabled the endpoint */
	uint64_t reserved[4];
};

struct dm_op_delivery_requeue {
	int64_t delivery_id;
	int64_t webhook_id; /* whose delivery it must be; 0: any endpoint's */
	uint64_t reserved[3];
};

/* See dm_deliveries_requeue. Looks at a thousand deliveries at a time, and requeues those that have failed. */
struct dm_op_deliveries_requeue {
	int64_t webhook_id; /* 0: of all endpoints that are active */
	int64_t after;      /* look at those behind this delivery id; 0: from the first on */

	int64_t requeued;
	int64_t next_after; /* `after` of the operation that goes on; 0: that was all */
	uint64_t reserved[4];
};

/* See dm_deliveries_trim. Looks at some thousand deliveries at a time. Of these it also deletes the ones of endpoints
 * that were deleted, and fails the pending ones of endpoints that are disabled. */
struct dm_op_deliveries_trim {
	int64_t after;  /* look at those behind this delivery id; 0: from the first on */
	int64_t before; /* 0: no such limit */
	size_t keep;    /* 0: no such limit */

	int64_t removed;
	int64_t next_after; /* `after` of the operation that goes on; 0: that was all */
	uint64_t reserved[4];
};

struct dm_op_outbox {
	struct dm_outbox outbox;
	uint64_t reserved[4];
};

/* ---- the operation ------------------------------------------------------------------------------------------- */

/* Its size never changes: new kinds and fields take reserved words. */
struct dm_operation {
	enum dm_operation_kind kind;
	enum dm_status status;
	void (*done)(struct dm_operation *operation); /* dm_submit needs it; dm_run does not */
	void *context;                                /* the caller's; passed to the row functions */
	struct dm_error error;

	struct { /* the library's; dm_submit and dm_run set it */
		struct dm_operation *next;
		struct dm *handle;
		void *marked; /* the messages kept for the signals */
		void *waiter; /* who waits in dm_run */
		int64_t queued_at, parked_until;
		bool signals_read; /* messages that are marked as read are kept for the signals */
		bool is_long;      /* it lists messages with long content */
		/* A send with a key. The rules refuse it: only a message that was sent before is wanted. */
		enum dm_status refused;
		enum { DM_KEY_SETTLED, DM_KEY_CLASHED, DM_KEY_HELD } key; /* whether another one has the key now */
		uint64_t reserved[1];
	} internal;

	/* DM_OP_SEND and the operations that mark messages as read: the traceparent (W3C Trace Context) of what asked
	 * for it, or empty. It is kept with the events, and webhooks pass its trace on. Another form is DM_INVALID. */
	struct dm_text traceparent;

	union {
		uint64_t reserved[32];
		struct dm_op_authenticate authenticate;
		struct dm_op_user_by_id user_by_id;
		struct dm_op_user_by_name user_by_name;
		struct dm_op_users users;
		struct dm_op_unread_count unread_count;
		struct dm_op_unread_by_partner unread_by_partner;
		struct dm_op_unread_messages unread_messages;
		struct dm_op_partners partners;
		struct dm_op_conversation conversation;
		struct dm_op_message message;
		struct dm_op_all_messages all_messages;
		struct dm_op_events events;
		struct dm_op_events_newest events_newest;
		struct dm_op_events_trim events_trim;
		struct dm_op_ticket_create ticket_create;
		struct dm_op_ticket_redeem ticket_redeem;
		struct dm_op_send send;
		struct dm_op_mark_conversation_read mark_conversation_read;
		struct dm_op_mark_read mark_read;
		struct dm_op_hide hide;
		struct dm_op_user_create user_create;
		struct dm_op_user_set_active user_set_active;
		struct dm_op_user_put user_put;
		struct dm_op_user_delete user_delete;
		struct dm_op_token_create token_create;
		struct dm_op_token_revoke token_revoke;
		struct dm_op_webhook_create webhook_create;
		struct dm_op_webhooks webhooks;
		struct dm_op_webhook_delete webhook_delete;
		struct dm_op_webhook_enable webhook_enable;
		struct dm_op_webhook_rotate webhook_rotate;
		struct dm_op_deliveries deliveries;
		struct dm_op_deliveries_claim deliveries_claim;
		struct dm_op_delivery_result delivery_result;
		struct dm_op_delivery_requeue delivery_requeue;
		struct dm_op_deliveries_trim deliveries_trim;
		struct dm_op_outbox outbox;
		struct dm_op_active_user active_user;
		struct dm_op_messages_find messages_find;
		struct dm_op_user_messages user_messages;
		struct dm_op_user_erase user_erase;
		struct dm_op_message_delete message_delete;
		struct dm_op_messages_purge messages_purge;
		struct dm_op_webhook_update webhook_update;
		struct dm_op_deliveries_find deliveries_find;
		struct dm_op_deliveries_requeue deliveries_requeue;
		struct dm_op_block block;
		struct dm_op_unblock unblock;
		struct dm_op_blocks blocks;
		struct dm_op_inbox inbox;
		struct dm_op_inbox_fold inbox_fold;
		struct dm_op_inbox_mend inbox_mend;
		struct dm_op_mark_all_read mark_all_read;
		struct dm_op_mark_unread mark_unread;
		struct dm_op_hide_conversation hide_conversation;
	};
};

/* Runs the operation, or queues it, and returns without waiting for others. Needs operation->done. A full queue ends it
 * with DM_BUSY at once. */
DM_API void dm_submit(dm *handle, struct dm_operation *operation);

/* The same, but returns after `done` (may be NULL here) has returned. Within the `done` of an operation that ended with
 * DM_BUSY because it had waited too long, what would wait behind the same work ends with DM_BUSY at once. */
DM_API void dm_run(dm *handle, struct dm_operation *operation);

/* Brackets several reads of one thread. On SQLite they are then cheaper: they share the view of the database that the
 * first of them has. A write that the thread submits ends the bracket, so that what it reads next can show the write.
 * Brackets do not nest. dm_begin_reads returns false, and has no effect, if reads call `done` later, as writes do
 * (PostgreSQL). */
DM_API bool dm_begin_reads(dm *handle);
DM_API void dm_end_reads(dm *handle);

#ifdef __cplusplus
}
#endif
#endif
