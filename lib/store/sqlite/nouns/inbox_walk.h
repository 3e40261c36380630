/* SPDX-License-Identifier: MIT */
/* inbox_walk.h - walks the table of inboxes, and compares each row with the last message itself. */
#ifndef INBOX_WALK_H
#define INBOX_WALK_H

#include "arena.h"
#include "session.h"

/* A conversation in its place: the last message that the user can see. */
struct inbox_place {
	int64_t partner_id;
	bool has_user; /* false: the partner's user is gone */
	struct dm_user partner;
	struct dm_message message; /* without content; id 0: there is none, or the partner's user is gone */
	bool is_wrong;             /* the table has another time or id */
	bool is_blocked;           /* the user blocks the partner */
};

struct inbox_walk {
	int64_t user_id;
	bool has_position;
	int64_t position; /* begin behind this time and id */
	int64_t row_id;
	int64_t limit;                                                    /* rows of the table */
	bool (*on_place)(void *context, const struct inbox_place *place); /* false: no more are wanted */
	void *context;
};

/* Calls on_place for each row, newest first. Rows may be lent while others are still read. */
MUST_CHECK enum dm_status inbox_walk(struct sqlite_session *session, const struct inbox_walk *walk,
				     struct dm_error *error);

/* Copies the texts of a place that on_place was lent. Whether there was memory is said by the arena. */
void inbox_keep(struct inbox_place *place, struct arena *arena);

/* Finds the place of a conversation, by the last message between the two that the user can see. Its texts are in the
 * arena. */
MUST_CHECK enum dm_status inbox_last(struct sqlite_session *session, int64_t user_id, int64_t partner_id,
				     struct inbox_place *place, struct arena *arena, struct dm_error *error);

#endif
