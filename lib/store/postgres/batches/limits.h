/* SPDX-License-Identifier: MIT */
/* limits.h - the time limits of one transaction. */
#ifndef LIMITS_H
#define LIMITS_H

#include "session.h"

/* Sets the limits of this transaction where those of the connection are not enough: behind a pooler, whose connections
 * others use too, and with `without_waiting`, for an operation that is to wait for no lock. */
void pg_set_limits(struct pg_session *session, bool without_waiting);

/* Collects the result of that. False: the connection is of no use any more. */
MUST_CHECK bool pg_limits_were_set(struct pg_session *session, bool without_waiting, int64_t deadline,
				   struct dm_error *error);

#endif
