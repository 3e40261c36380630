/* SPDX-License-Identifier: MIT */
/* keeper.h - the thread that makes connections, so that no lane, and nobody's request, blocks in libpq's connecting. */
#ifndef KEEPER_H
#define KEEPER_H

#include "session.h"

void keeper_init(struct keeper *keeper);
MUST_CHECK enum dm_status keeper_start(struct keeper *keeper, struct dm_error *error);
void keeper_stop(struct keeper *keeper); /* also where it was not started */

/* From now on the keeper connects the session whenever it is wanted. */
void keeper_add(struct keeper *keeper, struct session *session);

/* The session has lost its connection and wants another. */
void keeper_reconnect(struct keeper *keeper, struct session *session);

/* Asks for a connection and waits for the outcome of the attempt, at most until the deadline. Where the last attempt
 * has failed it says so at once. */
MUST_CHECK enum dm_status keeper_connect(struct keeper *keeper, struct session *session, int64_t deadline,
					 struct dm_error *error);

#endif
