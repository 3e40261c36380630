/* SPDX-License-Identifier: MIT */
/* idempotency.c - sends with a key, which can be repeated. A key is written with its message, in one commit. `at` is
 * the message's sent_at, in microseconds since 1970.
 *
 * Whoever writes a key holds an advisory lock of its name until the commit, and nobody waits for that lock: a send that
 * finds it taken is parked, and the others of its batch go on. One that gets the lock may still not see the key that
 * was committed a moment ago. Then the insert finds it, and the send is rerun, with a newer snapshot. */
#include "nouns.h"

#include "replay.h"
#include "send_refusal.h"

#define KEYS "directmessages_idempotency_key"
#define MICROSECONDS(time) "(extract(epoch FROM " time ") * 1000000)::bigint"

/* So many rows of those that the condition finds. What another transaction is removing is left to it. */
#define OLD_KEYS(condition) \
	"ARRAY(SELECT ctid FROM " KEYS " WHERE " condition " ORDER BY at LIMIT " KEYS_REMOVED \
	" * cardinality($1::bigint[]) FOR UPDATE SKIP LOCKED)"

const struct pg_statement_text pg_idempotency_statements[] = {
	/* MESSAGES_INSERT for a batch where some sends have a key; $6 is '' for those that have none. A key counts if
	 * it is from after $9, and not from after $10: then the clock was set back since. Gives a row for each send:
	 * its new message; whether the key was used before, whether it could be used now, why it was refused (an enum
	 * send_refusal); the key
	 * and its message. Ids are in the order of the arrays. */
	/* clang-format off */
	{MESSAGES_INSERT_ONCE,
	 "WITH input AS MATERIALIZED (SELECT i.*, k.*, CASE WHEN i.key = '' THEN true WHEN k.is_live THEN false"
	 " ELSE pg_try_advisory_xact_lock(hashtextextended(i.key, i.sender)) END AS is_free"
	 " FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::text[], $5::bigint[], $6::text[], $7::bytea[])"
	 " WITH ORDINALITY AS i(sender, recipient, sent_at, content, rules, key, fingerprint, n)"
	 " LEFT JOIN LATERAL (SELECT k.ctid AS place, k.message_id, k.recipient_id AS used_for, k.fingerprint AS used_with,"
	 " k.at, k.at > $9::bigint AND k.at <= $10::bigint AS is_live FROM " KEYS
	 " k WHERE k.user_id = i.sender AND k.key = i.key AND i.key <> '' OFFSET 0) k ON true),"
	 " fresh AS MATERIALIZED (SELECT i.n, i.content, i.sent_at, i.key, i.fingerprint, r.id AS recipient, s.id AS sender,"
	 " nextval((SELECT pg_get_serial_sequence('directmessages_message', 'id')::regclass)) AS id"
	 " FROM input i " USER_BY_INDEX("i.sender") "s " USER_BY_INDEX("i.recipient") "r WHERE CASE WHEN i.is_free THEN " SEND_IS_ALLOWED(LIMITED) " ELSE false END ORDER BY i.n),"
	 " gone AS (DELETE FROM " KEYS
	 " WHERE ctid = ANY (ARRAY(SELECT place FROM input WHERE is_free AND place IS NOT NULL)) RETURNING 1),"
	 " expired AS (DELETE FROM " KEYS
	 " WHERE ctid = ANY (" OLD_KEYS("at <= $9::bigint") " || " OLD_KEYS("at > $10::bigint") ") RETURNING 1),"
	 " claimed AS (INSERT INTO " KEYS
	 " (user_id, key, message_id, recipient_id, fingerprint, at)"
	 " SELECT f.sender, f.key, f.id, f.recipient, f.fingerprint, " MICROSECONDS("f.sent_at") " FROM fresh f WHERE f.key <> '' AND (SELECT count(*) FROM gone) >= 0 ON CONFLICT (user_id, key) DO NOTHING"
	 " RETURNING message_id),"
	 " sent AS (INSERT INTO directmessages_message (id, content, sent_at, recipient_id, sender_id)"
	 " SELECT f.id, f.content, f.sent_at, f.recipient, f.sender FROM fresh f"
	 " WHERE f.key = '' OR f.id IN (SELECT message_id FROM claimed) ORDER BY f.n"
	 " RETURNING id, sender_id, recipient_id, sent_at),"
	 " recorded AS (" RECORD_EVENTS("1", "sent", "sent_at",
	 "$8", TRACE_OF_SEND("$11")) ")"
	 " SELECT x.id, coalesce(i.is_live, false), i.is_free, CASE WHEN f.id IS NOT NULL OR NOT i.is_free THEN 0 ELSE " SEND_REFUSAL " END, i.used_for, i.used_with, i.at,"
	 " m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at"
	 " FROM input i LEFT JOIN fresh f ON f.n = i.n LEFT JOIN sent x ON x.id = f.id"
	 " LEFT JOIN LATERAL (SELECT m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at"
	 " FROM directmessages_message m WHERE m.id = i.message_id AND i.is_live OFFSET 0) m ON true ORDER BY i.n"},
	/* clang-format on */
	{ERASE_KEYS, "WITH gone AS (DELETE FROM " KEYS " WHERE ctid = ANY (ARRAY(SELECT ctid FROM " KEYS
		     " WHERE user_id = $1::bigint ORDER BY key LIMIT $2::bigint)) RETURNING 1)"
		     " SELECT count(*), count(*) = $2::bigint FROM gone"},
	{0},
};

bool pg_sends_have_keys(struct dm_operation *const *operations, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (operations[i]->send.idempotency_key)
			return true;
	return false;
}

/* Where only a message that was sent before is wanted, nobody is the recipient of a new one. Not -1: some tables have
 * that user, who would get what the rules forbid to send. */
int64_t pg_recipient_of(const struct dm_operation *operation)
{
	return operation->internal.refused == DM_OK ? operation->send.recipient_id : INT64_MIN;
}

void pg_append_key(const struct dm_operation *operation, struct buffer *keys, struct buffer *fingerprints)
{
	const struct dm_op_send *send = &operation->send;

	pg_array_append_text(keys, dm_text_of(send->idempotency_key));
	pg_array_append(fingerprints, send->internal.fingerprint, send->idempotency_key ? DM_FINGERPRINT_SIZE : 0);
}

static enum dm_status read_replay(struct dm_operation *operation, const PGresult *result, int row)
{
	const struct stored_key key = {
		.recipient_id = pg_int(result, row, 4),
		.fingerprint = pg_text(result, row, 5),
		.at = pg_int(result, row, 6),
		.has_message = !PQgetisnull(result, row, 7),
		.message = {.id = pg_int(result, row, 7),
			    .sender_id = pg_int(result, row, 8),
			    .recipient_id = pg_int(result, row, 9),
			    .sent_at = pg_time(result, row, 10, 0),
			    .read_at = pg_time(result, row, 11, DM_UNREAD)},
	};

	return replay_give(operation, &key);
}

enum dm_status pg_read_keyed_send(struct dm_operation *operation, const PGresult *result, int row)
{
	bool was_sent = !PQgetisnull(result, row, 0), was_used = pg_bool(result, row, 1);
	bool is_free = pg_bool(result, row, 2);
	enum send_refusal refusal = (enum send_refusal)pg_int(result, row, 3);

	operation->internal.key = DM_KEY_SETTLED;
	if (was_used)
		return read_replay(operation, result, row);
	if (was_sent) {
		operation->send.message.id = pg_int(result, row, 0);
		return DM_OK;
	}
	if (refusal != SEND_ACCEPTED && operation->internal.refused != DM_OK)
		return operation->internal.refused; /* its error says why */
	if (refusal != SEND_ACCEPTED)
		return send_refused(operation, refusal);
	operation->internal.key = is_free ? DM_KEY_CLASHED : DM_KEY_HELD;
	return DM_BUSY;
}
