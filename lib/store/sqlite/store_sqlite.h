/* SPDX-License-Identifier: MIT */
/* store_sqlite.h - opening the SQLite backend; all that the rest of the tree sees of it. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store.h"

/* DM_INVALID: the URL names no file; there are to be standbys. */
MUST_CHECK enum dm_status sqlite_store_check(const struct store_options *options, const char *rest,
					     struct dm_error *error);

/* `rest` is what follows "sqlite://": "/relative/path" or "//absolute/path". */
MUST_CHECK enum dm_status sqlite_store_open(const struct store_options *options, const char *rest, struct store **out,
					    struct dm_error *error);

/* dm_mapped_file. */
const char *sqlite_store_mapped_file(const void *address);

/* dm_restore, with all arguments. `rest` as above. */
MUST_CHECK enum dm_status sqlite_store_restore(const struct dm_restore *restore, const char *rest, char **kept,
					       struct dm_error *error);

#endif
