/* SPDX-License-Identifier: MIT */
/* erasure_phase.c - the order of the work that erases a user, and of a walk over all messages of a user. */
#include "erasure_phase.h"

static bool is_needed(enum erasure_phase phase, enum dm_erase_messages messages, bool sees_all)
{
	bool is_of_hidden = phase == ERASURE_SENT_HIDDEN || phase == ERASURE_RECEIVED_HIDDEN;

	if (phase >= ERASURE_INBOX)
		return true;
	if (messages == DM_ERASE_KEEP || (is_of_hidden && sees_all))
		return false;
	return phase != ERASURE_RECEIVED_HIDDEN || messages == DM_ERASE_DELETE; /* it is hidden already */
}

void erasure_go_on(struct dm_op_user_erase *erase, bool goes_on, bool sees_all)
{
	enum erasure_phase phase = (enum erasure_phase)erase->internal.phase;

	if (!goes_on) {
		do
			phase++;
		while (!is_needed(phase, erase->messages, sees_all));
		erase->internal.phase = phase;
		erase->internal.partner = INT64_MIN;
		erase->internal.time = INT64_MIN;
		erase->internal.id = INT64_MIN;
	}
	erase->more = phase < ERASURE_ENDS;
}

void deletion_go_on(struct dm_op_user_delete *deletion, bool goes_on)
{
	if (!deletion->more)
		deletion->internal.phase = ERASURE_INBOX;
	else if (!goes_on)
		deletion->internal.phase++;
	deletion->more = deletion->internal.phase < ERASURE_RENAMES;
}

enum erasure_phase walk_begin(struct dm_op_user_messages *walk)
{
	if (!walk->more) {
		walk->internal.phase = ERASURE_CLOSES;
		walk_go_on(walk, false, false);
	}
	return (enum erasure_phase)walk->internal.phase;
}

void walk_go_on(struct dm_op_user_messages *walk, bool goes_on, bool sees_all)
{
	enum erasure_phase phase = (enum erasure_phase)walk->internal.phase;

	if (!goes_on) {
		do
			phase++;
		while (sees_all && (phase == ERASURE_SENT_HIDDEN || phase == ERASURE_RECEIVED_HIDDEN));
		walk->internal.phase = phase;
		walk->internal.partner = INT64_MIN;
		walk->internal.time = INT64_MIN;
		walk->internal.id = INT64_MIN;
	}
	walk->more = phase < ERASURE_INBOX;
}
