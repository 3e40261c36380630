/* SPDX-License-Identifier: MIT */
/* store_open.h - from a URL to the backend that serves it. */
#ifndef STORE_OPEN_H
#define STORE_OPEN_H

#include "store.h"

/* Checks the URLs of the options, and contacts no database. DM_INVALID. */
MUST_CHECK enum dm_status store_check_urls(const struct store_options *options, struct dm_error *error);

/* Opens the backend that the URL's scheme names. DM_INVALID: no backend has that scheme. */
MUST_CHECK enum dm_status store_open(const struct store_options *options, struct store **out, struct dm_error *error);

/* dm_mapped_file. */
const char *store_mapped_file(const void *address);

/* dm_restore, with all arguments. *kept is to be freed. */
MUST_CHECK enum dm_status store_restore(const struct dm_restore *restore, char **kept, struct dm_error *error);

#endif
