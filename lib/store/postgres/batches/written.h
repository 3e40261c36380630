/* SPDX-License-Identifier: MIT */
/* written.h - the primary tells its place in the write-ahead log, and what was written before it is noted for the reads
 * from standbys. All of it does nothing where there are none. */
#ifndef WRITTEN_H
#define WRITTEN_H

#include "session.h"

/* Asks for the place, behind a COMMIT or behind reads. */
void written_ask(struct pg_session *session);

/* Reads it; 0: it is not known. The session is of no use any more where session_drain fails then. */
MUST_CHECK uint64_t written_hear(struct pg_session *session, int64_t deadline);

/* The operations were committed before the place. Called before anybody is told so. */
void written_note(const struct pg_session *session, struct dm_operation *const *operations, size_t count,
		  uint64_t place);

/* It is not known whether something was committed. */
void written_unknown(const struct pg_session *session);

/* Asks with a flush of reads, if it is time. True: written_sample is to be called with the time of this call. */
MUST_CHECK bool written_ask_now_and_then(struct pg_session *session, int64_t now);
void written_sample(struct pg_session *session, int64_t deadline, int64_t asked_at);

/* Asks for the timeline, when the session is prepared: of the primary, or of a standby. */
MUST_CHECK enum dm_status written_ask_timeline(struct pg_session *session, int64_t deadline, struct dm_error *error);

#endif
