/* SPDX-License-Identifier: MIT */
/* inbox_fold.c - writes the table of inboxes: brings new messages into it, and mends what was hidden or deleted since.
 */
#include "nouns.h"

#include "inbox_table.h"

/* Rows that one commit mends. */
#define MEND_ROWS 1000

/* $1 user, $2 and $3 the position, $4 MEND_ROWS: of a limit that it knows PostgreSQL may think that it is more than the
 * user has, read all of these, and sort. Nothing may be folded while the rows are compared (see SQL_INBOX_FOLD), but
 * others may mend: the lock is shared. */
/* clang-format off */
const struct pg_statement_text pg_inbox_fold_statements[] = {
	{INBOX_FOLD, SQL_INBOX_FOLD},
	{INBOX_MEND,
	 "WITH locked AS MATERIALIZED (SELECT round FROM directmessages_inbox_fold WHERE id = 1 FOR SHARE),"
	 " s AS MATERIALIZED (SELECT f.round FROM directmessages_inbox_fold f JOIN locked USING (round) WHERE f.id = 1),"
	 " walked AS MATERIALIZED (SELECT i.* FROM s CROSS JOIN LATERAL (SELECT partner_id, last_at, last_id"
	 " FROM directmessages_inbox WHERE user_id = $1::bigint AND (last_at, last_id) < ($2::timestamptz, $3::bigint)"
	 " ORDER BY last_at DESC, last_id DESC LIMIT $4::bigint) i),"
	 " compared AS MATERIALIZED (SELECT w.*, l.sent_at, l.id FROM walked w LEFT JOIN LATERAL"
	 " (SELECT * FROM " LAST_MESSAGE("w.partner_id") " l WHERE EXISTS (SELECT 1 FROM {users} u"
	 " WHERE {u.id} = w.partner_id) OFFSET 0) l ON true),"
	 " gone AS (DELETE FROM directmessages_inbox i USING compared c"
	 " WHERE i.user_id = $1::bigint AND i.partner_id = c.partner_id AND c.id IS NULL)"
	 " UPDATE directmessages_inbox i SET last_at = c.sent_at, last_id = c.id FROM compared c"
	 " WHERE i.user_id = $1::bigint AND i.partner_id = c.partner_id AND c.id IS NOT NULL"
	 " AND (c.sent_at, c.id) <> (c.last_at, c.last_id)"},
	{0},
};
/* clang-format on */

enum pg_statement pg_inbox_fold(struct dm_operation *operation, struct parameters *parameters)
{
	(void)operation, (void)parameters;
	return INBOX_FOLD;
}

enum dm_status pg_read_folded(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	bool folded = PQntuples(set->result) > 0;

	(void)postgres;
	operation->inbox_fold.more = folded && pg_bool(set->result, 0, 0);
	operation->inbox_fold.left = folded ? pg_int(set->result, 0, 1) : 0;
	return DM_OK;
}

enum pg_statement pg_inbox_mend(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_inbox_mend *mend = &operation->inbox_mend;

	pg_add_int(parameters, mend->user_id);
	pg_add_time(parameters, mend->has_position ? mend->position : TIME_LAST);
	pg_add_int(parameters, mend->has_position ? mend->row_id : INT64_MAX);
	pg_add_int(parameters, MEND_ROWS);
	return INBOX_MEND;
}
