/* SPDX-License-Identifier: MIT */
/* messages.h - sending, reading, listing and hiding messages: what the reference's service object offers. The rules for
 * all functions are in directmessages.h. */
#ifndef DIRECTMESSAGES_MESSAGES_H
#define DIRECTMESSAGES_MESSAGES_H

#include "core.h"
#include "users.h"

#ifdef __cplusplus
extern "C" {
#endif

/* read_at of a message that is unread. */
#define DM_UNREAD INT64_MIN

struct dm_message {
	int64_t id;
	int64_t sender_id;
	int64_t recipient_id;
	int64_t sent_at;
	int64_t read_at; /* DM_UNREAD while unread */
	struct dm_text content;
	uint64_t reserved[4];
};

/* How many unread messages one partner has sent to a user. */
struct dm_unread {
	int64_t partner_id;
	struct dm_text partner_username;
	int64_t count;
};

/* Each receives one lent row. Returning false ends the listing early, which is no failure. It may call the library. */
typedef bool dm_message_row(void *context, const struct dm_message *message);
typedef bool dm_unread_row(void *context, const struct dm_unread *unread);

/* Stores a message durably, then signals message_sent. `sent` (may be NULL) gets the message; its content points to the
 * caller's `content`. DM_SELF, DM_NOT_ALLOWED, DM_INVALID; DM_NOT_FOUND: either user. Reference: send_message. */
DM_CHECK enum dm_status dm_send(dm *handle, int64_t sender_id, int64_t recipient_id, struct dm_text content,
				struct dm_message *sent, struct dm_error *error);

/* The same, but it can be repeated: a call with a key that this sender has used for the same recipient and content
 * stores nothing. It gives that message, as it is now but with the caller's `content`, and *replayed (may be NULL) is
 * true. So after a failure, or after the program was killed, call it again with the same key, and the message is stored
 * once. `key` is 1 to 255 printable ASCII characters, such as a UUID. It is remembered for
 * dm_options.idempotency_hours, and only if the message was stored. A call whose key another one is using waits for
 * that one, or ends with DM_BUSY. DM_KEY_REUSED: the key was used for another recipient or content. DM_KEY_GONE: its
 * message was deleted. */
DM_CHECK enum dm_status dm_send_once(dm *handle, int64_t sender_id, int64_t recipient_id, struct dm_text content,
				     const char *key, struct dm_message *sent, bool *replayed, struct dm_error *error);

/* ---- unread messages ----------------------------------------------------------------------------------------- */

/* Lends every unread message to the user that the user has not hidden, oldest first. Reference: get_unread_messages. */
DM_CHECK enum dm_status dm_unread_messages(dm *handle, int64_t user_id, dm_message_row *row, void *context,
					   struct dm_error *error);

/* Counts them. Reference: get_unread_message_count. */
DM_CHECK enum dm_status dm_unread_count(dm *handle, int64_t user_id, int64_t *count, struct dm_error *error);

/* Counts those from one partner. */
DM_CHECK enum dm_status dm_unread_count_from(dm *handle, int64_t user_id, int64_t partner_id, int64_t *count,
					     struct dm_error *error);

/* Counts them by partner, ascending by partner id. Reference: get_unread_counts_per_conversation. */
DM_CHECK enum dm_status dm_unread_by_partner(dm *handle, int64_t user_id, dm_unread_row *row, void *context,
					     struct dm_error *error);

/* ---- one message --------------------------------------------------------------------------------------------- */

/* Marks a message as read and gives its content, or "email: content" with the sender's e-mail address. *text is
 * NUL-terminated and the caller's, to be freed with free(); *length (may be NULL) does not count the NUL. They do not
 * check who reads: the calling program must. DM_NOT_FOUND. Reference: read_message, read_message_formatted. */
DM_CHECK enum dm_status dm_read_message(dm *handle, int64_t message_id, char **text, size_t *length,
					struct dm_error *error);
DM_CHECK enum dm_status dm_read_message_formatted(dm *handle, int64_t message_id, char **text, size_t *length,
						  struct dm_error *error);

/* Lends one message that the user has sent or received, and marks nothing. DM_NOT_FOUND if it does not exist, is not
 * the user's, or the user has hidden it. */
DM_CHECK enum dm_status dm_get_message(dm *handle, int64_t user_id, int64_t message_id, dm_message_row *row,
				       void *context, struct dm_error *error);

/* Marks one message as read, then signals message_read if it was unread. It does not check who reads. DM_NOT_FOUND.
 * Reference: mark_as_read. */
DM_CHECK enum dm_status dm_mark_read(dm *handle, int64_t message_id, struct dm_error *error);

/* Hides a message from one of its two users; the other still sees it. Hiding it again is DM_OK. DM_NOT_FOUND if it does
 * not exist or is not the user's. Reference: delete_message. */
DM_CHECK enum dm_status dm_hide_message(dm *handle, int64_t user_id, int64_t message_id, struct dm_error *error);

/* ---- conversations ------------------------------------------------------------------------------------------- */

/* Lends the users with whom the user has at least one visible message, highest id first. Reference: get_conversations.
 */
DM_CHECK enum dm_status dm_conversations(dm *handle, int64_t user_id, dm_user_row *row, void *context,
					 struct dm_error *error);

struct dm_conversation_options {
	size_t size;       /* see DM_CONVERSATION_OPTIONS_INIT */
	size_t limit;      /* at most so many messages; 0: all */
	bool newest_first; /* otherwise oldest first */
	bool mark_read;    /* first mark every visible unread message from the partner as read, and signal each */
};
#define DM_CONVERSATION_OPTIONS_INIT DM_SIZED(struct dm_conversation_options)

/* Lends the messages between the two users that the user can see, ordered by (sent_at, id); they show the marking.
 * options may be NULL. Reference: get_conversation. Unlike there, mark_read covers the whole conversation, not only
 * `limit` of it. */
DM_CHECK enum dm_status dm_conversation(dm *handle, int64_t user_id, int64_t partner_id,
					const struct dm_conversation_options *options, dm_message_row *row,
					void *context, struct dm_error *error);

/* ---- marking and hiding at will ------------------------------------------------------------------------------ */

/* These work in pieces, between which others write. A failure leaves the pieces that were done; the same call then does
 * the rest. What is sent meanwhile may be left out. *marked and *hidden (may be NULL) tell how many messages were
 * changed: 0 if all were so already. */

/* Marks the messages from the partner as read, and signals each; those that the user has hidden stay as they are. */
DM_CHECK enum dm_status dm_mark_conversation_read(dm *handle, int64_t user_id, int64_t partner_id, int64_t *marked,
						  struct dm_error *error);

/* The same up to one message of the conversation, by (sent_at, id). It may be the user's own, or hidden. DM_NOT_FOUND
 * if it is not of this conversation. */
DM_CHECK enum dm_status dm_mark_read_up_to(dm *handle, int64_t user_id, int64_t partner_id, int64_t message_id,
					   int64_t *marked, struct dm_error *error);

/* The same for all partners. */
DM_CHECK enum dm_status dm_mark_all_read(dm *handle, int64_t user_id, int64_t *marked, struct dm_error *error);

/* Marks the newest message from the partner that the user can see as unread. */
DM_CHECK enum dm_status dm_mark_unread(dm *handle, int64_t user_id, int64_t partner_id, int64_t *marked,
				       struct dm_error *error);

/* The same for all from one message of the conversation on, by (sent_at, id). It may be the user's own, or hidden.
 * DM_NOT_FOUND if it is not of this conversation. */
DM_CHECK enum dm_status dm_mark_unread_from(dm *handle, int64_t user_id, int64_t partner_id, int64_t message_id,
					    int64_t *marked, struct dm_error *error);

/* Hides from the user all that was exchanged with the partner; the partner still sees it. */
DM_CHECK enum dm_status dm_hide_conversation(dm *handle, int64_t user_id, int64_t partner_id, int64_t *hidden,
					     struct dm_error *error);

/* Lends the newest messages of everybody, or of one user (user_id not 0), newest first, hidden ones too: a view for
 * administrators, never to be shown to a user. limit 0: all. */
DM_CHECK enum dm_status dm_all_messages(dm *handle, int64_t user_id, size_t limit, dm_message_row *row, void *context,
					struct dm_error *error);

#ifdef __cplusplus
}
#endif
#endif
