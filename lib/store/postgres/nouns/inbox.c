/* SPDX-License-Identifier: MIT */
/* inbox.c - a page of a user's inbox.
 *
 * The table directmessages_inbox gives the order. What it does not have yet is merged in: the partners of the user's
 * newest messages. Each row that is shown is compared with the last message itself, and if one is not as the table has
 * it, nothing is shown before the table was mended. */
#include "nouns.h"

#include "failure.h"
#include "inbox_table.h"
#include "utf8.h"

/* How many conversations a page walks over at most, if not all are wanted; and how many partners with unread messages,
 * or who are blocked, are listed instead. */
#define MAX_WALK 1000
#define MAX_LISTED 500
/* How far behind `folded` messages are looked for that were committed since. Older ones come with the next fold. */
#define MAX_LATE "2000"

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

#define UNREAD \
	" FROM directmessages_message WHERE recipient_id = $1::bigint AND read_at IS NULL AND hidden_for_recipient IS NULL"
#define IS_BEYOND(at, id) "(" at ", " id ") < ($2::timestamptz, $3::bigint)"
/* By EXISTS PostgreSQL would read all there are, and hash them. */
#define HAS(rows) "coalesce((SELECT true" rows " LIMIT 1), false)"
#define HAS_USER(id) HAS(" FROM {users} u WHERE {u.id} = " id)
#define BLOCKS "directmessages_block b WHERE b.user_id = $1::bigint"
#define NEWEST_BLOCKS " ORDER BY b.blocked_at DESC, b.blocked_id DESC"
#define IS_BLOCKED(id) HAS(" FROM " BLOCKS " AND b.blocked_id = " id)

/* A limit that PostgreSQL does not know when it plans: of one that it knows it may think that it is more than there is,
 * and read all. */
#define AT_LEAST(number) "greatest($4::bigint, " NUMBER(number) ")"

/* Shows `place`: a partner, and the time and id that the row has its place by. One character more than is wanted tells
 * that the content was cut. What blocked partners have sent does not count as unread. The last columns are the page's:
 * `is_behind` of `state`, and whether `walked` was cut, and where it ends. */
/* clang-format off */
#define SHOW(characters) \
	" SELECT " USER_COLUMNS ", l.id, l.sender_id, l.recipient_id, l.sent_at, l.read_at," \
	" substr(l.content, 1, " characters "::bigint::integer + 1), " IS_BLOCKED("p.partner_id") "," \
	" (SELECT count(*) FROM (SELECT 1" UNREAD " AND sender_id = p.partner_id AND NOT " IS_BLOCKED("p.partner_id") \
	" LIMIT " NUMBER(DM_MAX_UNREAD) ") c), p.at, p.id, p.partner_id, s.is_behind, w.rows >= s.rows, w.at, w.id" \
	" FROM state s LEFT JOIN (SELECT count(*) OVER () AS rows, at, id FROM walked ORDER BY at, id LIMIT 1) w ON true" \
	" LEFT JOIN place p ON true" \
	" LEFT JOIN LATERAL " LAST_MESSAGE("p.partner_id") " l ON true" \
	" LEFT JOIN LATERAL (SELECT * FROM {users} u WHERE {u.id} = p.partner_id OFFSET 0) u ON true" \
	" ORDER BY p.at DESC, p.id DESC"
#define NOT_WALKED "walked AS (SELECT NULL::timestamptz AS at, NULL::bigint AS id WHERE false)"

/* The conversations with `listed`. Where these are too many it shows none, and is_behind. */
#define LISTED(is_wanted) \
	" state AS MATERIALIZED (SELECT count(id) > " NUMBER(MAX_LISTED) " AS is_behind, 1 AS rows FROM listed), " NOT_WALKED "," \
	" place AS MATERIALIZED (SELECT l.sent_at AS at, l.id, p.id AS partner_id FROM state CROSS JOIN listed p" \
	" CROSS JOIN LATERAL " LAST_MESSAGE("p.id") " l WHERE NOT is_behind AND p.id IS NOT NULL AND " is_wanted \
	" AND " IS_BEYOND("l.sent_at", "l.id") " AND " HAS_USER("p.id") " ORDER BY at DESC, id DESC LIMIT $4::bigint)" \
	SHOW("$5")

/* $1 user, $2 and $3 the position, $4 limit, $5 characters. */
const struct pg_statement_text pg_inbox_statements[] = {
	/* $6 only unread ones, $7 only those with blocked partners. Otherwise some more rows are walked than are wanted,
	 * since blocked partners are passed over. */
	{INBOX_WALK,
	 "WITH state AS MATERIALIZED (SELECT " NEWEST_ID " - folded > " MAX_UNFOLDED " AS is_behind,"
	 " greatest(coalesce((SELECT min(low) FROM unnest(lows) low), folded), folded - " MAX_LATE ") AS start,"
	 " CASE WHEN $6::boolean OR $7::boolean THEN " NUMBER(MAX_WALK) " ELSE $4::bigint"
	 " + (SELECT count(*) FROM (SELECT 1 FROM " BLOCKS NEWEST_BLOCKS " LIMIT " AT_LEAST(MAX_WALK) ") b) END AS rows"
	 " FROM directmessages_inbox_fold WHERE id = 1),"
	 " recent AS MATERIALIZED (SELECT DISTINCT CASE WHEN sender_id = $1::bigint THEN recipient_id ELSE sender_id END"
	 " AS partner_id FROM (SELECT sender_id, recipient_id FROM directmessages_message"
	 " WHERE id > (SELECT CASE WHEN is_behind THEN 9223372036854775807 ELSE start END FROM state) OFFSET 0) m"
	 " WHERE $1::bigint IN (sender_id, recipient_id)),"
	 " walked AS MATERIALIZED (SELECT i.last_at AS at, i.last_id AS id, i.partner_id FROM directmessages_inbox i"
	 " WHERE i.user_id = $1::bigint AND " IS_BEYOND("i.last_at", "i.last_id")
	 " AND i.partner_id NOT IN (SELECT partner_id FROM recent)"
	 " ORDER BY i.last_at DESC, i.last_id DESC LIMIT (SELECT rows FROM state)),"
	 " place AS MATERIALIZED (SELECT * FROM (SELECT * FROM walked UNION ALL SELECT l.sent_at, l.id, r.partner_id"
	 " FROM recent r CROSS JOIN LATERAL " LAST_MESSAGE("r.partner_id") " l WHERE " IS_BEYOND("l.sent_at", "l.id")
	 " AND " HAS_USER("r.partner_id") ") p WHERE " IS_BLOCKED("p.partner_id") " = $7::boolean"
	 " AND (NOT $6::boolean OR " HAS(UNREAD " AND sender_id = p.partner_id") ")"
	 " ORDER BY at DESC, id DESC LIMIT $4::bigint)" SHOW("$5")},
	/* A loose scan: from each partner to the next one is a step in the index. */
	{INBOX_OF_UNREAD,
	 "WITH RECURSIVE partner(id) AS ((SELECT sender_id" UNREAD " ORDER BY sender_id LIMIT 1)"
	 " UNION ALL SELECT (SELECT sender_id" UNREAD " AND sender_id > partner.id ORDER BY sender_id LIMIT 1)"
	 " FROM partner WHERE partner.id IS NOT NULL),"
	 " listed AS MATERIALIZED (SELECT id FROM partner LIMIT " NUMBER(MAX_LISTED) " + 1),"
	 LISTED("NOT " IS_BLOCKED("p.id"))},
	{INBOX_OF_BLOCKED,
	 "WITH listed AS MATERIALIZED (SELECT blocked_id AS id FROM " BLOCKS NEWEST_BLOCKS " LIMIT " AT_LEAST(MAX_LISTED) " + 1),"
	 LISTED("true")},
	/* $2 partner, $3 characters. */
	{INBOX_ENTRY,
	 "WITH state AS (SELECT false AS is_behind, 1 AS rows), " NOT_WALKED ","
	 " place AS (SELECT NULL::timestamptz AS at, NULL::bigint AS id, $2::bigint AS partner_id)" SHOW("$3")},
	{0},
};
/* clang-format on */

/* Columns behind those of the user. */
enum {
	MESSAGE = USER_COLUMNS_COUNT,
	CONTENT = MESSAGE + 5,
	BLOCKED,
	COUNT,
	PLACE_AT,
	PLACE_ID,
	PARTNER,
	IS_BEHIND,
	IS_CUT,
	END_AT,
	END_ID
};

/* One more than the page has tells whether there are more. */
static size_t limit_of(const struct dm_op_inbox *inbox)
{
	return inbox->limit > 0 ? inbox->limit : DM_MAX_INBOX;
}

/* Whether the page is made from a list of partners. */
static bool lists(const struct dm_op_inbox *inbox)
{
	return (inbox->unread_only || inbox->blocked_only) && !inbox->internal.walks;
}

enum pg_statement pg_inbox_page(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_inbox *inbox = &operation->inbox;

	if (inbox->unread_only && inbox->blocked_only) /* what blocked partners have sent does not count as unread */
		return NOTHING_TO_ASK;
	pg_add_int(parameters, inbox->user_id);
	if (inbox->partner_id != 0) {
		pg_add_int(parameters, inbox->partner_id);
		pg_add_int(parameters, (int64_t)inbox->max_preview);
		return INBOX_ENTRY;
	}
	pg_add_time(parameters, inbox->has_position ? inbox->position : TIME_LAST);
	pg_add_int(parameters, inbox->has_position ? inbox->row_id : INT64_MAX);
	pg_add_int(parameters, (int64_t)limit_of(inbox) + 1);
	pg_add_int(parameters, (int64_t)inbox->max_preview);
	if (lists(inbox))
		return inbox->unread_only ? INBOX_OF_UNREAD : INBOX_OF_BLOCKED;
	pg_add_bool(parameters, inbox->unread_only);
	pg_add_bool(parameters, inbox->blocked_only);
	return INBOX_WALK;
}

/* Whether the row shows what the table of inboxes has. */
static bool is_as_folded(const PGresult *result, int row)
{
	return !PQgetisnull(result, row, 0) && !PQgetisnull(result, row, MESSAGE) &&
	       pg_int(result, row, MESSAGE) == pg_int(result, row, PLACE_ID) &&
	       pg_time(result, row, MESSAGE + 3, 0) == pg_time(result, row, PLACE_AT, 0);
}

static enum dm_inbox_lack lack_of(const PGresult *result, int rows)
{
	if (pg_bool(result, 0, IS_BEHIND))
		return DM_INBOX_LACKS_FOLD;
	for (int row = 0; row < rows; row++)
		if (!is_as_folded(result, row))
			return DM_INBOX_LACKS_MEND;
	return DM_INBOX_LACKS_NOTHING;
}

static bool lend(struct dm_operation *operation, const PGresult *result, int row)
{
	struct dm_text content = pg_text(result, row, CONTENT);
	struct dm_inbox_entry entry = {
		.partner = pg_user_from_row(result, row),
		.has_message = !PQgetisnull(result, row, MESSAGE),
		.unread = pg_int(result, row, COUNT),
		.blocked = pg_bool(result, row, BLOCKED),
	};

	if (entry.has_message) {
		size_t length = utf8_prefix(content.data, content.length, operation->inbox.max_preview);

		entry.content_is_cut = length < content.length;
		entry.message = (struct dm_message){.id = pg_int(result, row, MESSAGE),
						    .sender_id = pg_int(result, row, MESSAGE + 1),
						    .recipient_id = pg_int(result, row, MESSAGE + 2),
						    .sent_at = pg_time(result, row, MESSAGE + 3, 0),
						    .read_at = pg_time(result, row, MESSAGE + 4, DM_UNREAD),
						    .content = {content.data, length}};
	}
	return operation->inbox.on_entry(operation->context, &entry);
}

static enum dm_status read_entry(struct dm_operation *operation, const PGresult *result)
{
	if (PQgetisnull(result, 0, 0))
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	lend(operation, result, 0);
	return DM_OK;
}

/* Whether the row lies behind the end of a walk that was cut: others may come before it. */
static bool is_behind_walk(const PGresult *result, int row)
{
	int64_t at = pg_time(result, row, PLACE_AT, 0), end = pg_time(result, row, END_AT, 0);

	return at < end || (at == end && pg_int(result, row, PLACE_ID) < pg_int(result, row, END_ID));
}

/* Lends the rows of the page, and notes where the next one begins. */
static void lend_page(struct dm_operation *operation, const PGresult *result, int rows)
{
	struct dm_op_inbox *inbox = &operation->inbox;
	bool is_cut = !PQgetisnull(result, 0, IS_CUT) && pg_bool(result, 0, IS_CUT), enough = false;
	int row = 0;

	while (row < rows && row < (int)limit_of(inbox) && !enough && !(is_cut && is_behind_walk(result, row))) {
		enough = !lend(operation, result, row);
		inbox->next_position = pg_time(result, row, PLACE_AT, 0);
		inbox->next_row_id = pg_int(result, row, PLACE_ID);
		row++;
	}
	inbox->more = row < rows || is_cut;
	if (is_cut && !enough && row < (int)limit_of(inbox)) {
		inbox->next_position = pg_time(result, 0, END_AT, 0);
		inbox->next_row_id = pg_int(result, 0, END_ID);
	}
}

enum dm_status pg_read_inbox_page(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	struct dm_op_inbox *inbox = &operation->inbox;
	const PGresult *result = set->result;
	int rows = PQgetisnull(result, 0, PARTNER) ? 0 : PQntuples(result);

	(void)postgres;
	if (inbox->partner_id != 0)
		return read_entry(operation, result);
	set->must_rerun = lists(inbox) && pg_bool(result, 0, IS_BEHIND);
	inbox->internal.walks |= set->must_rerun;
	if (set->must_rerun)
		return DM_OK;
	inbox->more = false;
	inbox->lack = lack_of(result, rows);
	if (inbox->lack == DM_INBOX_LACKS_NOTHING)
		lend_page(operation, result, rows);
	return DM_OK;
}
