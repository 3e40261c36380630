/* SPDX-License-Identifier: MIT */
/* partner.c - with whom a user has messages: a page of users.
 *
 * A loose scan: from each partner's id the next smaller (or greater) one is a single step into an index of the visible
 * messages, so a page costs what it lists, however many messages there are. Those who were sent messages and those who
 * have sent some are two such scans, which are merged: most partners are in one of them alone. */
#include "nouns.h"

/* ?1 user, ?2 position. */
#define NEXT(own, other, hidden, index, pick, compare, from) \
	"SELECT " pick "(" other ") FROM directmessages_message INDEXED BY " index " WHERE " own " = ?1 AND " hidden \
	" IS NULL AND " other " " compare " " from
#define SCAN(own, other, hidden, index, pick, compare) \
	"WITH RECURSIVE partner(id) AS (" NEXT( \
		own, other, hidden, index, pick, compare, \
		"?2") " UNION ALL SELECT (" NEXT(own, other, hidden, index, pick, compare, \
						 "partner.id") ") FROM partner WHERE partner.id IS NOT NULL)" \
							       " SELECT " USER_COLUMNS \
							       " FROM partner CROSS JOIN {users} u ON {u.id} = partner.id"
#define SENT(pick, compare) SCAN("sender_id", "recipient_id", "hidden_for_sender", "directmessages_sent", pick, compare)
#define RECEIVED(pick, compare) \
	SCAN("recipient_id", "sender_id", "hidden_for_recipient", "directmessages_received", pick, compare)

const struct sqlite_statement_text partner_statements[] = {
	{PARTNERS_SENT_DOWN, SENT("max", "<")},
	{PARTNERS_RECEIVED_DOWN, RECEIVED("max", "<")},
	{PARTNERS_SENT_UP, SENT("min", ">")},
	{PARTNERS_RECEIVED_UP, RECEIVED("min", ">")},
	{0},
};

/* One of the two scans, at the partner that it gives next. */
struct scan {
	sqlite3_stmt *statement;
	int code;
	int64_t id;
};

static void advance(struct scan *scan)
{
	scan->code = sqlite3_step(scan->statement);
	if (scan->code == SQLITE_ROW)
		scan->id = sqlite3_column_int64(scan->statement, 0);
}

static void begin(struct scan *scan, struct sqlite_session *session, enum sqlite_statement which,
		  const struct dm_operation *operation)
{
	const struct dm_page *page = &operation->partners.page;

	*scan = (struct scan){.statement = session->statements[which]};
	sqlite3_bind_int64(scan->statement, 1, operation->partners.user_id);
	sqlite3_bind_int64(scan->statement, 2,
			   page->has_position ? page->position
			   : page->reverse    ? INT64_MIN
					      : INT64_MAX);
	advance(scan);
}

static bool has_failed(const struct scan *scan)
{
	return scan->code != SQLITE_ROW && scan->code != SQLITE_DONE;
}

/* Whether the page has the partner of `one` before that of `other`, or it is the same. */
static bool is_first(const struct scan *one, const struct scan *other, bool reverse)
{
	if (one->code != SQLITE_ROW || other->code != SQLITE_ROW)
		return one->code == SQLITE_ROW;
	return reverse ? one->id <= other->id : one->id >= other->id;
}

static void merge(struct scan *sent, struct scan *received, struct dm_operation *operation)
{
	const struct dm_page *page = &operation->partners.page;
	uint64_t passed = 0, lent = 0;

	while (!has_failed(sent) && !has_failed(received) &&
	       (sent->code == SQLITE_ROW || received->code == SQLITE_ROW) && (page->limit == 0 || lent < page->limit)) {
		bool is_sent = is_first(sent, received, page->reverse);
		bool is_both = is_sent && received->code == SQLITE_ROW && received->id == sent->id;
		struct dm_user user;

		if (passed++ >= page->offset) {
			user = user_from_row(is_sent ? sent->statement : received->statement);
			lent++;
			if (!operation->partners.on_user(operation->context, &user))
				return;
		}
		if (is_sent)
			advance(sent);
		if (!is_sent || is_both)
			advance(received);
	}
}

enum dm_status partners_page(struct sqlite_session *session, struct dm_operation *operation)
{
	bool reverse = operation->partners.page.reverse;
	struct scan sent, received;
	enum dm_status one, other;

	begin(&sent, session, reverse ? PARTNERS_SENT_UP : PARTNERS_SENT_DOWN, operation);
	begin(&received, session, reverse ? PARTNERS_RECEIVED_UP : PARTNERS_RECEIVED_DOWN, operation);
	merge(&sent, &received, operation);
	one = session_finish(session, sent.statement, sent.code, &operation->error);
	other = session_finish(session, received.statement, received.code, &operation->error);
	return one != DM_OK ? one : other;
}
