/* SPDX-License-Identifier: MIT */
/* admin_webhook.h - the endpoint of webhooks that a path of administration names. */
#ifndef ADMIN_WEBHOOK_H
#define ADMIN_WEBHOOK_H

#include "exchange.h"

#define ADMIN_NO_WEBHOOK "No Webhook matches the given query."

/* How long a request about webhooks works in pieces, in microseconds. */
#define ADMIN_MAX_TIME INT64_C(2000000)

/* Looks the endpoint up, and lends it to `on_webhook`; `then` follows. */
enum http_outcome admin_webhook_find(struct exchange *exchange, dm_webhook_row *on_webhook, exchange_step *then);

#endif
