/* SPDX-License-Identifier: MIT */
/* url.h - what the URL says: the database's name for people, and the settings of its sessions. */
#ifndef URL_H
#define URL_H

#include "postgres.h"

/* Fills in `name` and `server_options`, from the URL and the limits. DM_INVALID where libpq can't read the URL. */
MUST_CHECK enum dm_status url_read(struct postgres *postgres, struct dm_error *error);

#endif
