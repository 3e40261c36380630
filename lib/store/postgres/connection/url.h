/* SPDX-License-Identifier: MIT */
/* url.h - what the URL says: the database's name for people, and the settings of its sessions. */
#ifndef URL_H
#define URL_H

#include "postgres.h"

/* DM_INVALID: libpq can't read the URL, or its host or port can't be one. */
MUST_CHECK enum dm_status url_check(const char *url, struct dm_error *error);

/* Fills in `name` and `server_options`, from the URL and the limits. DM_INVALID as above. */
MUST_CHECK enum dm_status url_read(struct postgres *postgres, struct dm_error *error);

#endif
