/* SPDX-License-Identifier: MIT */
/* setup.h - from a URL and the options to what all sessions on a database share. */
#ifndef SETUP_H
#define SETUP_H

#include "postgres.h"

/* Reads the URL and the options; pg_add_all_statements adds the statements. DM_INVALID where libpq can't read the URL.
 * To be released in either case. */
MUST_CHECK enum dm_status postgres_init(struct postgres *postgres, const struct store_options *options,
					struct dm_error *error);
void postgres_release(struct postgres *postgres);

#endif
