/* SPDX-License-Identifier: MIT */
/* store_postgres.h - opening the PostgreSQL backend; all that the rest of the tree sees of it. */
#ifndef STORE_POSTGRES_H
#define STORE_POSTGRES_H

#include "store.h"

/* DM_INVALID: libpq can't read the URL. */
MUST_CHECK enum dm_status postgres_store_check(const struct store_options *options, const char *rest,
					       struct dm_error *error);

/* The whole URL is libpq's. */
MUST_CHECK enum dm_status postgres_store_open(const struct store_options *options, const char *rest, struct store **out,
					      struct dm_error *error);

#endif
