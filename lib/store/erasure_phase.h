/* SPDX-License-Identifier: MIT */
/* erasure_phase.h - the order of the work that erases a user, and of a walk over all messages of a user. */
#ifndef ERASURE_PHASE_H
#define ERASURE_PHASE_H

#include "attributes.h"
#include "directmessages.h"

/* Last the user is renamed: until then a rerun finds the user by the old name. */
enum erasure_phase {
	ERASURE_CLOSES,      /* nothing new comes from the user after this */
	ERASURE_SENT,        /* messages that the user sent, by (recipient, time, id) or by id */
	ERASURE_SENT_HIDDEN, /* those that the user has hidden, where ERASURE_SENT can't see them */
	ERASURE_RECEIVED,    /* the same for what the user received */
	ERASURE_RECEIVED_HIDDEN,
	ERASURE_INBOX,  /* rows of the user's own inbox */
	ERASURE_KEYS,   /* idempotency keys */
	ERASURE_BLOCKS, /* of the user, and of others against the user */
	ERASURE_RENAMES,
	ERASURE_ENDS
};

/* Sets `more` and the phase: this one again if it `goes_on`, otherwise the next one, from its start. `sees_all`: the
 * store needs no phases of their own for hidden messages. */
void erasure_go_on(struct dm_op_user_erase *erase, bool goes_on, bool sees_all);

/* The same for a user who was deleted, without messages: from ERASURE_INBOX on what else is stored about them. */
void deletion_go_on(struct dm_op_user_delete *deletion, bool goes_on);

/* The same for a walk, which has the four phases of messages. walk_begin is called before each piece, and gives its
 * phase. */
enum erasure_phase walk_begin(struct dm_op_user_messages *walk);
void walk_go_on(struct dm_op_user_messages *walk, bool goes_on, bool sees_all);

#endif
