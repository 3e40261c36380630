/* SPDX-License-Identifier: MIT */
/* inbox_walk.c - walks the table of inboxes, and compares each row with the last message itself. */
#include "inbox_walk.h"

#include "nouns.h"

/* The last message on one side: a step in its index. */
#define LAST_ID(own, other, hidden, index) \
	"(SELECT id FROM directmessages_message INDEXED BY " index " WHERE " own " = ?1 AND " other \
	" = i.partner_id AND " hidden " IS NULL ORDER BY sent_at DESC, id DESC LIMIT 1)"

/* What place_from_row reads, of a row i of the table. All in one statement, and by joins where that is possible: to
 * begin a statement, or a subquery, takes as long as some steps in an index. */
/* clang-format off */
#define PLACE \
	USER_COLUMNS ", i.partner_id, b.blocked_id, s.id, s.sent_at, s.read_at, r.id, r.sent_at, r.read_at"
#define JOINED \
	" LEFT JOIN {users} u ON {u.id} = i.partner_id" \
	" LEFT JOIN directmessages_block b ON b.user_id = ?1 AND b.blocked_id = i.partner_id" \
	" LEFT JOIN directmessages_message s ON s.id = " \
	LAST_ID("sender_id", "recipient_id", "hidden_for_sender", "directmessages_sent") \
	" LEFT JOIN directmessages_message r ON r.id = " \
	LAST_ID("recipient_id", "sender_id", "hidden_for_recipient", "directmessages_received")
/* clang-format on */

/* ?1 user, ?2 time, ?3 id, ?4 limit. As for pages of a conversation, rows at exactly the time of the position have a
 * statement of their own. */
#define WALK(range) \
	"SELECT " PLACE \
	", i.last_at, i.last_id FROM directmessages_inbox i INDEXED BY directmessages_inbox_order" JOINED \
	" WHERE i.user_id = ?1 AND " range " ORDER BY i.last_at DESC, i.last_id DESC LIMIT ?4"

const struct sqlite_statement_text inbox_walk_statements[] = {
	{INBOX_LAST, "SELECT " PLACE " FROM (SELECT ?2 AS partner_id) i" JOINED},
	{INBOX_WALK, WALK("i.last_at < ?2 AND ?3 IS NOT NULL")},
	{INBOX_WALK_TIES, WALK("i.last_at = ?2 AND i.last_id < ?3")},
	{0},
};

/* Columns of PLACE, and what WALK has behind them. */
enum { PARTNER_ID = 6, BLOCKED_ID, SENT, RECEIVED = SENT + 3, LAST_AT = RECEIVED + 3, LAST_MESSAGE_ID };

/* The last message of one side, from three columns; id 0 if there is none. */
static struct dm_message side_from_row(sqlite3_stmt *row, int column, int64_t sender_id, int64_t recipient_id)
{
	return (struct dm_message){
		.id = sqlite3_column_int64(row, column),
		.sender_id = sender_id,
		.recipient_id = recipient_id,
		.sent_at = column_time(row, column + 1, INT64_MIN),
		.read_at = column_time(row, column + 2, DM_UNREAD),
	};
}

static struct inbox_place place_from_row(sqlite3_stmt *row, int64_t user_id)
{
	struct inbox_place place = {.partner_id = sqlite3_column_int64(row, PARTNER_ID),
				    .has_user = sqlite3_column_type(row, 0) != SQLITE_NULL,
				    .is_blocked = sqlite3_column_type(row, BLOCKED_ID) != SQLITE_NULL};
	struct dm_message sent = side_from_row(row, SENT, user_id, place.partner_id);
	struct dm_message received = side_from_row(row, RECEIVED, place.partner_id, user_id);
	bool sent_is_last =
		sent.sent_at > received.sent_at || (sent.sent_at == received.sent_at && sent.id > received.id);

	if (!place.has_user)
		return place;
	place.partner = user_from_row(row);
	place.message = sent_is_last ? sent : received;
	return place;
}

static void keep(struct dm_text *text, struct arena *arena)
{
	struct span copy = arena_copy(arena, (struct span){text->data, text->length});

	*text = (struct dm_text){copy.data, copy.length};
}

void inbox_keep(struct inbox_place *place, struct arena *arena)
{
	if (!place->has_user)
		return;
	keep(&place->partner.username, arena);
	keep(&place->partner.first_name, arena);
	keep(&place->partner.last_name, arena);
	keep(&place->partner.email, arena);
}

enum dm_status inbox_last(struct sqlite_session *session, int64_t user_id, int64_t partner_id,
			  struct inbox_place *place, struct arena *arena, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[INBOX_LAST];
	int code;

	sqlite3_bind_int64(statement, 1, user_id);
	sqlite3_bind_int64(statement, 2, partner_id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*place = place_from_row(statement, user_id);
		inbox_keep(place, arena);
	}
	return session_finish(session, statement, code, error);
}

static bool pass_on(const struct inbox_walk *walk, sqlite3_stmt *row)
{
	struct inbox_place place = place_from_row(row, walk->user_id);

	place.is_wrong = place.message.id != sqlite3_column_int64(row, LAST_MESSAGE_ID) ||
			 place.message.sent_at != column_time(row, LAST_AT, 0);
	return walk->on_place(walk->context, &place);
}

static enum dm_status walk_range(struct sqlite_session *session, const struct inbox_walk *walk,
				 enum sqlite_statement which, int64_t *left, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[which];
	bool enough = false;
	int code = SQLITE_DONE;

	sqlite3_bind_int64(statement, 1, walk->user_id);
	if (walk->has_position)
		bind_time(statement, 2, walk->position);
	else
		sqlite3_bind_text(statement, 2, "A", -1, SQLITE_STATIC); /* beyond all times */
	sqlite3_bind_int64(statement, 3, walk->row_id);
	sqlite3_bind_int64(statement, 4, *left);
	while (!enough && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		(*left)--;
		enough = !pass_on(walk, statement);
	}
	*left = enough ? 0 : *left;
	return session_finish(session, statement, code, error);
}

enum dm_status inbox_walk(struct sqlite_session *session, const struct inbox_walk *walk, struct dm_error *error)
{
	int64_t left = walk->limit;
	enum dm_status status = DM_OK;

	if (walk->has_position)
		status = walk_range(session, walk, INBOX_WALK_TIES, &left, error);
	if (status == DM_OK && left > 0)
		status = walk_range(session, walk, INBOX_WALK, &left, error);
	return status;
}
