/* SPDX-License-Identifier: MIT */
/* partner.c - with whom a user has messages: a page of users.
 *
 * A loose scan: from each partner's id the next smaller (or greater) one is a single step into each of the two indexes
 * that hold the visible messages, so a page costs what it lists, however many messages there are. */
#include "nouns.h"

/* The next partner's id from `from` on, and beyond all ids when there is none left. */
#define NEXT(from, pick, compare, none) \
	pick "(ifnull((SELECT " pick "(recipient_id) FROM directmessages_message INDEXED BY directmessages_sent" \
	     " WHERE sender_id = ?1 AND hidden_for_sender IS NULL AND recipient_id " compare " " from "), " none ")," \
	     " ifnull((SELECT " pick "(sender_id) FROM directmessages_message INDEXED BY directmessages_received" \
	     " WHERE recipient_id = ?1 AND hidden_for_recipient IS NULL AND sender_id " compare " " from "), " none \
	     "))"

/* ?1 user, ?2 position, ?3 rows to walk, ?4 limit, ?5 offset. The rows come in the order in which the recursion finds
 * them: an ORDER BY would sort what is sorted. */
#define PARTNERS(pick, compare, none) \
	"WITH RECURSIVE partner(id) AS (SELECT " NEXT("?2", pick, compare, none) " UNION ALL SELECT " NEXT( \
		"partner.id", pick, compare, \
		none) " FROM partner WHERE partner.id <> " none " LIMIT ?3)" \
		      " SELECT " USER_COLUMNS \
		      " FROM partner CROSS JOIN {users} u ON {u.id} = partner.id LIMIT ?4 OFFSET ?5"

#define LOWEST "-9223372036854775808"
#define HIGHEST "9223372036854775807"

const struct sqlite_statement_text partner_statements[] = {
	{PARTNERS_DOWN, PARTNERS("max", "<", LOWEST)},
	{PARTNERS_UP, PARTNERS("min", ">", HIGHEST)},
	{0},
};

enum dm_status partners_page(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_page *page = &operation->partners.page;
	sqlite3_stmt *statement = session->statements[page->reverse ? PARTNERS_UP : PARTNERS_DOWN];
	int64_t beyond_all = page->reverse ? INT64_MIN : INT64_MAX;
	int64_t limit = page->limit > 0 ? rows_of(page->limit) : -1;
	int code;

	sqlite3_bind_int64(statement, 1, operation->partners.user_id);
	sqlite3_bind_int64(statement, 2, page->has_position ? page->position : beyond_all);
	sqlite3_bind_int64(statement, 3, limit > 0 ? limit + rows_of(page->offset) : -1);
	sqlite3_bind_int64(statement, 4, limit);
	sqlite3_bind_int64(statement, 5, rows_of(page->offset));
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_user user = user_from_row(statement);

		if (!operation->partners.on_user(operation->context, &user))
			break;
	}
	return session_finish(session, statement, code, &operation->error);
}
