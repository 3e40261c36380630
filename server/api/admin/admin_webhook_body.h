/* SPDX-License-Identifier: MIT */
/* admin_webhook_body.h - what a body says of an endpoint. */
#ifndef ADMIN_WEBHOOK_BODY_H
#define ADMIN_WEBHOOK_BODY_H

#include "attributes.h"
#include "exchange.h"
#include "signature.h"

/* Reads the body. What is not given is without data, 0 or DM_ACTIVE_KEEP; the webhook_id stays. `made` holds a secret
 * that was asked for. False after it has responded: return HTTP_RESPOND. */
MUST_CHECK bool admin_read_new_webhook(struct exchange *exchange, struct dm_op_webhook_create *webhook,
				       char made[SECRET_SIZE]);
MUST_CHECK bool admin_read_webhook_change(struct exchange *exchange, struct dm_op_webhook_update *change,
					  char made[SECRET_SIZE]);

#endif
