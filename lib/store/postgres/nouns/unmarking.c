/* SPDX-License-Identifier: MIT */
/* unmarking.c - marking messages as unread, a piece at a time, in the order of the conversation. */
#include "nouns.h"

#include "clock.h"
#include "lane.h"

/* What is chosen is changed and recorded: $3 the time, $4 whether to record events. No message is marked as unread at
 * the time when it was sent: see event_match.h. */
#define UNMARK_CHOSEN \
	" marked AS (UPDATE directmessages_message m SET read_at = NULL" \
	" WHERE m.id = ANY (ARRAY(SELECT id FROM chosen)) AND " IS_STILL_READ( \
		"m") " RETURNING m.id, m.sender_id, m.recipient_id," \
		     " greatest($3::timestamptz, m.sent_at + interval '1 microsecond') AS unread_at)," \
		     " recorded AS (" RECORD_EVENTS("4", "marked", "unread_at", "$4", "nullif($5::text, '')") ")"

/* clang-format off */
const struct pg_statement_text pg_unmarking_statements[] = {
	{RECEIVED_EXISTS, "SELECT 1" INBOUND " LIMIT 1", .is_look_up = true},
	{NEWEST_IS_READ,
	 "SELECT 1 FROM (SELECT read_at" INBOUND " ORDER BY sent_at DESC, id DESC LIMIT 1) n WHERE read_at IS NOT NULL",
	 .is_look_up = true},
	{MARK_NEWEST_UNREAD,
	 "WITH chosen AS MATERIALIZED (SELECT id" INBOUND " ORDER BY sent_at DESC, id DESC LIMIT 1)," UNMARK_CHOSEN
	 " SELECT (SELECT count(*) FROM marked), false, NULL::timestamptz, 0, NULL::timestamptz"},
	/* $6 and $7 the message behind which the piece starts, $8 the time of the last message (NULL: of the newest), $9
	 * limit. */
	{MARK_UNREAD_FROM,
	 "WITH bounds AS MATERIALIZED (SELECT coalesce($8::timestamptz, (SELECT sent_at" INBOUND
	 " ORDER BY sent_at DESC, id DESC LIMIT 1)) AS last),"
	 " walked AS MATERIALIZED (SELECT id, sent_at, read_at IS NOT NULL AS is_read" INBOUND
	 " AND (sent_at, id) > ($6::timestamptz, $7::bigint) AND sent_at <= (SELECT last FROM bounds)"
	 " ORDER BY sent_at, id LIMIT " PIECE_WALK "),"
	 " chosen AS MATERIALIZED (SELECT id, sent_at FROM walked WHERE is_read ORDER BY sent_at, id LIMIT $9::bigint),"
	 UNMARK_CHOSEN ","
	 " ending AS (SELECT (SELECT count(*) FROM walked WHERE is_read) > (SELECT count(*) FROM chosen) AS is_cut,"
	 " (SELECT count(*) FROM walked) = " PIECE_WALK " AS is_full)"
	 " SELECT (SELECT count(*) FROM marked), is_cut OR is_full, at.t, at.i, (SELECT last FROM bounds)"
	 " FROM ending LEFT JOIN LATERAL (SELECT sent_at AS t, id AS i FROM (SELECT sent_at, id FROM chosen WHERE is_cut"
	 " UNION ALL SELECT sent_at, id FROM walked WHERE NOT is_cut) w ORDER BY sent_at DESC, id DESC LIMIT 1) at ON true"},
	{0},
};
/* clang-format on */

enum pg_statement pg_has_to_mark_unread(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->mark_unread.user_id);
	pg_add_int(parameters, operation->mark_unread.partner_id);
	return operation->mark_unread.has_first ? RECEIVED_EXISTS : NEWEST_IS_READ;
}

enum pg_statement pg_mark_unread(struct dm_operation *operation, struct parameters *parameters)
{
	struct dm_op_mark_unread *mark = &operation->mark_unread;
	bool is_first = !mark->more;

	if (is_first) {
		mark->internal.at = clock_now();
		mark->internal.from_time = mark->first_sent_at;
		mark->internal.from_id = mark->first_id - 1;
	}
	pg_add_int(parameters, mark->user_id);
	pg_add_int(parameters, mark->partner_id);
	pg_add_time(parameters, mark->internal.at);
	pg_add_bool(parameters, parameters->records);
	pg_add_text(parameters, operation->traceparent);
	if (!mark->has_first)
		return MARK_NEWEST_UNREAD;
	pg_add_time(parameters, mark->internal.from_time);
	pg_add_int(parameters, mark->internal.from_id);
	if (is_first)
		pg_add_no_time(parameters);
	else
		pg_add_time(parameters, mark->internal.last);
	pg_add_int(parameters, is_first ? MARK_FIRST_ROWS : MARK_ROWS);
	return MARK_UNREAD_FROM;
}

enum dm_status pg_read_unmarked_piece(const struct postgres *postgres, struct dm_operation *operation,
				      struct row_set *set)
{
	struct dm_op_mark_unread *mark = &operation->mark_unread;

	(void)postgres;
	mark->marked = pg_int(set->result, 0, 0);
	mark->more = pg_bool(set->result, 0, 1);
	mark->internal.from_time = pg_time(set->result, 0, 2, 0);
	mark->internal.from_id = pg_int(set->result, 0, 3);
	mark->internal.last = pg_time(set->result, 0, 4, 0);
	return DM_OK;
}
