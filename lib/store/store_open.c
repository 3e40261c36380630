/* SPDX-License-Identifier: MIT */
/* store_open.c - from a URL to the backend that serves it. */
#include "store_open.h"

#include "failure.h"
#include "store_postgres.h"
#include "store_sqlite.h"

#include <string.h>

static const struct {
	const char *prefix;
	enum dm_status (*open)(const struct store_options *options, const char *rest, struct store **out,
			       struct dm_error *error);
} schemes[] = {
	{"sqlite://", sqlite_store_open},
	{"postgresql://", postgres_store_open},
	{"postgres://", postgres_store_open},
};

enum dm_status store_open(const struct store_options *options, struct store **out, struct dm_error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t length = strlen(schemes[i].prefix);

		if (strncmp(options->url, schemes[i].prefix, length) == 0)
			return schemes[i].open(options, options->url + length, out, error);
	}
	/* The URL itself is not repeated: it may hold a password. */
	return fail(error, DM_INVALID,
		    "the database URL's scheme is not supported; use sqlite:///relative.db, sqlite:////absolute.db or "
		    "postgresql://user@host/database");
}
