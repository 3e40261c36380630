/* SPDX-License-Identifier: MIT */
/* search.c - messages as they are stored, hidden ones too: pages for administrators, and all of one user. */
#include "nouns.h"

#include "erasure_phase.h"
#include "failure.h"

/* How many rows a page of everybody's messages looks at. */
#define FIND_WINDOW "1000"

#define NAME_OF(id) "(SELECT {u.username} FROM {users} u WHERE {u.id} = " id ")"

/* Columns of rows m, in their order: once the bytes before a row are $bytes or more, its content is NULL. */
#define STORED(order, bytes) \
	"m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at, CASE WHEN sum(octet_length(m.content)) OVER (ORDER BY " order \
	" ROWS UNBOUNDED PRECEDING) - octet_length(m.content) < " bytes \
	" THEN m.content END, m.hidden_for_sender, m.hidden_for_recipient, " NAME_OF("m.sender_id") ", " NAME_OF( \
		"m.recipient_id")

/* ---- a page --------------------------------------------------------------------------------------------------- */

/* $1 limit, $2 bytes, $3 since, $4 until, $5 and $6 the position: time, id. Then $7 the user, $8 the partner. The last
 * columns say whether more rows were to be looked at, and where the last one is that was. */
#define IS_WANTED "m.sent_at >= $3::timestamptz AND m.sent_at < $4::timestamptz"
#define PAGE(walked, order, is_full) \
	"WITH walked AS MATERIALIZED (" walked ")," \
	" ending AS (SELECT " is_full " AS is_full, (array_agg(m.sent_at ORDER BY " order "))[count(*)] AS t," \
	" (array_agg(m.id ORDER BY " order "))[count(*)] AS i FROM walked m)" \
	" SELECT f.*, is_full, t, i FROM ending LEFT JOIN (SELECT " STORED( \
		order, "$2::bigint") ", row_number() OVER" \
				     " (ORDER BY " order ") AS n FROM walked m WHERE " IS_WANTED " ORDER BY " order \
				     " LIMIT $1::bigint) f ON true" \
				     " ORDER BY f.n"
#define BY_TIME "m.sent_at DESC, m.id DESC"
#define BY_ID "m.id DESC"

/* Ids grow with the time of sending, but for messages of several servers, or of Django: by less than an hour. */
#define MAY_GO_ON "max(m.sent_at) >= $3::timestamptz - interval '1 hour'"
#define WINDOW_IS_FULL "count(*) = " FIND_WINDOW " AND " MAY_GO_ON
#define LIMIT_IS_REACHED "count(*) = $1::bigint"

/* No index has a user's messages by id. If there are fewer than this, all are looked at in indexes of conversations,
 * which hold what is needed to choose; if there are more, so many of everybody's messages. Whoever has many finds some
 * among them. */
#define FIND_OF_USER_WINDOW "20000"
#define OWN(user, partner, is_visible) \
	"(SELECT m.id, m.sent_at FROM directmessages_message m WHERE m." user " = $7::bigint AND " is_visible \
	" ORDER BY m." partner ", m.sent_at, m.id LIMIT " FIND_OF_USER_WINDOW ")"
#define FIND_OWN \
	"WITH own AS MATERIALIZED (SELECT * FROM (" OWN("sender_id", "recipient_id", "m.hidden_for_sender IS NULL") " UNION ALL " OWN("sender_id", "recipient_id", "m.hidden_for_sender IS NOT NULL") " UNION ALL " OWN("recipient_id", "sender_id", "m.hidden_for_recipient IS NULL AND m.sender_id <> $7::bigint") " UNION ALL " OWN( \
		"recipient_id", "sender_id", \
		"m.hidden_for_recipient IS NOT NULL AND m.sender_id <> $7::bigint") ") m" \
										    " LIMIT " FIND_OF_USER_WINDOW ")," \
										    " size AS MATERIALIZED (SELECT count(*) < " FIND_OF_USER_WINDOW \
										    " AS is_small FROM own)," \
										    " walked AS MATERIALIZED (SELECT m.id, m.sent_at, m.sender_id = $7::bigint OR m.recipient_id = $7::bigint AS is_own" \
										    " FROM directmessages_message m WHERE m.id < $6::bigint ORDER BY m.id DESC" \
										    " LIMIT (SELECT CASE WHEN is_small THEN 0 ELSE " FIND_OF_USER_WINDOW \
										    " END FROM size))," \
										    " chosen AS MATERIALIZED (SELECT m.id, m.sent_at FROM (SELECT id, sent_at FROM own CROSS JOIN size WHERE is_small" \
										    " UNION ALL SELECT id, sent_at FROM walked WHERE is_own) m WHERE m.id < $6::bigint AND " IS_WANTED \
										    " AND $5::timestamptz IS NOT NULL ORDER BY m.id DESC LIMIT $1::bigint)," \
										    " state AS MATERIALIZED (SELECT (SELECT " LIMIT_IS_REACHED \
										    " FROM chosen) AS is_reached," \
										    " (SELECT count(*) = " FIND_OF_USER_WINDOW \
										    " AND " MAY_GO_ON \
										    " FROM walked m) AS goes_on)," \
										    " ending AS (SELECT is_reached OR goes_on AS is_full, m.sent_at AS t, m.id AS i FROM state LEFT JOIN LATERAL" \
										    " (SELECT id, sent_at FROM (SELECT id, sent_at FROM chosen UNION ALL" \
										    " SELECT id, sent_at FROM walked WHERE NOT is_reached) looked_at ORDER BY id LIMIT 1) m ON true)" \
										    " SELECT f.*, is_full, t, i FROM ending LEFT JOIN (SELECT " STORED( \
											    BY_ID, \
											    "$2::bigint") ", row_number() OVER (ORDER BY " BY_ID \
													  ") AS n FROM chosen CROSS JOIN LATERAL" \
													  " (SELECT * FROM directmessages_message one WHERE one.id = chosen.id OFFSET 0) m) f ON true ORDER BY f.n"

/* One direction of a conversation, visible and hidden messages each by an index. */
#define RANGE(sender, recipient, is_hidden) \
	"(SELECT * FROM directmessages_message m WHERE m.sender_id = " sender " AND m.recipient_id = " recipient \
	" AND m.hidden_for_sender IS " is_hidden \
	" AND (m.sent_at, m.id) < ($5::timestamptz, $6::bigint) AND " IS_WANTED \
	" ORDER BY m.sent_at DESC, m.id DESC LIMIT $1::bigint)"
#define ONE_WAY(sender, recipient) RANGE(sender, recipient, "NULL") " UNION ALL " RANGE(sender, recipient, "NOT NULL")

/* ---- all messages of a user ---------------------------------------------------------------------------------- */

/* $1 user, $2 $3 $4 the position: partner, time, id. $5 limit, $6 bytes. */
#define WALK(user, partner, is_visible) \
	"SELECT " STORED("m." partner ", m.sent_at, m.id", \
			 "$6::bigint") " FROM (SELECT * FROM directmessages_message" \
				       " WHERE " user " = $1::bigint AND " is_visible " AND (" partner \
				       ", sent_at, id)" \
				       " > ($2::bigint, $3::timestamptz, $4::bigint) ORDER BY " partner \
				       ", sent_at, id LIMIT $5::bigint) m" \
				       " ORDER BY m." partner ", m.sent_at, m.id"

const struct pg_statement_text pg_search_statements[] = {
	{FIND_ALL, PAGE("SELECT * FROM directmessages_message m WHERE m.id < $6::bigint AND $5::timestamptz IS NOT NULL"
			" ORDER BY m.id DESC LIMIT " FIND_WINDOW,
			BY_ID, WINDOW_IS_FULL)},
	{FIND_OF_USER, FIND_OWN},
	{FIND_OF_PAIR,
	 PAGE("SELECT * FROM (" ONE_WAY("$7::bigint", "$8::bigint") " UNION ALL " ONE_WAY(
		      "$8::bigint", "$7::bigint") ") m ORDER BY m.sent_at DESC, m.id DESC LIMIT $1::bigint",
	      BY_TIME, LIMIT_IS_REACHED)},
	{STORED_SENT, WALK("sender_id", "recipient_id", "hidden_for_sender IS NULL")},
	{STORED_SENT_HIDDEN, WALK("sender_id", "recipient_id", "hidden_for_sender IS NOT NULL")},
	{STORED_RECEIVED, WALK("recipient_id", "sender_id", "hidden_for_recipient IS NULL")},
	{STORED_RECEIVED_HIDDEN, WALK("recipient_id", "sender_id", "hidden_for_recipient IS NOT NULL")},
	{0},
};

static struct dm_stored_message stored_from_row(const PGresult *result, int row)
{
	return (struct dm_stored_message){
		.message = pg_message_from_row(result, row),
		.hidden_for_sender = pg_time(result, row, 6, DM_VISIBLE),
		.hidden_for_recipient = pg_time(result, row, 7, DM_VISIBLE),
		.sender_username = pg_text(result, row, 8),
		.recipient_username = pg_text(result, row, 9),
	};
}

enum pg_statement pg_messages_find(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_messages_find *find = &operation->messages_find;

	pg_add_int(parameters, rows_to_find(find->limit));
	pg_add_max(parameters, find->max_bytes);
	pg_add_time(parameters, find->since != 0 ? find->since : TIME_FIRST);
	pg_add_time(parameters, find->until != 0 ? find->until : TIME_LAST);
	pg_add_time(parameters, find->has_position ? find->position : TIME_LAST);
	pg_add_int(parameters, find->has_position ? find->row_id : INT64_MAX);
	if (find->user_id == 0)
		return FIND_ALL;
	pg_add_int(parameters, find->user_id);
	if (find->partner_id == 0)
		return FIND_OF_USER;
	pg_add_int(parameters, find->partner_id);
	return FIND_OF_PAIR;
}

enum dm_status pg_read_found_messages(const struct postgres *postgres, struct dm_operation *operation,
				      struct row_set *set)
{
	struct dm_op_messages_find *find = &operation->messages_find;
	const PGresult *result = set->result;
	int rows = PQntuples(result);
	int64_t lent = 0;
	bool enough = false;

	(void)postgres;
	for (int row = 0; row < rows && !enough && !PQgetisnull(result, row, 0); row++) {
		struct dm_stored_message stored = stored_from_row(result, row);

		enough = PQgetisnull(result, row, 5);
		if (enough) /* it is the first one of the next page */
			break;
		find->next_position = stored.message.sent_at;
		find->next_row_id = stored.message.id;
		enough = !find->on_message(operation->context, &stored) || ++lent == rows_to_find(find->limit);
	}
	find->more = enough || (rows > 0 && pg_bool(result, 0, 11));
	if (find->more && !enough) {
		find->next_position = pg_time(result, 0, 12, 0);
		find->next_row_id = pg_int(result, 0, 13);
	}
	return DM_OK;
}

enum pg_statement pg_user_messages(struct dm_operation *operation, struct parameters *parameters)
{
	static const enum pg_statement by_phase[] = {
		[ERASURE_SENT] = STORED_SENT,
		[ERASURE_SENT_HIDDEN] = STORED_SENT_HIDDEN,
		[ERASURE_RECEIVED] = STORED_RECEIVED,
		[ERASURE_RECEIVED_HIDDEN] = STORED_RECEIVED_HIDDEN,
	};
	struct dm_op_user_messages *walk = &operation->user_messages;
	enum erasure_phase phase = walk_begin(walk);

	pg_add_int(parameters, walk->user_id);
	pg_add_int(parameters, walk->internal.partner);
	pg_add_time(parameters, walk->internal.time);
	pg_add_int(parameters, walk->internal.id);
	pg_add_int(parameters, rows_to_find(walk->limit));
	pg_add_max(parameters, walk->max_bytes);
	return by_phase[phase];
}

enum dm_status pg_read_user_messages(const struct postgres *postgres, struct dm_operation *operation,
				     struct row_set *set)
{
	struct dm_op_user_messages *walk = &operation->user_messages;
	const PGresult *result = set->result;
	int rows = PQntuples(result);
	bool sent = walk->internal.phase <= ERASURE_SENT_HIDDEN;
	bool goes_on = rows == rows_to_find(walk->limit);

	(void)postgres;
	for (int row = 0; row < rows; row++) {
		struct dm_stored_message stored = stored_from_row(result, row);

		if (PQgetisnull(result, row, 5)) {
			goes_on = true;
			break;
		}
		walk->internal.partner = sent ? stored.message.recipient_id : stored.message.sender_id;
		walk->internal.time = stored.message.sent_at;
		walk->internal.id = stored.message.id;
		if (!walk->on_message(operation->context, &stored)) {
			walk->internal.phase = ERASURE_ENDS; /* no more are wanted */
			goes_on = false;
			break;
		}
	}
	walk_go_on(walk, goes_on, false);
	return DM_OK;
}
