/* SPDX-License-Identifier: MIT */
/* marking_all.c - marking all that a user has received as read, a piece at a time.
 *
 * The index directmessages_unread has the order of the senders, and no other. So a piece takes what comes first behind
 * a sender. Where that is a whole piece of one sender the rest of theirs is walked over in the order of the
 * conversation (marking.c): entries of what was marked stay in the index until a vacuum, and would be looked at again
 * each time. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

#define UNREAD \
	" FROM directmessages_message WHERE recipient_id = $1::bigint AND read_at IS NULL" \
	" AND hidden_for_recipient IS NULL AND " BLOCK("$1::bigint", "sender_id") " IS NULL"

/* clang-format off */
const struct pg_statement_text pg_marking_all_statements[] = {
	{ANY_UNREAD_EXISTS, "SELECT 1" UNREAD " LIMIT 1", .is_look_up = true},
	/* $2 the sender from whom on, $3 read_at, $4 whether to record events, $5 whether there are receivers, $6 limit, $7
	 * the highest id to mark (NULL: that of the newest message). By "id <=" PostgreSQL would choose an index that holds what was
	 * read, too. */
	{ALL_MARK_READ,
	 "WITH last AS MATERIALIZED (SELECT coalesce($7::bigint, (SELECT max(id) FROM directmessages_message)) AS id),"
	 " found AS MATERIALIZED (SELECT id, sender_id, CASE WHEN $5::boolean THEN octet_length(content) ELSE 0 END AS bytes"
	 UNREAD " AND sender_id >= $2::bigint AND id + 0 <= (SELECT id FROM last) ORDER BY sender_id LIMIT $6::bigint),"
	 " chosen AS MATERIALIZED (SELECT id, sender_id FROM (SELECT id, sender_id,"
	 " sum(bytes) OVER (ORDER BY sender_id, id) - bytes AS before FROM found) w WHERE before < " NUMBER(MARK_BYTES) "),"
	 " marked AS (UPDATE directmessages_message m SET read_at = $3::timestamptz"
	 " WHERE m.id = ANY (ARRAY(SELECT id FROM chosen)) AND " IS_STILL_UNREAD("m")
	 " RETURNING m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at,"
	 " CASE WHEN $5::boolean THEN m.content ELSE '' END AS content),"
	 " recorded AS (" RECORD_EVENTS("2", "marked", "read_at", "$4", "nullif($8::text, '')") "),"
	 " ending AS (SELECT (SELECT count(*) FROM found) = $6::bigint"
	 " OR (SELECT count(*) FROM chosen) < (SELECT count(*) FROM found) AS is_cut,"
	 " (SELECT min(sender_id) FROM chosen) AS first_sender, (SELECT max(sender_id) FROM chosen) AS last_sender,"
	 " (SELECT id FROM last) AS last)"
	 " SELECT " MESSAGE_COLUMNS ", is_cut, first_sender, last_sender, last FROM ending"
	 " LEFT JOIN marked ON true ORDER BY marked.sender_id, marked.sent_at, marked.id"},
	{0},
};
/* clang-format on */

enum pg_statement pg_all_has_unread(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->mark_all_read.user_id);
	return ANY_UNREAD_EXISTS;
}

static enum pg_statement ask_walk(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_mark_all_read *mark = &operation->mark_all_read;
	struct read_walk walk = {
		.user_id = mark->user_id,
		.partner_id = mark->internal.partner,
		.read_at = mark->internal.read_at,
		.is_first = mark->internal.from_id == 0,
		.from_time = mark->internal.from_time,
		.from_id = mark->internal.from_id,
		.last_time = mark->internal.last,
		.max_id = mark->internal.last_id,
	};

	pg_add_read_walk(parameters, &walk, operation);
	return CONVERSATION_MARK_READ;
}

enum pg_statement pg_all_mark_read(struct dm_operation *operation, struct parameters *parameters)
{
	struct dm_op_mark_all_read *mark = &operation->mark_all_read;
	bool is_first = !mark->more;

	if (is_first) {
		mark->internal.read_at = clock_now();
		mark->internal.partner = INT64_MIN;
		mark->internal.is_walking = false;
	}
	if (mark->internal.is_walking)
		return ask_walk(operation, parameters);
	pg_add_int(parameters, mark->user_id);
	pg_add_int(parameters, mark->internal.partner);
	pg_add_time(parameters, mark->internal.read_at);
	pg_add_bool(parameters, parameters->records);
	pg_add_bool(parameters, operation->internal.signals_read);
	pg_add_int(parameters, is_first ? MARK_FIRST_ROWS : MARK_ROWS);
	if (is_first)
		pg_add_null(parameters);
	else
		pg_add_int(parameters, mark->internal.last_id);
	pg_add_text(parameters, operation->traceparent);
	return ALL_MARK_READ;
}

static enum dm_status read_walk(const struct postgres *postgres, struct dm_operation *operation, const PGresult *result)
{
	struct dm_op_mark_all_read *mark = &operation->mark_all_read;
	struct read_walk walk = {.more = false};
	enum dm_status status = pg_read_walk(postgres, operation, result, &walk);

	mark->marked = walk.marked;
	mark->internal.from_time = walk.from_time;
	mark->internal.from_id = walk.from_id;
	mark->internal.last = walk.last_time;
	mark->more = true; /* the senders behind this one */
	if (!walk.more) {
		mark->more = mark->internal.partner < INT64_MAX;
		mark->internal.partner += mark->more;
		mark->internal.is_walking = false;
	}
	return status;
}

enum dm_status pg_read_all_marked_piece(const struct postgres *postgres, struct dm_operation *operation,
					struct row_set *set)
{
	struct dm_op_mark_all_read *mark = &operation->mark_all_read;
	const PGresult *result = set->result;

	if (mark->internal.is_walking)
		return read_walk(postgres, operation, result);
	mark->more = pg_bool(result, 0, 6);
	mark->internal.is_walking = mark->more && pg_int(result, 0, 7) == pg_int(result, 0, 8);
	mark->internal.partner = pg_int(result, 0, 8);
	mark->internal.from_time = mark->internal.from_id = mark->internal.last = 0;
	mark->internal.last_id = pg_int(result, 0, 9);
	return pg_pass_marked(postgres, operation, result, &mark->marked);
}
