/* SPDX-License-Identifier: MIT */
/* shapes.h - the JSON objects that clients see, one function each (contract.md). */
#ifndef SHAPES_H
#define SHAPES_H

#include "buffer.h"
#include "directmessages.h"

/* The message as `viewer_id` sees it: its direction is "in" if that is the recipient. */
void shape_message(struct buffer *out, const struct dm_message *message, int64_t viewer_id);
/* The maximum length of what shape_message writes for a message with this content. */
size_t shape_message_max_length(struct span content);

/* The message as nobody in particular sees it, without a direction. */
void shape_plain_message(struct buffer *out, const struct dm_message *message);
/* The same with the users' names, and who has hidden it. */
void shape_stored_message(struct buffer *out, const struct dm_stored_message *stored);

/* Lines of an export, with the line's end: the person, whom they block, and each message as they would see
 * it. */
void shape_exported_user(struct buffer *out, const struct dm_user *user);
void shape_exported_block(struct buffer *out, const struct dm_blocked *blocked);
void shape_exported_message(struct buffer *out, const struct dm_stored_message *stored, int64_t user_id);

/* What an erasure has done; `complete`: nothing is left. */
void shape_erased(struct buffer *out, int64_t user_id, const struct dm_erased *erased, bool complete);

/* A conversation in the viewer's inbox. */
void shape_inbox_entry(struct buffer *out, const struct dm_inbox_entry *entry, int64_t viewer_id);

void shape_partner(struct buffer *out, const struct dm_user *user);
/* A user whom another one blocks. */
void shape_blocked(struct buffer *out, const struct dm_blocked *blocked);
/* A user as administration sees one: all that there is. */
void shape_user(struct buffer *out, const struct dm_user *user);
void shape_unread_of_partner(struct buffer *out, const struct dm_unread *unread);
/* What marking came to: `unread` says whether messages were marked as unread. */
void shape_marked(struct buffer *out, int64_t partner_id, bool unread, int64_t marked, int64_t unread_count);
void shape_all_marked(struct buffer *out, int64_t marked);

/* {"<name>":<message_id>,"partner_id":...}: what a user has hidden. */
void shape_hidden(struct buffer *out, const char *name, int64_t message_id, int64_t partner_id);

void shape_unread_total(struct buffer *out, int64_t user_id, int64_t count);
void shape_token(struct buffer *out, const char *token);
void shape_ticket(struct buffer *out, const char *ticket);

/* The body of a webhook: `type` is as in delivery_type; the delivery was claimed and has its message. The
 * message has no direction, since no user in particular sees it. */
void shape_webhook(struct buffer *out, const char *type, const struct dm_delivery *delivery);

/* The body that 'directmessages webhook test' sends. */
void shape_webhook_test(struct buffer *out, int64_t at, int64_t webhook_id);

void shape_error(struct buffer *out, struct span detail);

/* The response to OPTIONS; `renders` is the media type of the resource, which reads JSON and maybe forms; `actions` is
 * JSON or NULL. */
void shape_metadata(struct buffer *out, const char *name, const char *renders, bool json_alone, const char *actions);

#endif
