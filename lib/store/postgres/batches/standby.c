/* SPDX-License-Identifier: MIT */
/* standby.c - reads from standbys. */
#include "standby.h"

#include "clock.h"
#include "lane.h"
#include "operation_kinds.h"

bool standby_may_answer(const struct dm_operation *operation)
{
	switch (operation->kind) {
	case DM_OP_UNREAD_COUNT:
	case DM_OP_UNREAD_BY_PARTNER:
	case DM_OP_PARTNERS:
	case DM_OP_CONVERSATION:
	case DM_OP_INBOX:
		return !operation_is_unlimited(operation);
	case DM_OP_MESSAGE:
		return operation->message.user_id != 0;
	case DM_OP_EVENTS: /* a replay */
		return operation->events.user_id != 0 && operation->events.limit > 0;
	default:
		return false;
	}
}

/* Whether the result shows a user what a standby may be asked for next, and whom. */
static bool shows_messages(const struct dm_operation *operation, int64_t *user_id)
{
	switch (operation->kind) {
	case DM_OP_UNREAD_COUNT:
		*user_id = operation->unread_count.user_id;
		return true;
	case DM_OP_UNREAD_BY_PARTNER:
		*user_id = operation->unread_by_partner.user_id;
		return true;
	case DM_OP_PARTNERS:
		*user_id = operation->partners.user_id;
		return true;
	case DM_OP_CONVERSATION:
		*user_id = operation->conversation.user_id;
		return true;
	case DM_OP_INBOX:
		*user_id = operation->inbox.user_id;
		return true;
	case DM_OP_UNREAD_MESSAGES:
		*user_id = operation->unread_messages.user_id;
		return true;
	case DM_OP_BLOCKS:
		*user_id = operation->blocks.user_id;
		return true;
	case DM_OP_MESSAGE:
		*user_id = operation->message.user_id;
		return standby_may_answer(operation);
	case DM_OP_EVENTS:
		*user_id = operation->events.user_id;
		return standby_may_answer(operation);
	default:
		return false;
	}
}

bool standby_follows(const struct pg_session *session)
{
	return freshness_timeline(session->postgres->freshness) == session->timeline;
}

uint64_t standby_needed(const struct pg_session *session, const struct dm_operation *operation)
{
	int64_t user_id;

	if (!shows_messages(operation, &user_id))
		return PLACE_BEYOND; /* the primary must answer */
	return freshness_needed(session->postgres->freshness, user_id, clock_monotonic());
}

void standby_ask(struct pg_session *session)
{
	session_send(session, PLACE_REPLAYED, NULL);
}

bool standby_hear(struct pg_session *session, int64_t deadline, uint64_t *place)
{
	struct dm_error ignored = {0};
	PGresult *result = NULL, *end = NULL;

	*place = 0;
	if (!session_result(session, deadline, &result, &ignored))
		return false;
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		*place = (uint64_t)pg_int(result, 0, 0);
	PQclear(result);
	return session_result(session, deadline, &end, &ignored) && *place != 0;
}

bool standby_is_doubtful(const struct dm_operation *operation)
{
	return operation->status != DM_OK ||
	       (operation->kind == DM_OP_INBOX && operation->inbox.lack != DM_INBOX_LACKS_NOTHING);
}

void standby_hear_end(struct pg_session *session, int64_t deadline)
{
	uint64_t place;

	if (standby_hear(session, deadline, &place))
		freshness_shown(session->postgres->freshness, place);
}

void standby_note_read(const struct pg_session *session, const struct dm_operation *operation)
{
	struct freshness *freshness = session->postgres->freshness;
	int64_t user_id;

	if (session->primary)
		freshness_answered(freshness);
	else if (freshness && shows_messages(operation, &user_id))
		freshness_note(freshness, user_id, clock_monotonic());
}

void standby_is_late(const struct pg_session *session, struct dm_operation *operation)
{
	freshness_pause(session->postgres->freshness, clock_monotonic());
	standby_hand_on(session, &operation, 1);
}

void standby_hand_on(const struct pg_session *session, struct dm_operation *const *operations, size_t count)
{
	int64_t most = session->postgres->limits.queue * PART_OF_TIME;

	freshness_fell_back(session->postgres->freshness, count);
	for (size_t i = 0; i < count; i++) {
		operations[i]->status = DM_OK;
		operations[i]->error = (struct dm_error){0};
		lane_hand_on(session->primary, operations[i], operations[i]->internal.queued_at + most);
	}
}
