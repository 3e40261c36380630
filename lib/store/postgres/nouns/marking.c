/* SPDX-License-Identifier: MIT */
/* marking.c - marking a conversation as read, a piece at a time. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"

/* How many messages a piece walks over, read ones too. */
#define MAX_WALK 1000
/* Among how many unread messages the first is searched; where there are more, the walk starts with the conversation. */
#define MAX_SEARCH 20000

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

/* What the user ($1) has received from the partner ($2). */
#define RECEIVED \
	" FROM directmessages_message WHERE recipient_id = $1::bigint AND sender_id = $2::bigint" \
	" AND hidden_for_recipient IS NULL"

/* $3 read_at, $4 whether to record events, $5 and $6 the message behind which the piece starts ($5 NULL: it is the
 * first piece), $7 the time of the last message to mark (unused in the first piece), $8 whether there are receivers, $9
 * limit.
 *
 * The index directmessages_unread has no order, and holds what was marked until the table is vacuumed. So pieces walk
 * over directmessages_received, in the order of the conversation. `walked` asks for read messages too: otherwise the
 * planner would take the other index, and sort. `marked` names its messages by id, and what they must be still in words
 * that no partial index has: before a table was analyzed the planner takes a scan of everybody's unread messages for as
 * cheap as the primary key. Contents are not rewritten, so their lengths count only where they are
 * sent to us. */
/* clang-format off */
const struct pg_statement_text pg_marking_statements[] = {
	{CONVERSATION_MARK_READ,
	 "WITH unread AS MATERIALIZED (SELECT sent_at" RECEIVED " AND read_at IS NULL AND $5::timestamptz IS NULL"
	 " LIMIT " NUMBER(MAX_SEARCH) "),"
	 " bounds AS MATERIALIZED (SELECT coalesce($5::timestamptz, (SELECT CASE WHEN count(*) < " NUMBER(MAX_SEARCH)
	 " THEN min(sent_at) ELSE '-infinity' END FROM unread)) AS first, CASE WHEN $5::timestamptz IS NULL"
	 " THEN (SELECT sent_at" RECEIVED " ORDER BY sent_at DESC, id DESC LIMIT 1) ELSE $7::timestamptz END AS last),"
	 " walked AS MATERIALIZED (SELECT id, sent_at, read_at IS NULL AS is_unread,"
	 " CASE WHEN $8::boolean THEN octet_length(content) ELSE 0 END AS bytes" RECEIVED
	 " AND " BLOCK("$1::bigint", "$2::bigint") " IS NULL"
	 " AND (sent_at, id) > ((SELECT first FROM bounds), $6::bigint) AND sent_at <= (SELECT last FROM bounds)"
	 " ORDER BY sent_at, id LIMIT " NUMBER(MAX_WALK) "),"
	 " chosen AS MATERIALIZED (SELECT id, sent_at FROM (SELECT id, sent_at,"
	 " sum(bytes) OVER (ORDER BY sent_at, id) - bytes AS before FROM walked WHERE is_unread) w"
	 " WHERE before < " NUMBER(MARK_BYTES) " ORDER BY sent_at, id LIMIT $9::bigint),"
	 " marked AS (UPDATE directmessages_message m SET read_at = $3::timestamptz"
	 " WHERE m.id = ANY (ARRAY(SELECT id FROM chosen)) AND num_nulls(m.read_at, m.hidden_for_recipient) = 2"
	 " RETURNING m.id, m.sender_id, m.recipient_id, m.sent_at, m.read_at,"
	 " CASE WHEN $8::boolean THEN m.content ELSE '' END AS content),"
	 " recorded AS (" RECORD_EVENTS("2", "marked", "read_at", "$4", "nullif($10::text, '')") "),"
	 " ending AS (SELECT (SELECT count(*) FROM walked WHERE is_unread) > (SELECT count(*) FROM chosen) AS is_cut,"
	 " (SELECT count(*) FROM walked) = " NUMBER(MAX_WALK) " AS is_full)"
	 " SELECT " MESSAGE_COLUMNS ", is_cut OR is_full, at.t, at.i, (SELECT last FROM bounds)"
	 " FROM ending LEFT JOIN LATERAL (SELECT sent_at AS t, id AS i FROM (SELECT sent_at, id FROM chosen WHERE is_cut"
	 " UNION ALL SELECT sent_at, id FROM walked WHERE NOT is_cut) w ORDER BY sent_at DESC, id DESC LIMIT 1) at ON true"
	 " LEFT JOIN marked ON true ORDER BY marked.sent_at, marked.id"},
	{0},
};
/* clang-format on */

enum pg_statement pg_conversation_mark_read(struct dm_operation *operation, struct parameters *parameters)
{
	struct dm_op_mark_conversation_read *mark = &operation->mark_conversation_read;
	bool is_first = !mark->more;

	if (is_first) {
		mark->internal.read_at = clock_now();
		mark->internal.from_time = 0;
		mark->internal.from_id = INT64_MIN;
		mark->internal.last = 0;
	}
	pg_add_int(parameters, mark->user_id);
	pg_add_int(parameters, mark->partner_id);
	pg_add_time(parameters, mark->internal.read_at);
	pg_add_bool(parameters, parameters->records);
	if (is_first)
		pg_add_no_time(parameters);
	else
		pg_add_time(parameters, mark->internal.from_time);
	pg_add_int(parameters, mark->internal.from_id);
	pg_add_time(parameters, mark->internal.last);
	pg_add_bool(parameters, operation->internal.signals_read);
	pg_add_int(parameters, is_first ? MARK_FIRST_ROWS : MARK_ROWS);
	pg_add_text(parameters, operation->traceparent);
	return CONVERSATION_MARK_READ;
}

enum dm_status pg_read_marked_piece(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	const PGresult *result = set->result;
	struct dm_op_mark_conversation_read *mark = &operation->mark_conversation_read;
	int rows = PQntuples(result);

	mark->more = pg_bool(result, 0, 6);
	mark->internal.from_time = pg_time(result, 0, 7, 0);
	mark->internal.from_id = pg_int(result, 0, 8);
	mark->internal.last = pg_time(result, 0, 9, 0);
	mark->marked = 0;
	for (int row = 0; row < rows && !PQgetisnull(result, row, 0); row++) {
		struct dm_message message = pg_message_from_row(result, row);

		if (!postgres->options.changed(operation, &message))
			return fail(&operation->error, DM_NO_MEMORY, "out of memory");
		mark->marked++;
	}
	return DM_OK;
}
