/* SPDX-License-Identifier: MIT */
/* rules.h - what content, users and webhooks are allowed, and who may message whom. They look at nothing but their
 * arguments. */
#ifndef RULES_H
#define RULES_H

#include "attributes.h"
#include "directmessages.h"

struct rules {
	int64_t *allowed_recipients; /* owned; empty: everybody may message everybody */
	size_t allowed_recipients_count;
	size_t max_content_length; /* characters */
	int64_t partners_max;      /* new partners that a user may have in the period */
	int64_t partners_period;   /* microseconds; 0: no limit */
};

/* DM_OK, or the first rule that forbids it: DM_INVALID (the content), DM_SELF, DM_NOT_ALLOWED. The errors
 * have the texts that the wire contract gives to clients. */
MUST_CHECK enum dm_status rules_check_send(const struct rules *rules, const struct dm_op_send *send,
					   struct dm_error *error);

/* Whether the number of new partners is limited for this send. */
bool rules_limit_partners(const struct rules *rules, const struct dm_op_send *send);

/* DM_SELF. */
MUST_CHECK enum dm_status rules_check_block(int64_t user_id, int64_t blocked_id, struct dm_error *error);

/* Refuses what Django's forms for auth_user refuse. DM_INVALID. */
MUST_CHECK enum dm_status rules_check_new_user(const struct dm_op_user_create *user, struct dm_error *error);

/* The same; the name of a user who is only changed may be any. */
MUST_CHECK enum dm_status rules_check_user_put(const struct dm_op_user_put *user, struct dm_error *error);

/* Checks the form of a webhook's secret: see secret.h. DM_INVALID. */
MUST_CHECK enum dm_status rules_check_secret(struct dm_text secret, struct dm_error *error);

/* Checks that the URL can be printed in a line, that there is at least one event, and the secret. DM_INVALID. */
MUST_CHECK enum dm_status rules_check_new_webhook(const struct dm_op_webhook_create *webhook, struct dm_error *error);

/* The same, of what is given. */
MUST_CHECK enum dm_status rules_check_webhook_update(const struct dm_op_webhook_update *change, struct dm_error *error);

#endif
