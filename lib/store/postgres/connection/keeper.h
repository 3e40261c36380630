/* SPDX-License-Identifier: MIT */
/* keeper.h - the thread that makes connections, so that no lane and no request blocks while libpq connects. */
#ifndef KEEPER_H
#define KEEPER_H

#include "connect.h"

struct keeper;

/* LINK_UP: a connection was made, and belongs to the link's user. The keeper makes one where it is wanted, and tries
 * again where that has failed. */
enum link_state { LINK_NONE, LINK_WANTED, LINK_FAILED, LINK_UP };

/* A session's place at the keeper. It is the keeper's until keeper_connect has succeeded, and its user's from then
 * until keeper_reconnect. */
struct link {
	struct link *next;
	enum link_state state;
	struct connected connected;
	int64_t connected_at; /* by the monotonic clock */
	unsigned suspicions;  /* of postgres, when it was connected */
};

/* Starts the thread. NULL where there is no memory or no thread. `postgres` must outlive it. */
MUST_CHECK struct keeper *keeper_start(struct postgres *postgres);

/* Ends the thread and frees the keeper; NULL is fine. Links stay their users'. */
void keeper_stop(struct keeper *keeper);

/* From now on the keeper connects the link whenever a connection is wanted. The link must outlive the keeper. */
void keeper_add(struct keeper *keeper, struct link *link);

/* The link's connection was lost, and finished by the caller: another is wanted. */
void keeper_reconnect(struct keeper *keeper, struct link *link);

/* Asks for a connection and waits until the attempt has ended, at most until the deadline. Fails at once where the last
 * attempt has failed. */
MUST_CHECK enum dm_status keeper_connect(struct keeper *keeper, struct link *link, int64_t deadline,
					 struct dm_error *error);

#endif
