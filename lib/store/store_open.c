/* SPDX-License-Identifier: MIT */
/* store_open.c - from a URL to the backend that serves it. */
#include "store_open.h"

#include "failure.h"
#include "store_postgres.h"
#include "store_sqlite.h"

#include <string.h>

static const struct scheme {
	const char *prefix;
	enum dm_status (*check)(const struct store_options *options, const char *rest, struct dm_error *error);
	enum dm_status (*open)(const struct store_options *options, const char *rest, struct store **out,
			       struct dm_error *error);
	/* NULL: the database has a tool of its own for that. */
	enum dm_status (*restore)(const struct dm_restore *restore, const char *rest, char **kept,
				  struct dm_error *error);
} schemes[] = {
	{"sqlite://", sqlite_store_check, sqlite_store_open, sqlite_store_restore},
	{"postgresql://", postgres_store_check, postgres_store_open, NULL},
	{"postgres://", postgres_store_check, postgres_store_open, NULL},
};

/* The URL's scheme in *scheme, and what follows it in *rest. */
static enum dm_status find_scheme(const char *url, const struct scheme **scheme, const char **rest,
				  struct dm_error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t length = strlen(schemes[i].prefix);

		*scheme = &schemes[i];
		*rest = url + length;
		if (strncmp(url, schemes[i].prefix, length) == 0)
			return DM_OK;
	}
	/* The URL itself is not repeated: it may hold a password. */
	return fail(error, DM_INVALID,
		    "the database URL's scheme is not supported; use sqlite:///relative.db, sqlite:////absolute.db or "
		    "postgresql://user@host/database");
}

enum dm_status store_check_urls(const struct store_options *options, struct dm_error *error)
{
	const struct scheme *scheme;
	const char *rest;
	enum dm_status status = find_scheme(options->url, &scheme, &rest, error);

	return status == DM_OK ? scheme->check(options, rest, error) : status;
}

enum dm_status store_open(const struct store_options *options, struct store **out, struct dm_error *error)
{
	const struct scheme *scheme;
	const char *rest;
	enum dm_status status = find_scheme(options->url, &scheme, &rest, error);

	return status == DM_OK ? scheme->open(options, rest, out, error) : status;
}

const char *store_mapped_file(const void *address)
{
	return sqlite_store_mapped_file(address);
}

enum dm_status store_restore(const struct dm_restore *restore, char **kept, struct dm_error *error)
{
	const struct scheme *scheme;
	const char *rest;
	enum dm_status status = find_scheme(restore->database, &scheme, &rest, error);

	if (status == DM_OK && !scheme->restore)
		return fail(error, DM_INVALID, "a PostgreSQL database is restored by its own tools; use pg_restore");
	return status == DM_OK ? scheme->restore(restore, rest, kept, error) : status;
}
