/* SPDX-License-Identifier: MIT */
/* conversation.c - the messages between two users: pages of them, what is unread.
 *
 * A page merges two ranges: what the user sent (index directmessages_sent) and received (directmessages_received). The
 * indexes hold only visible messages, in the order of the page. So PostgreSQL walks both from the position, and stops
 * at the limit. */
#include "nouns.h"

/* $1 user, $2 partner, $3 position, $4 row id, $5 limit, $6 offset, $7 bytes. Contents beyond max_bytes don't leave the
 * server. To add up the lengths costs a third of the statement. So PAGE sends a content if it fits into one row's share
 * of the limit ($7), and only where one is longer LONG_PAGE runs, which adds them up. */
#define RANGE(user, partner, hidden, beyond, direction) \
	"(SELECT " MESSAGE_COLUMNS " FROM directmessages_message WHERE " user " = $1::bigint AND " partner \
	" = $2::bigint AND " hidden " IS NULL AND (sent_at, id) " beyond " ORDER BY sent_at " direction \
	", id " direction " LIMIT $5::bigint + $6::bigint)"
#define ROWS(beyond, direction, offset) \
	" FROM (" RANGE("sender_id", "recipient_id", "hidden_for_sender", beyond, direction) " UNION ALL " RANGE( \
		"recipient_id", "sender_id", "hidden_for_recipient", beyond, \
		direction) ") page ORDER BY sent_at " direction ", id " direction " LIMIT $5::bigint OFFSET " offset
#define PAGE(beyond, direction, offset) \
	"SELECT id, sender_id, recipient_id, sent_at, read_at, CASE WHEN octet_length(content) <= $7::bigint" \
	" THEN content END" ROWS(beyond, direction, offset)
#define LONG_PAGE(beyond, direction, offset) \
	"SELECT id, sender_id, recipient_id, sent_at, read_at, CASE WHEN sum(octet_length(content)) OVER" \
	" (ORDER BY sent_at " direction ", id " direction " ROWS UNBOUNDED PRECEDING) - octet_length(content)" \
	" < $7::bigint THEN content END FROM (SELECT *" ROWS(beyond, direction, offset) ") page" \
											" ORDER BY sent_at " direction \
											", id " direction

#define BEYOND(compare) compare " ($3::timestamptz, $4::bigint)"

/* If the row is still there the page starts behind it, else where the cursor counts to. */
#define FROM_ROW(page) \
	"WITH row AS MATERIALIZED (SELECT sent_at, id FROM directmessages_message WHERE id = $4::bigint" \
	" AND ((sender_id = $1::bigint AND recipient_id = $2::bigint)" \
	" OR (sender_id = $2::bigint AND recipient_id = $1::bigint))) " page
#define BEYOND_ROW(compare, none) \
	compare " (coalesce((SELECT sent_at FROM row), $3::timestamptz), coalesce((SELECT id FROM row), " none "))"
#define OFFSET_WITHOUT_ROW "CASE WHEN EXISTS (SELECT 1 FROM row) THEN 0 ELSE $6::bigint END"

#define LOWEST "(-9223372036854775808)::bigint"
#define HIGHEST "9223372036854775807"

#define UNREAD " FROM directmessages_message WHERE recipient_id = $1::bigint"
#define IS_UNREAD " AND read_at IS NULL AND hidden_for_recipient IS NULL"

const struct pg_statement_text pg_conversation_statements[] = {
#define BOTH(name, before, page) \
	{name, before(PAGE page)}, \
	{ \
		LONG(name), before(LONG_PAGE page) \
	}
	BOTH(CONVERSATION_OLDER, , (BEYOND("<"), "DESC", "$6::bigint")),
	BOTH(CONVERSATION_OLDER_THAN_ROW, FROM_ROW, (BEYOND_ROW("<", LOWEST), "DESC", OFFSET_WITHOUT_ROW)),
	BOTH(CONVERSATION_NEWER, , (BEYOND(">"), "ASC", "$6::bigint")),
	BOTH(CONVERSATION_NEWER_THAN_ROW, FROM_ROW, (BEYOND_ROW(">", HIGHEST), "ASC", OFFSET_WITHOUT_ROW)),
	/* Less those of blocked partners, whom few users have. */
	{UNREAD_COUNT,
	 "SELECT count(*) - (SELECT coalesce(sum(m.n), 0)::bigint FROM directmessages_block b CROSS JOIN"
	 " LATERAL (SELECT count(*) AS n" UNREAD " AND sender_id = b.blocked_id" IS_UNREAD ") m"
	 " WHERE b.user_id = $1::bigint)" UNREAD IS_UNREAD,
	 .is_look_up = true},
	{UNREAD_COUNT_FROM, "SELECT count(*)" UNREAD " AND sender_id = $2::bigint" IS_UNREAD, .is_look_up = true},
	{UNREAD_BY_PARTNER,
	 "SELECT sender_id, (SELECT {u.username} FROM {users} u WHERE {u.id} = directmessages_message.sender_id),"
	 " count(*)" UNREAD IS_UNREAD
	 " GROUP BY sender_id HAVING " BLOCK("$1::bigint", "sender_id") " IS NULL ORDER BY sender_id"},
	{UNREAD_MESSAGES, "SELECT " MESSAGE_COLUMNS UNREAD IS_UNREAD
			  " AND " BLOCK("$1::bigint", "sender_id") " IS NULL ORDER BY sent_at, id"},
	{0},
};

enum pg_statement pg_conversation_page(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_page *page = &operation->conversation.page;
	/* A row id says exactly where the page starts, and the cursor holds its time, unless it counts rows from an
	 * earlier position; then the time is looked up. */
	bool look_up = page->row_id != 0 && !(page->has_position && page->offset == 0);
	static const enum pg_statement statements[2][2] = {{CONVERSATION_OLDER, CONVERSATION_OLDER_THAN_ROW},
							   {CONVERSATION_NEWER, CONVERSATION_NEWER_THAN_ROW}};
	int64_t first = page->reverse ? TIME_FIRST : TIME_LAST, beyond_ids = page->reverse ? INT64_MAX : INT64_MIN;

	if (operation->conversation.user_id ==
	    operation->conversation.partner_id) /* no user has messages to themselves */
		return NOTHING_TO_ASK;
	/* Without a limit, or with less than a byte for each row, there is no share of one row. */
	operation->internal.is_long |= page->max_bytes > 0 && (page->limit == 0 || page->max_bytes < page->limit);
	pg_add_int(parameters, operation->conversation.user_id);
	pg_add_int(parameters, operation->conversation.partner_id);
	pg_add_time(parameters, page->has_position ? page->position : first);
	pg_add_int(parameters, page->row_id != 0 ? page->row_id : beyond_ids);
	pg_add_limit(parameters, page->limit);
	pg_add_offset(parameters, page->offset);
	pg_add_max(parameters,
		   operation->internal.is_long ? page->max_bytes : page->max_bytes / (page->limit + !page->limit));
	return operation->internal.is_long ? LONG(statements[page->reverse][look_up])
					   : statements[page->reverse][look_up];
}

enum dm_status pg_read_conversation_page(const struct postgres *postgres, struct dm_operation *operation,
					 struct row_set *set)
{
	const struct dm_op_conversation *page = &operation->conversation;
	int rows = PQntuples(set->result);

	(void)postgres;
	for (int row = 0; row < rows && !operation->internal.is_long && page->page.limit > 0; row++)
		set->must_rerun |= PQgetisnull(set->result, row, 5);
	operation->internal.is_long |= set->must_rerun;
	if (!set->must_rerun)
		pg_lend_messages(operation, page->on_message, set);
	return DM_OK;
}

enum pg_statement pg_unread_count(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->unread_count.user_id);
	if (operation->unread_count.partner_id == 0)
		return UNREAD_COUNT;
	pg_add_int(parameters, operation->unread_count.partner_id);
	return UNREAD_COUNT_FROM;
}

enum dm_status pg_read_unread_count(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	(void)postgres;
	operation->unread_count.count = pg_int(set->result, set->row, 0);
	return DM_OK;
}

enum pg_statement pg_unread_by_partner(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->unread_by_partner.user_id);
	return UNREAD_BY_PARTNER;
}

enum dm_status pg_read_unread_by_partner(const struct postgres *postgres, struct dm_operation *operation,
					 struct row_set *set)
{
	int rows = PQntuples(set->result);

	(void)postgres;
	for (int row = 0; row < rows && !set->enough; row++) {
		struct dm_unread unread = {
			.partner_id = pg_int(set->result, row, 0),
			.partner_username = pg_text(set->result, row, 1),
			.count = pg_int(set->result, row, 2),
		};

		set->enough = !operation->unread_by_partner.on_unread(operation->context, &unread);
	}
	return DM_OK;
}

enum pg_statement pg_unread_messages(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->unread_messages.user_id);
	return UNREAD_MESSAGES;
}

enum dm_status pg_read_unread_messages(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	(void)postgres;
	pg_lend_messages(operation, operation->unread_messages.on_message, set);
	return DM_OK;
}
