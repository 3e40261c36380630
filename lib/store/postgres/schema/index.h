/* SPDX-License-Identifier: MIT */
/* index.h - makes the indexes of a migration step without stopping anybody, on a table and on a partitioned one. */
#ifndef INDEX_H
#define INDEX_H

#include "migration_runner.h"
#include "session.h"

/* Makes an index, unless there is a valid one. Of a partitioned table it makes those of the partitions; index_join then
 * makes the table's own. */
MUST_CHECK enum dm_status index_make(struct pg_session *session, const struct migration_index *index,
				     const struct store_watch *watch, struct dm_error *error);

/* Makes one index of those of the partitions, which takes milliseconds; nothing where the table has none. In a
 * transaction of the caller's, which limits the wait for locks: nobody writes to the table until it ends. DM_SCHEMA:
 * somebody has left one behind that can't be made valid; the error says what to do. */
MUST_CHECK enum dm_status index_join(struct pg_session *session, const struct migration_index *index,
				     struct dm_error *error);

#endif
