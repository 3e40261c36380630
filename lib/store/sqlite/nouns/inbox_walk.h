/* SPDX-License-Identifier: MIT */
/* inbox_walk.h - walks the table of inboxes, and compares each row with the last message itself. */
#ifndef INBOX_WALK_H
#define INBOX_WALK_H

#include "session.h"

/* A conversation in its place: the last message that the user can see. */
struct inbox_place {
	int64_t partner_id;
	struct dm_message message; /* without content; id 0: there is none, or the partner's user is gone */
	bool is_wrong;             /* the table has another time or id */
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

/* Finds the last message between the two that the user can see, and whether the partner's user exists. */
MUST_CHECK enum dm_status inbox_last(struct sqlite_session *session, int64_t user_id, int64_t partner_id,
				     struct inbox_place *place, struct dm_error *error);

#endif
