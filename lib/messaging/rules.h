/* SPDX-License-Identifier: MIT */
/* rules.h - who may send what to whom. Pure: they look at their arguments and nothing else. */
#ifndef RULES_H
#define RULES_H

#include "attributes.h"
#include "directmessages.h"

struct rules {
	int64_t *allowed_recipients; /* owned; none: everybody may message everybody */
	size_t allowed_recipients_count;
	size_t max_content_length; /* characters */
};

/* DM_OK, or the first rule that forbids it: the content's (DM_INVALID), DM_SELF, DM_NOT_ALLOWED. The sentences are
 * those that the wire contract gives to clients. */
MUST_CHECK enum dm_status rules_check_send(const struct rules *rules, int64_t sender_id, int64_t recipient_id,
					   struct dm_text content, struct dm_error *error);

/* Django's limits of auth_user: what its forms would refuse, we refuse. */
MUST_CHECK enum dm_status rules_check_new_user(const struct dm_op_user_create *user, struct dm_error *error);

/* One that signature_make of a worker can use; see secret.h. */
MUST_CHECK enum dm_status rules_check_secret(struct dm_text secret, struct dm_error *error);

/* A URL that can be printed in a line, at least one event, such a secret. */
MUST_CHECK enum dm_status rules_check_new_webhook(const struct dm_op_webhook_create *webhook, struct dm_error *error);

#endif
