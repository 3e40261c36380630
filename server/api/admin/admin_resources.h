/* SPDX-License-Identifier: MIT */
/* admin_resources.h - the resources for who administrates, one file each. */
#ifndef ADMIN_RESOURCES_H
#define ADMIN_RESOURCES_H

#include "route.h"

/* admin_users.c */
exchange_step admin_users_get;

/* admin_erase.c */
exchange_step admin_erase_post;

/* admin_export.c */
exchange_step admin_export_get;

/* admin_messages.c */
exchange_step admin_messages_get, admin_messages_post;

/* admin_message.c */
exchange_step admin_message_delete;

/* admin_webhooks.c */
exchange_step admin_webhooks_get, admin_webhooks_post;

/* admin_webhook.c */
exchange_step admin_webhook_get, admin_webhook_patch, admin_webhook_delete;

/* admin_deliveries.c */
exchange_step admin_deliveries_get;

/* admin_redeliver.c */
exchange_step admin_redeliver_post;

/* admin_user.c */
exchange_step admin_user_get, admin_user_put, admin_user_delete;

/* admin_token.c */
exchange_step admin_token_post, admin_token_delete;

#endif
