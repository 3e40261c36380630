/* SPDX-License-Identifier: MIT */
/* ready.h - makes a session ready for batches: connected, its schema checked, its statements prepared. */
#ifndef READY_H
#define READY_H

#include "session.h"

/* Makes sure that there is a connection that answers, and that it is prepared; waits for it until the deadline. */
MUST_CHECK enum dm_status pg_session_ready(struct pg_session *session, int64_t deadline, struct dm_error *error);

/* Asks the database again whether the schema fits. The session must do nothing else: it is never prepared. */
MUST_CHECK enum dm_status pg_session_check_schema(struct pg_session *session, int64_t deadline, struct dm_error *error);

#endif
