/* SPDX-License-Identifier: MIT */
/* admin_resources.h - the resources for who administrates, one file each. */
#ifndef ADMIN_RESOURCES_H
#define ADMIN_RESOURCES_H

#include "route.h"

/* admin_users.c */
exchange_step admin_users_get;

/* admin_user.c */
exchange_step admin_user_get, admin_user_put, admin_user_delete;

/* admin_token.c */
exchange_step admin_token_post, admin_token_delete;

#endif
