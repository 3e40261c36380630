/* SPDX-License-Identifier: MIT */
/* nouns.h - what each noun's file does for an operation. Each function returns the operation's status, lends rows to
 * its row functions, and puts results into it. */
#ifndef NOUNS_H
#define NOUNS_H

#include "directmessages.h"
#include "session.h"

extern const struct sqlite_statement_text marking_statements[], hiding_statements[], user_statements[],
	token_statements[], message_statements[], conversation_statements[], partner_statements[], event_statements[],
	ticket_statements[], webhook_statements[], delivery_statements[], claim_statements[], search_statements[],
	erasure_statements[], idempotency_statements[], purge_statements[], block_statements[],
	new_partner_statements[], inbox_statements[], inbox_walk_statements[],
	inbox_fold_statements[]; /* each ends with sql NULL */

typedef enum dm_status operation_function(struct sqlite_session *session, struct dm_operation *operation);

/* *has: whether the operation has something to write. */
typedef enum dm_status operation_has_work(struct sqlite_session *session, struct dm_operation *operation, bool *has);

/* user.c */
operation_function user_authenticate, user_active, user_by_id, user_by_name, users_list;
struct dm_user user_from_row(sqlite3_stmt *row); /* of SELECT USER_COLUMNS FROM {users} u */
#define USER_COLUMNS "{u.id}, {u.username}, {u.first_name}, {u.last_name}, {u.email}, {u.is_active}"

/* Lends a user, by name, or by id if the name is NULL. DM_NOT_FOUND. */
enum dm_status user_lend(struct sqlite_session *session, struct dm_operation *operation, struct dm_text username,
			 int64_t user_id, dm_user_row *on_user);

/* Finds the id of such a user, likewise. */
enum dm_status user_find(struct sqlite_session *session, struct dm_operation *operation, struct dm_text username,
			 int64_t user_id, int64_t *found_id);

/* user_write.c */
operation_function user_create, user_set_active, user_put, user_put_lend, user_delete;

/* token.c */
operation_function token_create, token_revoke;

/* ticket.c */
operation_function ticket_create, ticket_redeem;
operation_has_work ticket_exists;

/* message_row.c */
#define MESSAGE_COLUMNS "id, sender_id, recipient_id, sent_at, read_at, content"
struct dm_message
message_from_row(sqlite3_stmt *row); /* of SELECT MESSAGE_COLUMNS; content lives until the next step */

/* message.c */
operation_function message_send, message_by_id, message_mark_read, messages_all;

/* idempotency.c: a send with a key finds the message of that key, or else is followed by key_put. */
MUST_CHECK enum dm_status key_replay(struct sqlite_session *session, struct dm_operation *operation, bool *was_used);
MUST_CHECK enum dm_status key_put(struct sqlite_session *session, struct dm_operation *operation);

/* Deletes a piece of the user's keys. */
MUST_CHECK enum dm_status keys_erase(struct sqlite_session *session, int64_t user_id, bool *goes_on,
				     struct dm_error *error);

/* Messages on their way to a row function. */
struct lending {
	dm_message_row *on_message;
	size_t max_bytes; /* of content; 0: all */

	size_t rows, bytes; /* lent so far */
	bool enough;
};

/* Lends the statement's rows to on_message until that has enough; resets the statement. */
enum dm_status messages_lend(struct sqlite_session *session, sqlite3_stmt *statement, struct dm_operation *operation,
			     struct lending *lending);

/* search.c */
operation_function messages_find, user_messages;

/* erasure.c */
operation_function user_erase;

/* Deletes the user's token and tickets. */
MUST_CHECK enum dm_status credentials_erase(struct sqlite_session *session, int64_t user_id, struct dm_error *error);

/* Deletes a piece of what a phase behind those of messages (ERASURE_INBOX and so on) is about. *goes_on: there may be
 * more. */
MUST_CHECK enum dm_status rest_erase(struct sqlite_session *session, int64_t user_id, int64_t phase, bool *goes_on,
				     struct dm_error *error);

/* What is deleted or overwritten by this session is overwritten in the file, and not only marked as free. */
enum dm_status delete_securely(struct sqlite_session *session, struct dm_error *error);

/* purge.c */
operation_function message_delete_row, messages_purge;

/* conversation.c */
operation_function conversation_page, unread_count, unread_by_partner, unread_messages;

/* marking.c */
operation_function conversation_mark_read, conversation_mark_unread, all_mark_read;
operation_has_work conversation_has_unread, conversation_newest_is_read, all_has_unread;

/* Messages that an operation has marked. */
struct marked {
	size_t count, bytes; /* of content */
};

/* Marks a message as read if it is unread: passes it to the store's `changed` and adds it to *marked. */
enum dm_status message_mark(struct sqlite_session *session, struct dm_operation *operation, int64_t id, int64_t read_at,
			    struct marked *marked);

/* hiding.c */
operation_function message_hide, conversation_hide;
operation_has_work conversation_is_visible;

/* partner.c */
operation_function partners_page;

/* new_partner.c: a send to a user with whom nothing was exchanged before is counted, if that is limited. */
MUST_CHECK enum dm_status partner_check(struct sqlite_session *session, struct dm_operation *operation, bool *is_new,
					bool *is_allowed);
MUST_CHECK enum dm_status partner_put(struct sqlite_session *session, struct dm_operation *operation);

/* block.c */
operation_function block_user, unblock_user, blocks_page;

/* Whether a user blocks another one: (SELECT 1 FROM ...), one row or none. */
#define BLOCK(user, blocked) \
	"(SELECT 1 FROM directmessages_block WHERE user_id = " user " AND blocked_id = " blocked ")"

/* inbox.c: reading the table of inboxes */
operation_function inbox_page;

/* inbox_fold.c: writing it */
operation_function inbox_fold, inbox_mend;
operation_has_work inbox_has_unfolded;

/* event.c */
operation_function events_read, events_newest, events_trim, events_new_epoch;
operation_has_work events_have_old;

/* Writes the event of a message, of which only the ids are looked at, if the store records events; with the operation's
 * traceparent. `kind` is an enum event_kind. */
enum dm_status event_record(struct sqlite_session *session, struct dm_operation *operation, int kind,
			    const struct dm_message *message, int64_t at);

/* Makes all positions invalid. */
#define NEW_EPOCH "UPDATE directmessages_event_log SET epoch = random()"

/* From the column `kind` of deliveries. */
#define SIGNAL_OF(kind) ((enum dm_signal)((kind)-1))

/* webhook.c */
operation_function webhook_create, webhooks_list, webhook_delete, webhook_update, webhook_enable, webhook_rotate;

/* DM_NOT_FOUND: there is no such endpoint. DM_INVALID: it is disabled. */
enum dm_status webhook_check_active(struct sqlite_session *session, int64_t webhook_id, struct dm_error *error);

/* Applies the outcome of an attempt to its endpoint. The operation is a DM_OP_DELIVERY_RESULT. */
operation_function webhook_note_outcome;

/* delivery.c */
operation_function deliveries_list, deliveries_find, delivery_result, delivery_requeue, deliveries_requeue,
	deliveries_trim, outbox_state;
struct dm_delivery delivery_from_row(sqlite3_stmt *row); /* of SELECT DELIVERY_COLUMNS */
#define DELIVERY_COLUMNS \
	"d.id, d.webhook_id, d.name, d.kind, d.message_id, d.at, d.state, d.attempts, d.next_at, d.finished_at," \
	" d.http_status, d.error, d.origin"

/* claim.c */
operation_function deliveries_claim, deliveries_lend;

#endif
