/* SPDX-License-Identifier: MIT */
/* nouns.h - what each noun's file does for an operation: it chooses a statement, and reads its result.
 *
 * Each operation has one statement, so that those of a batch go out in one flush. Names begin with pg_ where the SQLite
 * folder has the same: both are linked into one library. */
#ifndef NOUNS_H
#define NOUNS_H

#include "directmessages.h"
#include "session.h"

extern const struct pg_statement_text pg_user_statements[], pg_user_write_statements[], pg_token_statements[],
	pg_message_statements[], pg_conversation_statements[], pg_partner_statements[], pg_event_statements[],
	pg_ticket_statements[], pg_webhook_statements[], pg_delivery_statements[], pg_claim_statements[],
	pg_marking_statements[], pg_marking_all_statements[], pg_unmarking_statements[], pg_hiding_statements[],
	pg_search_statements[], pg_erasure_statements[], pg_idempotency_statements[], pg_purge_statements[],
	pg_block_statements[], pg_new_partner_statements[], pg_inbox_statements[],
	pg_inbox_fold_statements[]; /* each ends with sql NULL */

/* Chooses the operation's statement and fills in its parameters. NOTHING_TO_ASK: the operation has its status without
 * the database. What is generated for a row (a token's key) is kept in the operation. */
typedef enum pg_statement operation_ask(struct dm_operation *operation, struct parameters *parameters);
#define NOTHING_TO_ASK STATEMENT_COUNT

/* Rows of an operation's result: all of them; the next one of a list without a limit; or one of a look-up, where the
 * other rows belong to other operations. */
struct row_set {
	const PGresult *result; /* NULL: no rows */
	int row;                /* the look-up's */
	bool enough;            /* the row function wants no more */
	bool must_rerun;        /* nothing was lent: rerun the operation, which takes another statement then */
};

/* Gives the operation its result, and returns its status: rows are lent to its row functions, all else goes into it.
 * Called for each part of a read's result, and once, after the commit, for a write. */
typedef enum dm_status operation_read_result(const struct postgres *postgres, struct dm_operation *operation,
					     struct row_set *set);

/* user.c */
#define USER_COLUMNS \
	"{u.id}, {u.username}, {u.first_name}, {u.last_name}, {u.email}, {u.is_active}" /* of {users} u \
											 */
operation_ask pg_user_authenticate, pg_user_active, pg_user_by_id, pg_user_by_name, pg_users;
operation_read_result pg_read_active_user, pg_read_authenticated, pg_read_user_by_id, pg_read_user_by_name,
	pg_read_users;
void pg_lend_users(const struct dm_operation *operation, dm_user_row *on_user, struct row_set *set);
struct dm_user pg_user_from_row(const PGresult *result, int row); /* of SELECT USER_COLUMNS */
#define USER_COLUMNS_COUNT 6

/* user_write.c */
operation_ask pg_user_create, pg_user_set_active, pg_user_put, pg_user_delete;
operation_read_result pg_read_created_user, pg_read_changed_user, pg_read_put_user, pg_read_deleted_user;
void pg_refuse_user(struct dm_operation *operation); /* what the failure of a write says of the user table */

/* token.c */
operation_ask pg_token_create, pg_token_revoke;
operation_read_result pg_read_token, pg_read_revoked_token;

/* message.c */
#define MESSAGE_COLUMNS "id, sender_id, recipient_id, sent_at, read_at, content"
operation_ask pg_message_get, pg_message_mark_read, pg_messages_all;
operation_read_result pg_read_message, pg_read_all_messages, pg_read_marked_message;
void pg_lend_messages(const struct dm_operation *operation, dm_message_row *on_message, struct row_set *set);
struct dm_message pg_message_from_row(const PGresult *result, int row); /* of SELECT MESSAGE_COLUMNS */

/* A message's users are about to be told of it: for the reads from standbys, if there are any. */
void pg_note_users(const struct postgres *postgres, int64_t sender_id, int64_t recipient_id);

/* Passes a message that was marked as read to the store's `changed`. False: there is no memory. */
MUST_CHECK bool pg_pass_changed(const struct postgres *postgres, struct dm_operation *operation,
				const struct dm_message *message);

/* The sends of a batch are one statement. Its parameters are made in the arrays, which are the caller's; each operation
 * is given its time. NOTHING_TO_ASK: there is no memory. A send whose key another one is using has no result yet, as
 * its internal.key says: it is to be run again. */
#define SEND_ARRAYS 8
MUST_CHECK enum pg_statement pg_messages_send(struct postgres *postgres, struct dm_operation **operations, size_t count,
					      struct parameters *parameters, struct buffer arrays[SEND_ARRAYS]);
void pg_read_sent_messages(struct dm_operation **operations, size_t count, const PGresult *result);

/* One user, by the index: OFFSET 0 keeps the planner from joining in another way. */
#define USER_BY_INDEX(id) "CROSS JOIN LATERAL (SELECT {u.id} AS id FROM {users} u WHERE {u.id} = " id " OFFSET 0) "

/* 1 where a user blocks another one, else NULL. As a subquery of its own it is always looked up by the primary key. */
#define BLOCK(user, blocked) \
	"(SELECT 1 FROM directmessages_block WHERE user_id = " user " AND blocked_id = " blocked ")"

/* Of a send `i` of the input: whether it is allowed, where `rules` says that blocks count (1), and new
 * partners too (2), which LIMITED adds; and why not, as an enum
 * send_refusal. By a CASE, of which the planner thinks that half the rows meet it: otherwise it would join hundreds of
 * sends as if there was one. */
#define SEND_IS_ALLOWED(limited) "CASE WHEN i.rules = 0 THEN true ELSE " IS_UNBLOCKED limited " END"
#define LIMITED " AND (i.rules = 1 OR " HAVE_EXCHANGED " OR " HAS_TAKEN ")"
#define IS_UNBLOCKED "(" BLOCK("i.sender", "i.recipient") " IS NULL AND " BLOCK("i.recipient", "i.sender") " IS NULL)"
#define NO_USER(id) "(SELECT 1 FROM {users} u WHERE {u.id} = " id ") IS NULL"
#define SEND_REFUSAL \
	"CASE WHEN " NO_USER("i.sender") " OR " NO_USER("i.recipient") " THEN 1 WHEN " BLOCK( \
		"i.sender", \
		"i.recipient") " IS NOT NULL THEN 2 WHEN " BLOCK("i.recipient", \
								 "i.sender") " IS NOT NULL THEN 3 ELSE 4 END"

/* Whether there are messages between them. The two indexes hold all of what one has sent to the other. */
#define HAS_SENT(sender, recipient, hidden) \
	"(SELECT 1 FROM directmessages_message m WHERE m.sender_id = " sender " AND m.recipient_id = " recipient \
	" AND m.hidden_for_sender IS " hidden " LIMIT 1)"
#define HAVE_EXCHANGED \
	"coalesce(" HAS_SENT("i.sender", "i.recipient", "NULL") ", " HAS_SENT( \
		"i.recipient", "i.sender", "NULL") ", " HAS_SENT("i.sender", "i.recipient", \
								 "NOT NULL") ", " HAS_SENT("i.recipient", "i.sender", \
											   "NOT NULL") ") IS NOT NULL"
#define HAS_TAKEN \
	"(SELECT 1 FROM directmessages_new_partner p WHERE p.user_id = i.sender AND p.partner_id = i.recipient) IS NOT NULL"

/* new_partner.c: sends to new partners are counted by three statements before that of the sends, if that is limited.
 * The last one's result says which are refused. */
bool pg_sends_are_limited(struct dm_operation *const *operations, size_t count);
void pg_partners_ask(struct dm_operation *const *operations, size_t count, struct parameters *parameters,
		     struct buffer arrays[2]);
void pg_read_partners_taken(struct dm_operation **operations, size_t count, const PGresult *result);

/* The trace of the row of a send whose times are $3: the parameter has one for each send, '' for none; or no element at
 * all, where no send of the batch has one. */
#define TRACE_OF_SEND(parameter) \
	"CASE WHEN cardinality(" parameter "::text[]) > 0 THEN nullif((" parameter \
	"::text[])[array_position($3::timestamptz[], sent_at)], '') END"

/* idempotency.c: the part of that which keys have */
bool pg_sends_have_keys(struct dm_operation *const *operations, size_t count);
int64_t pg_recipient_of(const struct dm_operation *operation);
void pg_append_key(const struct dm_operation *operation, struct buffer *keys, struct buffer *fingerprints);
enum dm_status pg_read_keyed_send(struct dm_operation *operation, const PGresult *result, int row);

/* search.c */
operation_ask pg_messages_find, pg_user_messages;
operation_read_result pg_read_found_messages, pg_read_user_messages;

/* erasure.c */
operation_ask pg_user_erase;
/* The statement of a phase behind those of messages (ERASURE_INBOX and so on). The second column of its result says
 * whether there may be more. */
enum pg_statement pg_rest_erase(int64_t user_id, int64_t phase, struct parameters *parameters);

/* The tickets of the user `id` that stand for no token: those of a JWT have "jwt <user> <expiry>" in place of a token's
 * key, those that came through a proxy "proxy <user>". See server/auth/ticket.c. */
#define IS_TICKET_OF(id) "(key LIKE 'jwt ' || " id " || ' %' OR key = 'proxy ' || " id ")"
operation_read_result pg_read_erased_piece;

/* purge.c */
operation_ask pg_message_delete, pg_messages_purge;
operation_read_result pg_read_deleted_message, pg_read_purged_piece;

/* conversation.c */
#define LONG(which) \
	((enum pg_statement)((which) + LONG_CONVERSATION_OLDER - CONVERSATION_OLDER)) /* of long contents \
										       */
operation_ask pg_conversation_page, pg_unread_count, pg_unread_by_partner, pg_unread_messages;
operation_read_result pg_read_conversation_page, pg_read_unread_count, pg_read_unread_by_partner,
	pg_read_unread_messages;

/* marking.c */
operation_ask pg_conversation_mark_read, pg_conversation_has_unread;
operation_read_result pg_read_marked_piece;

/* What the user ($1) has received from the partner ($2). */
#define INBOUND \
	" FROM directmessages_message WHERE recipient_id = $1::bigint AND sender_id = $2::bigint" \
	" AND hidden_for_recipient IS NULL"

/* Of messages that are named by their ids. By "IS NULL" PostgreSQL may choose to read the whole index of those that are
 * unread, or visible. */
#define IS_STILL_UNREAD(message) "num_nulls(" message ".read_at, " message ".hidden_for_recipient) = 2"
#define IS_STILL_READ(message) message ".read_at IS NOT NULL AND num_nulls(" message ".hidden_for_recipient) = 1"

/* How many messages a piece walks over, those too that are not to be changed. */
#define PIECE_WALK "1000"

/* A walk over what a user has received from a partner, which marks it as read, a piece at a time. */
struct read_walk {
	int64_t user_id, partner_id;
	int64_t read_at;
	bool is_first;              /* it begins */
	int64_t from_time, from_id; /* otherwise it goes on behind this message */
	bool has_last;              /* it ends with this message; else, at first, with the newest */
	int64_t last_time, last_id;
	int64_t max_id; /* messages with a higher id are left */

	bool more; /* results, as are from_time, from_id and last_time */
	int64_t marked;
};
void pg_add_read_walk(struct parameters *parameters, const struct read_walk *walk,
		      const struct dm_operation *operation);
MUST_CHECK enum dm_status pg_read_walk(const struct postgres *postgres, struct dm_operation *operation,
				       const PGresult *result, struct read_walk *walk);

/* Passes the messages that were marked as read, the first columns of the rows, to the store's `changed`, and counts
 * them. */
MUST_CHECK enum dm_status pg_pass_marked(const struct postgres *postgres, struct dm_operation *operation,
					 const PGresult *result, int64_t *marked);

/* marking_all.c */
operation_ask pg_all_mark_read, pg_all_has_unread;
operation_read_result pg_read_all_marked_piece;

/* unmarking.c */
operation_ask pg_mark_unread, pg_has_to_mark_unread;
operation_read_result pg_read_unmarked_piece;

/* hiding.c */
operation_ask pg_message_hide, pg_conversation_hide, pg_conversation_is_visible;
operation_read_result pg_read_hidden_message, pg_read_hidden_piece;

/* partner.c */
operation_ask pg_partners_page;
operation_read_result pg_read_partners;

/* block.c */
operation_ask pg_block_user, pg_unblock_user, pg_blocks_page;
operation_read_result pg_read_block, pg_read_blocks;

/* inbox.c: reading the table of inboxes */
operation_ask pg_inbox_page;
operation_read_result pg_read_inbox_page;

/* The last message between the user ($1) and a partner that the user can see: one step in each of two indexes. */
#define LAST_SIDE(own, other, hidden, partner) \
	"(SELECT " MESSAGE_COLUMNS " FROM directmessages_message WHERE " own " = $1::bigint AND " other " = " partner \
	" AND " hidden " IS NULL ORDER BY sent_at DESC, id DESC LIMIT 1)"
#define LAST_MESSAGE(partner) \
	"(SELECT * FROM (" LAST_SIDE( \
		"sender_id", "recipient_id", "hidden_for_sender", \
		partner) " UNION ALL " LAST_SIDE("recipient_id", "sender_id", "hidden_for_recipient", \
						 partner) ") side" \
							  " ORDER BY sent_at DESC, id DESC LIMIT 1)"

/* inbox_fold.c: writing it */
operation_ask pg_inbox_fold, pg_inbox_mend;
operation_read_result pg_read_folded;

/* event.c */
operation_ask pg_events, pg_events_newest, pg_events_have_old, pg_events_trim, pg_events_new_epoch;
operation_read_result pg_read_events, pg_read_newest_event, pg_read_trimmed_events;

/* A column of the one row of directmessages_event_log, by its index. A scan is priced so high (decision 14) that the
 * planner would find all plans of the statement equally bad, and take any. */
#define OF_THE_LOG(column) "coalesce((SELECT " column " FROM directmessages_event_log ORDER BY epoch LIMIT 1), 0)"

/* A transaction's number in the log is its id plus this; see event.c. */
#define EVENTS_BASE OF_THE_LOG("base")

/* Raises EVENTS_BASE if the log holds numbers that this cluster's transactions have not reached. Called for each new
 * connection, before it writes. */
MUST_CHECK enum dm_status pg_event_log_adopt(struct pg_session *session, int64_t deadline, struct dm_error *error);

/* Part of a statement that writes messages: puts `rows`, a WITH query of the messages written, into the event log if
 * the boolean parameter is true. `at` is a timestamptz column, `traceparent` a text or NULL. */
#define RECORD_EVENTS(kind, rows, at, parameter, traceparent) \
	"INSERT INTO directmessages_event (transaction, kind, message_id, sender_id, recipient_id, at, traceparent)" \
	" SELECT pg_current_xact_id()::text::bigint + " EVENTS_BASE ", " kind \
	", id, sender_id, recipient_id, (extract(epoch FROM " at ") * 1000000)::bigint, " traceparent " FROM " rows \
	" WHERE " parameter "::boolean ORDER BY id"

/* ticket.c */
operation_ask pg_ticket_create, pg_ticket_exists, pg_ticket_redeem;
operation_read_result pg_read_redeemed_ticket;

/* From the column `kind` of deliveries. */
#define SIGNAL_OF(kind) ((enum dm_signal)((kind)-1))

/* Events that the endpoint w has not been given yet, and that were not committed before it was made. All transactions
 * up to theirs have ended. A number beyond the statement's snapshot is not taken for one of another cluster: w is read
 * under a lock, so its position may be newer than the snapshot. Then no event is beyond it. */
#define EVENTS_END "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint + " EVENTS_BASE ")"
#define EVENT_IS_BEYOND_W \
	"(e.transaction, e.id) > (w.position_transaction, w.position_id) AND e.transaction < " EVENTS_END \
	" AND (w.begin_snapshot IS NULL" \
	" OR NOT pg_visible_in_snapshot((e.transaction - " EVENTS_BASE ")::text::xid8, w.begin_snapshot))"

/* webhook.c */
operation_ask pg_webhook_create, pg_webhooks, pg_webhook_delete, pg_webhook_update, pg_webhook_enable,
	pg_webhook_rotate;
operation_read_result pg_read_created_webhook, pg_read_webhooks, pg_read_deleted_webhook, pg_read_updated_webhook,
	pg_read_enabled_webhook, pg_read_rotated_webhook;

/* Of deliveries that are named by their ids. By "state = 0" PostgreSQL may choose to read the whole index of those that
 * are pending. */
#define IS_STILL_PENDING(delivery) delivery ".state + 0 = 0"

/* delivery.c */
#define DELIVERY_COLUMNS \
	"d.id, d.webhook_id, d.name, d.kind, d.message_id, d.at, d.state, d.attempts, d.next_at, d.finished_at," \
	" d.http_status, d.error, d.origin"
operation_ask pg_deliveries, pg_deliveries_find, pg_delivery_requeue, pg_deliveries_requeue, pg_delivery_result,
	pg_deliveries_trim, pg_outbox;
operation_read_result pg_read_deliveries, pg_read_found_deliveries, pg_read_delivery_result, pg_read_requeued,
	pg_read_requeued_piece, pg_read_trimmed_deliveries, pg_read_outbox;
struct dm_delivery pg_delivery_from_row(const PGresult *result, int row); /* of SELECT DELIVERY_COLUMNS */

/* claim.c */
operation_ask pg_deliveries_claim;
operation_read_result pg_read_claimed;

#endif
