/* SPDX-License-Identifier: MIT */
/* partner.c - a page of a user's partners.
 *
 * A loose index scan: from each partner's id one step into each of the two indexes of visible messages leads to the
 * next smaller (or greater) one. So a page costs what it lists, however many messages there are. */
#include "nouns.h"

/* The next partner's id from `from` on in one of the indexes; NULL when there is none left. */
#define STEP(own, other, hidden, from, compare, direction) \
	"(SELECT " other " FROM directmessages_message WHERE " own " = $1::bigint AND " hidden " IS NULL AND " other \
	" " compare " " from " ORDER BY " other " " direction " LIMIT 1)"

/* The next one in either index. greatest and least ignore NULL. */
#define NEXT(from, pick, compare, direction) \
	pick "(" STEP("sender_id", "recipient_id", "hidden_for_sender", from, compare, direction) ", " STEP( \
		"recipient_id", "sender_id", "hidden_for_recipient", from, compare, direction) ")"

/* $1 user, $2 position, $3 limit, $4 offset. */
#define PARTNERS(pick, compare, direction) \
	"WITH RECURSIVE partner(id, n) AS (SELECT " NEXT("$2::bigint", pick, compare, direction) ", 1::bigint UNION ALL SELECT " NEXT( \
		"partner.id", pick, compare, \
		direction) ", n + 1 FROM partner WHERE partner.id IS NOT NULL" \
			   " AND ($3::bigint IS NULL OR n < $3::bigint + $4::bigint))" \
			   " SELECT " USER_COLUMNS " FROM partner" \
			   " CROSS JOIN LATERAL (SELECT * FROM {users} u WHERE {u.id} = partner.id OFFSET 0) u" \
			   " ORDER BY partner.n LIMIT $3::bigint OFFSET $4::bigint"

const struct pg_statement_text pg_partner_statements[] = {
	{PARTNERS_DOWN, PARTNERS("greatest", "<", "DESC")},
	{PARTNERS_UP, PARTNERS("least", ">", "ASC")},
	{0},
};

enum pg_statement pg_partners_page(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_page *page = &operation->partners.page;
	int64_t beyond_all = page->reverse ? INT64_MIN : INT64_MAX;

	pg_add_int(parameters, operation->partners.user_id);
	pg_add_int(parameters, page->has_position ? page->position : beyond_all);
	pg_add_limit(parameters, page->limit);
	pg_add_offset(parameters, page->offset);
	return page->reverse ? PARTNERS_UP : PARTNERS_DOWN;
}

enum dm_status pg_read_partners(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	(void)postgres;
	pg_lend_users(operation, operation->partners.on_user, set);
	return DM_OK;
}
