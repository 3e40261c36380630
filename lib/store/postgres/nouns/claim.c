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

/* How many events a claim looks at, where the endpoint wants few of them. */
#define LOG_WINDOW "2000"

const struct pg_statement_text pg_claim_statements[] = {
	/* The endpoint's row is locked, so that of two servers one advances it; the other gets nothing this time. Where
	 * fewer events are wanted than there is room for, the position moves behind all that were looked at. The name
	 * comes from the event and the endpoint alone, so it is the same if the event is claimed once more after a
	 * restore. */
	{CLAIM,
	 "WITH w AS (SELECT * FROM directmessages_webhook WHERE id = $1::bigint AND is_active FOR UPDATE SKIP LOCKED),"
	 " late AS (SELECT d.id FROM " DELIVERIES
	 " d WHERE d.webhook_id = $1::bigint AND d.state = 0 AND EXISTS (SELECT 1 FROM w)"
	 " AND d.next_at <= $3::bigint ORDER BY d.next_at LIMIT $4::bigint FOR UPDATE OF d SKIP LOCKED),"
	 " ahead_of_all AS (SELECT d.id FROM " DELIVERIES
	 " d WHERE d.webhook_id = $1::bigint AND d.state = 0 AND EXISTS (SELECT 1 FROM w)"
	 " AND d.next_at > $5::bigint ORDER BY d.next_at LIMIT $4::bigint FOR UPDATE OF d SKIP LOCKED),"
	 " due AS (SELECT id FROM late UNION ALL SELECT id FROM ahead_of_all LIMIT $4::bigint),"
	 " retried AS (UPDATE " DELIVERIES " d SET attempts = d.attempts + 1, next_at = $2::bigint FROM due"
	 " WHERE d.id = due.id RETURNING d.*),"
	 " room AS (SELECT $4::bigint - count(*) AS n FROM due),"
	 " ahead AS MATERIALIZED (SELECT e.* FROM w CROSS JOIN LATERAL (SELECT * FROM directmessages_event e"
	 " WHERE " EVENT_IS_BEYOND_W " ORDER BY e.transaction, e.id LIMIT " LOG_WINDOW ") e),"
	 " wanted AS MATERIALIZED (SELECT a.* FROM ahead a CROSS JOIN w"
	 " WHERE a.kind > 0 AND (w.events >> (a.kind - 1)::int) & 1 = 1 ORDER BY a.transaction, a.id"
	 " LIMIT (SELECT n FROM room)),"
	 " made AS (INSERT INTO " DELIVERIES " (webhook_id, name, kind, message_id, at, state, attempts, next_at,"
	 " finished_at, http_status, error, origin, traceparent) SELECT $1::bigint,"
	 " 'msg_' || left(encode(sha256(concat_ws('-', $1::bigint, transaction, id, nonce)::bytea), 'hex'), 32),"
	 " kind, message_id, at, 0, 1, $2::bigint, 0, 0, '', origin, traceparent FROM wanted ORDER BY transaction, id RETURNING *),"
	 " last AS (SELECT transaction, id FROM (SELECT transaction, id FROM wanted"
	 " WHERE (SELECT count(*) FROM wanted) = (SELECT n FROM room) UNION ALL SELECT transaction, id FROM ahead"
	 " WHERE (SELECT count(*) FROM wanted) < (SELECT n FROM room)) x ORDER BY transaction DESC, id DESC LIMIT 1),"
	 " moved AS (UPDATE directmessages_webhook SET position_transaction = last.transaction, position_id = last.id,"
	 " begin_snapshot = CASE WHEN last.transaction - " EVENTS_BASE
	 " < pg_snapshot_xmax(begin_snapshot)::text::bigint THEN begin_snapshot END"
	 " FROM last WHERE directmessages_webhook.id = (SELECT id FROM w))"
	 " SELECT " DELIVERY_COLUMNS ", m.sender_id, m.recipient_id, m.sent_at, m.content, {f.id}, {f.username},"
	 " {f.first_name}, {f.last_name}, {t.id}, {t.username}, {t.first_name}, {t.last_name}, m.read_at, d.traceparent"
	 " FROM (SELECT * FROM retried UNION ALL SELECT * FROM made) d"
	 " LEFT JOIN LATERAL (SELECT * FROM directmessages_message m WHERE m.id = d.message_id OFFSET 0) m ON true"
	 " LEFT JOIN LATERAL (SELECT * FROM {users} f WHERE {f.id} = m.sender_id OFFSET 0) f ON true"
	 " LEFT JOIN LATERAL (SELECT * FROM {users} t WHERE {t.id} = m.recipient_id OFFSET 0) t ON true ORDER BY d.id"},
	{0},
};

enum pg_statement pg_deliveries_claim(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_deliveries_claim *call = &operation->deliveries_claim;
	int64_t now = clock_now();

	pg_add_int(parameters, call->webhook_id);
	pg_add_int(parameters, call->until);
	pg_add_int(parameters, now);
	pg_add_int(parameters, rows_to_claim(call->limit));
	pg_add_int(parameters, call->max_ahead_us > 0 && call->max_ahead_us < INT64_MAX - now ? now + call->max_ahead_us
											      : INT64_MAX);
	return CLAIM;
}

static struct dm_user user_of_claim(const PGresult *result, int row, int column)
{
	return (struct dm_user){
		.id = pg_int(result, row, column),
		.username = pg_text(result, row, column + 1),
		.first_name = pg_text(result, row, column + 2),
		.last_name = pg_text(result, row, column + 3),
		.email = {"", 0},
	};
}

/* The message as it was at the event. Its id is 0 where it is gone, or another message has got its id. */
static struct dm_message message_of_claim(const PGresult *result, int row, const struct dm_delivery *delivery)
{
	struct dm_message message = {
		.sender_id = pg_int(result, row, 13),
		.recipient_id = pg_int(result, row, 14),
		.sent_at = pg_time(result, row, 15, 0),
		.read_at = pg_time(result, row, 25, DM_UNREAD),
		.content = pg_text(result, row, 16),
	};

	if (delivery->sender.id && delivery->recipient.id && event_is_of(&message, delivery->signal, delivery->at))
		message.id = delivery->message_id;
	message.read_at = delivery->signal == DM_MESSAGE_READ ? delivery->at : DM_UNREAD;
	return message;
}

enum dm_status pg_read_claimed(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	const PGresult *result = set->result;
	int rows = PQntuples(result);

	operation->deliveries_claim.claimed = rows;
	for (int row = 0; row < rows; row++) {
		struct dm_delivery delivery = pg_delivery_from_row(result, row);

		delivery.sender = user_of_claim(result, row, 17);
		delivery.recipient = user_of_claim(result, row, 21);
		delivery.message = message_of_claim(result, row, &delivery);
		delivery.traceparent = pg_text(result, row, 26);
		/* They may be told of it, and then read. */
		pg_note_users(postgres, delivery.message.sender_id, delivery.message.recipient_id);
		if (!operation->deliveries_claim.on_delivery(operation->context, &delivery))
			return fail(&operation->error, DM_NO_MEMORY, "out of memory");
	}
	return DM_OK;
}
