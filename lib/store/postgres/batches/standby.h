/* SPDX-License-Identifier: MIT */
/* standby.h - reads from standbys: which ones, how far a standby must have come, and the way back to the primary.
 *
 * A batch of reads first asks the standby how far it has come, in the same flush. A read whose user must see more is
 * handed on to the primary; so is one that has failed, whatever the reason: a standby's failure is nobody's. */
#ifndef STANDBY_H
#define STANDBY_H

#include "session.h"

/* A standby has this part of the time that an operation has; then the primary is asked, which has all of it. */
#define PART_OF_TIME 4

/* Whether a standby may answer the operation, if it has come far enough: it is a read by one user of what messages
 * there are, and of a limited length. Who the user is, and what they may do, the primary says. */
MUST_CHECK bool standby_may_answer(const struct dm_operation *operation);

/* Whether the standby follows the primary, as far as is known: the session is of no use if not. */
MUST_CHECK bool standby_follows(const struct pg_session *session);

/* The place that the standby must have reached to answer the operation. Asked before the statements are sent. */
MUST_CHECK uint64_t standby_needed(const struct pg_session *session, const struct dm_operation *operation);

/* Asks the standby how far it has come, before and behind the reads; then reads that. False: it is no standby any more,
 * or does not answer. */
void standby_ask(struct pg_session *session);
MUST_CHECK bool standby_hear(struct pg_session *session, int64_t deadline, uint64_t *place);

/* Whether the standby's result of an operation can't stand: another may be found on the primary. */
MUST_CHECK bool standby_is_doubtful(const struct dm_operation *operation);

/* Reads the standby's place behind all reads of the flush, each of which has a snapshot of its own: no other standby
 * shows less from now on. */
void standby_hear_end(struct pg_session *session, int64_t deadline);

/* The operation was answered, by a standby or by the primary. What the primary showed the user no standby lacks from
 * now on. Called before it is completed. */
void standby_note_read(const struct pg_session *session, const struct dm_operation *operation);

/* Hands on what has waited too long, and leaves the standbys alone for a while. */
void standby_is_late(const struct pg_session *session, struct dm_operation *operation);

/* Hands operations on to the primary, as there is room in its queue: a standby that hangs leaves many at once. */
void standby_hand_on(const struct pg_session *session, struct dm_operation *const *operations, size_t count);

#endif
