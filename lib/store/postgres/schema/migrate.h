/* SPDX-License-Identifier: MIT */
/* migrate.h - whether the schema is up to date, and bringing it there; on sessions that are not in pipeline mode. */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "session.h"

MUST_CHECK enum dm_status pg_schema_check(struct pg_session *session, int64_t deadline, struct dm_error *error);
/* The same, in one statement where the schema is up to date. */
MUST_CHECK enum dm_status pg_schema_still_fits(struct pg_session *session, int64_t deadline, struct dm_error *error);
MUST_CHECK enum dm_status pg_schema_migrate(struct pg_session *session, const struct store_watch *watch,
					    struct dm_error *error);

#endif
