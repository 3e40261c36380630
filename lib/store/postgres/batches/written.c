/* SPDX-License-Identifier: MIT */
/* written.c - what was written, and the place of the primary. */
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

/* Notes whose lists and pages have changed. What others are told of a message that was marked, and then look for, is
 * noted where that is passed on. */
static void note(struct freshness *freshness, const struct dm_operation *operation, int64_t now)
{
	switch (operation->kind) {
	case DM_OP_SEND:
		freshness_note(freshness, operation->send.sender_id, now);
		freshness_note(freshness, operation->send.recipient_id, now);
		break;
	case DM_OP_MARK_CONVERSATION_READ:
		freshness_note(freshness, operation->mark_conversation_read.user_id, now);
		break;
	case DM_OP_MARK_ALL_READ:
		freshness_note(freshness, operation->mark_all_read.user_id, now);
		break;
	case DM_OP_MARK_UNREAD:
		freshness_note(freshness, operation->mark_unread.user_id, now);
		freshness_note(freshness, operation->mark_unread.partner_id, now);
		break;
	case DM_OP_HIDE:
		freshness_note(freshness, operation->hide.user_id, now);
		break;
	case DM_OP_HIDE_CONVERSATION:
		freshness_note(freshness, operation->hide_conversation.user_id, now);
		break;
	case DM_OP_BLOCK:
		freshness_note(freshness, operation->block.user_id, now);
		break;
	case DM_OP_UNBLOCK:
		freshness_note(freshness, operation->unblock.user_id, now);
		break;
	case DM_OP_INBOX_MEND:
		freshness_note(freshness, operation->inbox_mend.user_id, now);
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
		freshness_note_all(freshness, now);
	}
}

void written_note(const struct pg_session *session, struct dm_operation *const *operations, size_t count)
{
	struct freshness *freshness = session->postgres->freshness;
	int64_t now = freshness ? clock_monotonic() : 0;

	for (size_t i = 0; freshness && i < count; i++)
		note(freshness, operations[i], now);
}

void written_note_unknown(const struct pg_session *session)
{
	if (session->postgres->freshness)
		freshness_note_all(session->postgres->freshness, clock_monotonic());
}

bool written_ask(struct pg_session *session, int64_t now)
{
	struct freshness *freshness = session->postgres->freshness;

	return freshness && freshness_wants_sample(freshness, now) && session_send(session, PLACE, NULL);
}

bool written_sample(struct pg_session *session, int64_t deadline, int64_t asked_at)
{
	struct dm_error ignored = {0};
	PGresult *result;

	do {
		if (!session_result(session, deadline, &result, &ignored))
			return false;
		if (result && PQresultStatus(result) == PGRES_TUPLES_OK)
			freshness_sample(session->postgres->freshness, (uint64_t)pg_int(result, 0, 0), asked_at);
		PQclear(result);
	} while (result);
	return true;
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
