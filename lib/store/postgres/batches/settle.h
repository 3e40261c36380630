/* SPDX-License-Identifier: MIT */
/* settle.h - the end of a batch that was committed: a block holds only when the sends that could not see it are over.
 */
#ifndef SETTLE_H
#define SETTLE_H

#include "session.h"

/* Completes the operations of a committed transaction. A block is parked while a send of another server is under way
 * that began before the commit, and comes back as settle_is_left. */
void settle(struct pg_session *session, struct dm_operation **operations, size_t count, int64_t deadline);

/* Whether the operation has been committed, and waits for sends. */
bool settle_is_left(const struct dm_operation *operation);

#endif
