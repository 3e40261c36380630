/* SPDX-License-Identifier: MIT */
/* written.h - what was written is noted for the reads from standbys, and the primary tells its place in the write-ahead
 * log. All of it does nothing where there are none. */
#ifndef WRITTEN_H
#define WRITTEN_H

#include "session.h"

/* The operations were committed. Called before anybody is told so. */
void written_note(const struct pg_session *session, struct dm_operation *const *operations, size_t count);

/* It is not known whether something was committed. */
void written_note_unknown(const struct pg_session *session);

/* Asks the primary for its place with a flush of reads, if it is time. True: written_sample is to read the result; it
 * gets the time of this call. It gives false where the result has not come: then no result that follows may be read,
 * for it would be taken for another's. */
MUST_CHECK bool written_ask(struct pg_session *session, int64_t now);
MUST_CHECK bool written_sample(struct pg_session *session, int64_t deadline, int64_t asked_at);

/* Asks for the timeline, when the session is prepared: of the primary, or of a standby. */
MUST_CHECK enum dm_status written_ask_timeline(struct pg_session *session, int64_t deadline, struct dm_error *error);

#endif
