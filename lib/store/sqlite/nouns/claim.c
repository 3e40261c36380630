/* SPDX-License-Identifier: MIT */
/* claim.c - gives deliveries to a worker: those that are due, and new ones that are made from the event log.
 *
 * A delivery that waits and one that is under way look alike. A claim sets next_at to the time when the claim ends, so
 * the delivery of a worker that has died is due at that time. */
#include "nouns.h"

#include "clock.h"
#include "event_match.h"
#include "failure.h"

#define DELIVERIES "directmessages_delivery"

/* How many events a claim looks at, where the endpoint wants few of them: about 1 ms. */
#define LOG_WINDOW 10000

#define NOTHING_CLAIMED INT64_MIN /* in place of the time when a claim ends */

const struct sqlite_statement_text claim_statements[] = {
	{CLAIM_PLACE, "SELECT events, position, (SELECT max(id) FROM directmessages_event) FROM directmessages_webhook"
		      " WHERE id = ?1 AND is_active"},
	{CLAIM_IS_TAKEN, "SELECT 1 FROM " DELIVERIES " WHERE webhook_id = ?1 AND state = 0 AND next_at = ?2"},
	{CLAIM_DUE, "UPDATE " DELIVERIES " SET attempts = attempts + 1, next_at = ?2 WHERE id IN (SELECT id FROM"
		    " (SELECT id FROM " DELIVERIES
		    " WHERE webhook_id = ?1 AND state = 0 AND next_at <= ?3 ORDER BY next_at LIMIT ?4)"
		    " UNION ALL SELECT id FROM (SELECT id FROM " DELIVERIES
		    " WHERE webhook_id = ?1 AND state = 0 AND next_at > ?5 ORDER BY next_at LIMIT ?4) LIMIT ?4)"},
	{CLAIM_END, "SELECT max(id), count(*) FROM (SELECT id FROM directmessages_event WHERE id > ?1 AND id <= ?2"
		    " AND kind > 0 AND (?3 >> (kind - 1)) & 1 ORDER BY id LIMIT ?4)"},
	/* The name comes from the event and the endpoint alone, so it is the same if the event is claimed once more
	 * after a restore. Events from before there was a nonce have their id in its place. */
	{CLAIM_NEW,
	 "INSERT INTO " DELIVERIES " (webhook_id, name, kind, message_id, at, state, attempts, next_at,"
	 " finished_at, http_status, error, origin, traceparent) SELECT ?1, printf('msg_%08x%016x', ?1,"
	 " CASE nonce WHEN 0 THEN id ELSE nonce END), kind, message_id, at, 0, 1, ?2, 0, 0, '', origin, traceparent"
	 " FROM directmessages_event"
	 " WHERE id > ?3 AND id <= ?4 AND kind > 0 AND (?5 >> (kind - 1)) & 1 ORDER BY id"},
	{CLAIM_ADVANCE, "UPDATE directmessages_webhook SET position = ?2 WHERE id = ?1"},
	{CLAIM_ROWS,
	 "SELECT " DELIVERY_COLUMNS ", m.sender_id, m.recipient_id, m.sent_at, m.content, {f.id}, {f.username},"
	 " {f.first_name}, {f.last_name}, {t.id}, {t.username}, {t.first_name}, {t.last_name}, m.read_at, d.traceparent FROM " DELIVERIES
	 " d"
	 " LEFT JOIN directmessages_message m ON m.id = d.message_id LEFT JOIN {users} f ON {f.id} = m.sender_id"
	 " LEFT JOIN {users} t ON {t.id} = m.recipient_id WHERE d.webhook_id = ?1 AND d.state = 0 AND d.next_at = ?2"
	 " ORDER BY d.id"},
	{0},
};

struct sqlite_claim {
	int64_t webhook_id;
	int64_t until; /* identifies the claim: no other delivery of the endpoint has this next_at */
	int64_t room;  /* how many more it may get */
	int64_t ahead; /* microseconds: a next_at beyond that was made before the clock was set back; 0: no limit */
	int64_t events, position, newest;
};

/* Reads where the endpoint is in the log. *found is false where there is no such endpoint, or it is disabled. */
static enum dm_status find_place(struct sqlite_session *session, struct sqlite_claim *claim, bool *found,
				 struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[CLAIM_PLACE];
	int code;

	sqlite3_bind_int64(statement, 1, claim->webhook_id);
	code = sqlite3_step(statement);
	*found = code == SQLITE_ROW;
	if (*found) {
		claim->events = sqlite3_column_int64(statement, 0);
		claim->position = sqlite3_column_int64(statement, 1);
		claim->newest = sqlite3_column_int64(statement, 2);
	}
	return session_finish(session, statement, code, error);
}

/* Raises `until` to a time that no other delivery of the endpoint has as its next_at. */
static enum dm_status make_unique(struct sqlite_session *session, struct sqlite_claim *claim, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[CLAIM_IS_TAKEN];
	enum dm_status status = DM_OK;
	int code = SQLITE_ROW;

	sqlite3_bind_int64(statement, 1, claim->webhook_id);
	for (claim->until--; status == DM_OK && code == SQLITE_ROW;) {
		sqlite3_bind_int64(statement, 2, ++claim->until);
		code = sqlite3_step(statement);
		status = session_finish(session, statement, code, error);
	}
	return status;
}

static enum dm_status claim_due(struct sqlite_session *session, struct sqlite_claim *claim, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[CLAIM_DUE];
	int64_t now = clock_now();
	enum dm_status status;

	sqlite3_bind_int64(statement, 1, claim->webhook_id);
	sqlite3_bind_int64(statement, 2, claim->until);
	sqlite3_bind_int64(statement, 3, now);
	sqlite3_bind_int64(statement, 4, claim->room);
	sqlite3_bind_int64(statement, 5,
			   claim->ahead > 0 && claim->ahead < INT64_MAX - now ? now + claim->ahead : INT64_MAX);
	status = session_step_done(session, statement, error);
	if (status == DM_OK)
		claim->room -= sqlite3_changes(session->db);
	return status;
}

/* Finds the end of this claim in the log: the last of as many wanted events as there is room for, or the end of the
 * window. */
static enum dm_status find_end(struct sqlite_session *session, const struct sqlite_claim *claim, int64_t *end,
			       int64_t *count, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[CLAIM_END];
	int64_t last = 0;
	int code;

	*end = claim->newest - claim->position > LOG_WINDOW ? claim->position + LOG_WINDOW : claim->newest;
	sqlite3_bind_int64(statement, 1, claim->position);
	sqlite3_bind_int64(statement, 2, *end);
	sqlite3_bind_int64(statement, 3, claim->events);
	sqlite3_bind_int64(statement, 4, claim->room);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		last = sqlite3_column_int64(statement, 0);
		*count = sqlite3_column_int64(statement, 1);
	}
	if (*count == claim->room)
		*end = last;
	return session_finish(session, statement, code, error);
}

static enum dm_status claim_new(struct sqlite_session *session, struct sqlite_claim *claim, struct dm_error *error)
{
	sqlite3_stmt *insert = session->statements[CLAIM_NEW];
	sqlite3_stmt *advance = session->statements[CLAIM_ADVANCE];
	int64_t end, count = 0;
	enum dm_status status;

	if (claim->room == 0 || claim->position >= claim->newest)
		return DM_OK;
	status = find_end(session, claim, &end, &count, error);
	if (status == DM_OK && count > 0) {
		sqlite3_bind_int64(insert, 1, claim->webhook_id);
		sqlite3_bind_int64(insert, 2, claim->until);
		sqlite3_bind_int64(insert, 3, claim->position);
		sqlite3_bind_int64(insert, 4, end);
		sqlite3_bind_int64(insert, 5, claim->events);
		status = session_step_done(session, insert, error);
	}
	if (status != DM_OK)
		return status;
	sqlite3_bind_int64(advance, 1, claim->webhook_id);
	sqlite3_bind_int64(advance, 2, end);
	return session_step_done(session, advance, error);
}

static struct dm_user user_of_claim(sqlite3_stmt *row, int column)
{
	return (struct dm_user){
		.id = sqlite3_column_int64(row, column),
		.username = column_text(row, column + 1),
		.first_name = column_text(row, column + 2),
		.last_name = column_text(row, column + 3),
		.email = {"", 0},
	};
}

/* The message as it was at the event. Its id is 0 where it is gone, or another message has got its id. */
static struct dm_message message_of_claim(sqlite3_stmt *row, const struct dm_delivery *delivery)
{
	struct dm_message message = {
		.sender_id = sqlite3_column_int64(row, 13),
		.recipient_id = sqlite3_column_int64(row, 14),
		.sent_at = column_time(row, 15, 0),
		.read_at = column_time(row, 25, DM_UNREAD),
		.content = column_text(row, 16),
	};

	if (delivery->sender.id && delivery->recipient.id && event_is_of(&message, delivery->signal, delivery->at))
		message.id = delivery->message_id;
	message.read_at = delivery->signal == DM_MESSAGE_READ ? delivery->at : DM_UNREAD;
	return message;
}

enum dm_status deliveries_claim(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_deliveries_claim *call = &operation->deliveries_claim;
	struct sqlite_claim claim = {.webhook_id = call->webhook_id,
				     .until = call->until,
				     .room = rows_to_claim(call->limit),
				     .ahead = call->max_ahead_us};
	bool found;
	enum dm_status status = find_place(session, &claim, &found, &operation->error);

	call->claimed = 0;
	call->internal.until = NOTHING_CLAIMED;
	if (status != DM_OK || !found)
		return status;
	status = make_unique(session, &claim, &operation->error);
	if (status == DM_OK)
		status = claim_due(session, &claim, &operation->error);
	if (status == DM_OK)
		status = claim_new(session, &claim, &operation->error);
	call->internal.until = claim.until;
	return status;
}

enum dm_status deliveries_lend(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_deliveries_claim *call = &operation->deliveries_claim;
	sqlite3_stmt *statement = session->statements[CLAIM_ROWS];
	int code;

	sqlite3_bind_int64(statement, 1, call->webhook_id);
	sqlite3_bind_int64(statement, 2, call->internal.until);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_delivery delivery = delivery_from_row(statement);

		delivery.sender = user_of_claim(statement, 17);
		delivery.recipient = user_of_claim(statement, 21);
		delivery.message = message_of_claim(statement, &delivery);
		delivery.traceparent = column_text(statement, 26);
		call->claimed++;
		if (!call->on_delivery(operation->context, &delivery)) {
			sqlite3_reset(statement);
			return fail(&operation->error, DM_NO_MEMORY, "out of memory");
		}
	}
	return session_finish(session, statement, code, &operation->error);
}
