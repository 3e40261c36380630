/* SPDX-License-Identifier: MIT */
/* migrate.h - whether the schema is up to date, and bringing it there. */
#ifndef MIGRATE_H
#define MIGRATE_H

#include "session.h"

MUST_CHECK enum dm_status schema_check(struct sqlite_session *session, struct dm_error *error);
MUST_CHECK enum dm_status schema_migrate(struct sqlite_session *session, const struct store_watch *watch,
					 struct dm_error *error);

/* DM_OP_CHECK_SCHEMA. */
enum dm_status schema_still_fits(struct sqlite_session *session, struct dm_operation *operation);

#endif
