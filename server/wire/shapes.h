/* SPDX-License-Identifier: MIT */
/* shapes.h - the JSON objects that clients see, one function each (contract.md). */
#ifndef SHAPES_H
#define SHAPES_H

#include "buffer.h"
#include "directmessages.h"

/* `viewer_id` is who asked: the direction of a message is "in" where that is its recipient. */
void shape_message(struct buffer *out, const struct dm_message *message, int64_t viewer_id);
/* No message with this content is longer than that. */
size_t shape_message_most(struct span content);

void shape_partner(struct buffer *out, const struct dm_user *user);
void shape_unread_of_partner(struct buffer *out, const struct dm_unread *unread);
void shape_unread_total(struct buffer *out, int64_t user_id, int64_t count);
void shape_ticket(struct buffer *out, const char *ticket);

/* What an endpoint of webhooks is sent: `type` is "message.sent" or "message.read", `at` when it happened; the message
 * is that of shape_message without a direction, since nobody in particular looks at it. */
void shape_webhook(struct buffer *out, const char *type, int64_t at, const struct dm_message *message,
		   const struct dm_user *from_user, const struct dm_user *to);

/* What 'directmessages webhook test' sends: nothing has happened but that. */
void shape_webhook_test(struct buffer *out, int64_t at, int64_t webhook_id);

void shape_error(struct buffer *out, struct span detail);

/* What OPTIONS tells of an endpoint; `renders` is the media type of what it answers, `actions` its JSON, NULL for none.
 */
void shape_metadata(struct buffer *out, const char *name, const char *renders, const char *actions);

#endif
