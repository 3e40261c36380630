/* SPDX-License-Identifier: MIT */
/* written.c - what was written before which place in the write-ahead log. */
#include "written.h"

#include "clock.h"

/* A standby that follows the primary is on its timeline as soon as it receives from it, if this user may know that
 * (pg_read_all_stats), else with its next restart point. One that had got more than the standby that was promoted can't
 * follow, and stays on the old one. */
static const char timeline_of_standby[] =
	"SELECT greatest((SELECT timeline_id FROM pg_control_checkpoint()),"
	" (SELECT min_recovery_end_timeline FROM pg_control_recovery()), (SELECT received_tli FROM pg_stat_wal_receiver))"
	"::bigint";
static const char timeline_of_primary[] =
	"SELECT CASE WHEN NOT pg_is_in_recovery() THEN"
	" ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint END";

void written_ask(struct pg_session *session)
{
	if (session->postgres->freshness)
		session_send(session, PLACE, NULL);
}

uint64_t written_hear(struct pg_session *session, int64_t deadline)
{
	struct dm_error ignored = {0};
	PGresult *result = NULL, *end = NULL;
	uint64_t place = 0;

	if (!session->postgres->freshness || !session_result(session, deadline, &result, &ignored))
		return 0;
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		place = (uint64_t)pg_int(result, 0, 0);
	PQclear(result);
	if (!session_result(session, deadline, &end, &ignored))
		return 0;
	return place;
}

/* Notes whose lists and pages have changed. What others are told of a message that was marked, and then look for, is
 * noted where that is passed on. */
static void note(struct freshness *freshness, const struct dm_operation *operation)
{
	switch (operation->kind) {
	case DM_OP_SEND:
		freshness_note(freshness, operation->send.sender_id);
		freshness_note(freshness, operation->send.recipient_id);
		break;
	case DM_OP_MARK_CONVERSATION_READ:
		freshness_note(freshness, operation->mark_conversation_read.user_id);
		break;
	case DM_OP_MARK_ALL_READ:
		freshness_note(freshness, operation->mark_all_read.user_id);
		break;
	case DM_OP_MARK_UNREAD:
		freshness_note(freshness, operation->mark_unread.user_id);
		freshness_note(freshness, operation->mark_unread.partner_id);
		break;
	case DM_OP_HIDE:
		freshness_note(freshness, operation->hide.user_id);
		break;
	case DM_OP_HIDE_CONVERSATION:
		freshness_note(freshness, operation->hide_conversation.user_id);
		break;
	case DM_OP_BLOCK:
		freshness_note(freshness, operation->block.user_id);
		break;
	case DM_OP_UNBLOCK:
		freshness_note(freshness, operation->unblock.user_id);
		break;
	case DM_OP_INBOX_MEND:
		freshness_note(freshness, operation->inbox_mend.user_id);
		break;
	case DM_OP_MARK_READ: /* noted with its message */
	case DM_OP_INBOX_FOLD:
	case DM_OP_EVENTS_TRIM:
	case DM_OP_TICKET_CREATE:
	case DM_OP_TICKET_REDEEM:
	case DM_OP_TOKEN_CREATE:
	case DM_OP_TOKEN_REVOKE:
	case DM_OP_DELIVERIES_CLAIM: /* noted with its messages */
	case DM_OP_DELIVERY_RESULT:
	case DM_OP_DELIVERY_REQUEUE:
	case DM_OP_DELIVERIES_REQUEUE:
	case DM_OP_DELIVERIES_TRIM:
		break; /* nobody reads that from a standby */
	default:
		freshness_note_all(freshness);
	}
}

void written_note(const struct pg_session *session, struct dm_operation *const *operations, size_t count,
		  uint64_t place)
{
	struct freshness *freshness = session->postgres->freshness;

	if (!freshness)
		return;
	if (place == 0) {
		freshness_note_unknown(freshness, clock_monotonic());
		return;
	}
	freshness_reach(freshness, place);
	for (size_t i = 0; i < count; i++)
		note(freshness, operations[i]);
}

void written_unknown(const struct pg_session *session)
{
	if (session->postgres->freshness)
		freshness_note_unknown(session->postgres->freshness, clock_monotonic());
}

bool written_ask_now_and_then(struct pg_session *session, int64_t now)
{
	struct freshness *freshness = session->postgres->freshness;

	if (!freshness || !freshness_wants_sample(freshness, now))
		return false;
	written_ask(session);
	return true;
}

void written_sample(struct pg_session *session, int64_t deadline, int64_t asked_at)
{
	freshness_sample(session->postgres->freshness, written_hear(session, deadline), asked_at);
}

enum dm_status written_ask_timeline(struct pg_session *session, int64_t deadline, struct dm_error *error)
{
	static const struct parameters none = {.count = 0};
	const struct postgres *postgres = session->postgres;
	PGresult *result = NULL;
	enum dm_status status;

	if (!postgres->freshness)
		return DM_OK;
	status = session_execute(session, postgres->is_standby ? timeline_of_standby : timeline_of_primary, &none,
				 deadline, &result, error);
	if (status == DM_OK)
		session->timeline = pg_int(result, 0, 0);
	if (status == DM_OK && !postgres->is_standby && session->timeline != 0)
		freshness_set_timeline(postgres->freshness, session->timeline);
	PQclear(result);
	return status;
}
