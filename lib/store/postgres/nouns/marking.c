/* SPDX-License-Identifier: MIT */
/* marking.c - marking a conversation as read, a piece at a time. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"

/* Among how many unread messages the first is searched; where there are more, the walk starts with the conversation. */
#define MAX_SEARCH 20000

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

/* $3 read_at, $4 whether to record events, $5 and $6 the message behind which the piece starts ($5 NULL: it is the
 * first piece), $7 and $10 the last message to mark ($7 NULL: the newest), $8 whether there are receivers, $9 limit,
 * $11 the highest id to mark.
 *
 * The index directmessages_unread has no order, and holds what was marked until the table is vacuumed. So pieces walk
 * over directmessages_received, in the order of the conversation. `walked` asks for read messages too: otherwise the
 * planner would take the other index, and sort. `marked` names its messages by id, and what they must be still in words
 * that no partial index has: before a table was analyzed the planner takes a scan of everybody's unread messages for as
 * cheap as the primary key. Contents are not rewritten, so their lengths count only where they are
 * sent to us. */
/* clang-format off */
const struct pg_statement_text pg_marking_statements[] = {
	{UNREAD_EXISTS,
	 "SELECT 1 FROM directmessages_message WHERE recipient_id = $1::bigint AND sender_id = $2::bigint"
	 " AND read_at IS NULL AND hidden_for_recipient IS NULL AND " BLOCK("$1::bigint", "$2::bigint") " IS NULL LIMIT 1",
	 .is_look_up = true},
	{CONVERSATION_MARK_READ,
	 "WITH unread AS MATERIALIZED (SELECT sent_at" INBOUND " AND read_at IS NULL AND $5::timestamptz IS NULL"
	 " LIMIT " NUMBER(MAX_SEARCH) "),"
	 " bounds AS MATERIALIZED (SELECT coalesce($5::timestamptz, (SELECT CASE WHEN count(*) < " NUMBER(MAX_SEARCH)
	 " THEN min(sent_at) ELSE '-infinity' END FROM unread)) AS first,"
	 " coalesce($7::timestamptz, (SELECT sent_at" INBOUND " ORDER BY sent_at DESC, id DESC LIMIT 1)) AS last),"
	 " walked AS MATERIALIZED (SELECT id, sent_at, read_at IS NULL AND id <= $11::bigint"
	 " AND (sent_at < (SELECT last FROM bounds) OR id <= $10::bigint) AS is_unread,"
	 " CASE WHEN $8::boolean THEN octet_length(content) ELSE 0 END AS bytes" INBOUND
	 " AND " BLOCK("$1::bigint", "$2::bigint") " IS NULL"
	 " AND (sent_at, id) > ((SELECT first FROM bounds), $6::bigint) AND sent_at <= (SELECT last FROM bounds)"
	 " ORDER BY sent_at, id LIMIT " PIECE_WALK "),"
	 " chosen AS MATERIALIZED (SELECT id, sent_at FROM (SELECT id, sent_at,"
	 " sum(bytes) OVER (ORDER BY sent_at, id) - bytes AS before FROM walked WHERE is_unread) w"
	 " WHERE before < " NUMBER(MARK_BYTES) " ORDER BY sent_at, id LIMIT $9::bigint),"
	 " marked AS (UPDATE directmessages_message m SET read_at = $3::timestamptz"
	 " WHERE m.id = ANY (ARRAY(SELECT id FROM chosen)) AND " IS_STILL_UNREAD("m")
	 " RETURNING m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at,"
	 " CASE WHEN $8::boolean THEN m.content ELSE '' END AS content),"
	 " recorded AS (" RECORD_EVENTS("2", "marked", "read_at", "$4", "nullif($12::text, '')") "),"
	 " ending AS (SELECT (SELECT count(*) FROM walked WHERE is_unread) > (SELECT count(*) FROM chosen) AS is_cut,"
	 " (SELECT count(*) FROM walked) = " PIECE_WALK " AS is_full)"
	 " SELECT " MESSAGE_COLUMNS ", is_cut OR is_full, at.t, at.i, (SELECT last FROM bounds)"
	 " FROM ending LEFT JOIN LATERAL (SELECT sent_at AS t, id AS i FROM (SELECT sent_at, id FROM chosen WHERE is_cut"
	 " UNION ALL SELECT sent_at, id FROM walked WHERE NOT is_cut) w ORDER BY sent_at DESC, id DESC LIMIT 1) at ON true"
	 " LEFT JOIN marked ON true ORDER BY marked.sent_at, marked.id"},
	{0},
};
/* clang-format on */

enum pg_statement pg_conversation_has_unread(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->mark_conversation_read.user_id);
	pg_add_int(parameters, operation->mark_conversation_read.partner_id);
	return UNREAD_EXISTS;
}

void pg_add_read_walk(struct parameters *parameters, const struct read_walk *walk, const struct dm_operation *operation)
{
	pg_add_int(parameters, walk->user_id);
	pg_add_int(parameters, walk->partner_id);
	pg_add_time(parameters, walk->read_at);
	pg_add_bool(parameters, parameters->records);
	if (walk->is_first)
		pg_add_no_time(parameters);
	else
		pg_add_time(parameters, walk->from_time);
	pg_add_int(parameters, walk->is_first ? INT64_MIN : walk->from_id);
	if (walk->is_first && !walk->has_last)
		pg_add_no_time(parameters);
	else
		pg_add_time(parameters, walk->last_time);
	pg_add_bool(parameters, operation->internal.signals_read);
	pg_add_int(parameters, walk->is_first ? MARK_FIRST_ROWS : MARK_ROWS);
	pg_add_int(parameters, walk->has_last ? walk->last_id : INT64_MAX);
	pg_add_int(parameters, walk->max_id);
	pg_add_text(parameters, operation->traceparent);
}

enum dm_status pg_pass_marked(const struct postgres *postgres, struct dm_operation *operation, const PGresult *result,
			      int64_t *marked)
{
	int rows = PQntuples(result);

	*marked = 0;
	for (int row = 0; row < rows && !PQgetisnull(result, row, 0); row++) {
		struct dm_message message = pg_message_from_row(result, row);

		if (!pg_pass_changed(postgres, operation, &message))
			return fail(&operation->error, DM_NO_MEMORY, "out of memory");
		++*marked;
	}
	return DM_OK;
}

enum dm_status pg_read_walk(const struct postgres *postgres, struct dm_operation *operation, const PGresult *result,
			    struct read_walk *walk)
{
	walk->more = pg_bool(result, 0, 6);
	walk->from_time = pg_time(result, 0, 7, 0);
	walk->from_id = pg_int(result, 0, 8);
	walk->last_time = pg_time(result, 0, 9, 0);
	return pg_pass_marked(postgres, operation, result, &walk->marked);
}

static struct read_walk walk_of(const struct dm_op_mark_conversation_read *mark)
{
	return (struct read_walk){
		.user_id = mark->user_id,
		.partner_id = mark->partner_id,
		.read_at = mark->internal.read_at,
		.is_first = !mark->more,
		.from_time = mark->internal.from_time,
		.from_id = mark->internal.from_id,
		.has_last = mark->has_last,
		.last_time = mark->has_last ? mark->last_sent_at : mark->internal.last,
		.last_id = mark->last_id,
		.max_id = INT64_MAX,
	};
}

enum pg_statement pg_conversation_mark_read(struct dm_operation *operation, struct parameters *parameters)
{
	struct dm_op_mark_conversation_read *mark = &operation->mark_conversation_read;
	struct read_walk walk;

	if (!mark->more)
		mark->internal.read_at = clock_now();
	walk = walk_of(mark);
	pg_add_read_walk(parameters, &walk, operation);
	return CONVERSATION_MARK_READ;
}

enum dm_status pg_read_marked_piece(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	struct dm_op_mark_conversation_read *mark = &operation->mark_conversation_read;
	struct read_walk walk = {.more = false};
	enum dm_status status = pg_read_walk(postgres, operation, set->result, &walk);

	mark->more = walk.more;
	mark->marked = walk.marked;
	mark->internal.from_time = walk.from_time;
	mark->internal.from_id = walk.from_id;
	mark->internal.last = walk.last_time;
	return status;
}
