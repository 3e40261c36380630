/* SPDX-License-Identifier: MIT */
/* hiding.c - hiding messages from one of their users: one, or a conversation, a piece at a time. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"

/* What the user ($1) can see of what was exchanged with the partner ($2), by the two indexes of a page, from one end.
 */
#define RANGE(user, partner, hidden, beyond, direction, limit) \
	"(SELECT id, sent_at FROM directmessages_message WHERE " user " = $1::bigint AND " partner \
	" = $2::bigint AND " hidden " IS NULL " beyond " ORDER BY sent_at " direction ", id " direction \
	" LIMIT " limit ")"
#define VISIBLE(beyond, direction, limit) \
	"SELECT id, sent_at FROM (" RANGE( \
		"sender_id", "recipient_id", "hidden_for_sender", beyond, direction, \
		limit) " UNION ALL " RANGE("recipient_id", "sender_id", "hidden_for_recipient", beyond, direction, \
					   limit) ") v ORDER BY sent_at " direction ", id " direction " LIMIT " limit

/* clang-format off */
const struct pg_statement_text pg_hiding_statements[] = {
	/* $2 user, $3 now, $4 whether to record events. It is told once, and never at the time when the message was sent
	 * (event_match.h). */
	{MESSAGE_HIDE,
	 "WITH old AS MATERIALIZED (SELECT id, CASE WHEN sender_id = $2::bigint THEN hidden_for_sender"
	 " ELSE hidden_for_recipient END AS hidden_at FROM directmessages_message WHERE id = $1::bigint"
	 " AND (sender_id = $2::bigint OR recipient_id = $2::bigint) FOR UPDATE),"
	 " hidden AS (UPDATE directmessages_message m SET hidden_for_sender = CASE WHEN m.sender_id = $2::bigint"
	 " THEN $3::timestamptz ELSE m.hidden_for_sender END, hidden_for_recipient = CASE WHEN m.sender_id = $2::bigint"
	 " THEN m.hidden_for_recipient ELSE $3::timestamptz END FROM old WHERE m.id = old.id"
	 " RETURNING m.id, m.sender_id, m.recipient_id, old.hidden_at,"
	 " greatest($3::timestamptz, m.sent_at + interval '1 microsecond') AS told_at),"
	 " fresh AS (SELECT * FROM hidden WHERE hidden_at IS NULL),"
	 " recorded AS (" RECORD_EVENTS("CASE WHEN sender_id = $2::bigint THEN 5 ELSE 6 END", "fresh", "told_at", "$4", "nullif($5::text, '')") ")"
	 " SELECT id FROM hidden"},
	{VISIBLE_EXISTS, VISIBLE("", "DESC", "1"), .is_look_up = true},
	/* $3 now, $4 whether to record events, $5 and $6 the message behind which the piece starts, $7 and $8 the last
	 * message to hide ($7 NULL: this is the first piece, and it is the newest), $9 limit. Hidden messages leave the
	 * indexes, but their entries stay until a vacuum. One event tells of the whole, with the last piece: from then on
	 * nothing of it is to be seen. */
	{CONVERSATION_HIDE,
	 "WITH newest AS MATERIALIZED (" VISIBLE("", "DESC", "1") "),"
	 " last AS MATERIALIZED (SELECT coalesce($7::timestamptz, (SELECT sent_at FROM newest)) AS sent_at,"
	 " CASE WHEN $7::timestamptz IS NULL THEN (SELECT id FROM newest) ELSE $8::bigint END AS id),"
	 " walked AS MATERIALIZED (" VISIBLE("AND (sent_at, id) > ($5::timestamptz, $6::bigint)"
	 " AND (sent_at, id) <= ((SELECT sent_at FROM last), (SELECT id FROM last))", "ASC", "$9::bigint + 1") "),"
	 " chosen AS MATERIALIZED (SELECT id, sent_at FROM walked ORDER BY sent_at, id LIMIT $9::bigint),"
	 " hidden AS (UPDATE directmessages_message m SET hidden_for_sender = CASE WHEN m.sender_id = $1::bigint"
	 " THEN $3::timestamptz ELSE m.hidden_for_sender END, hidden_for_recipient = CASE WHEN m.sender_id = $1::bigint"
	 " THEN m.hidden_for_recipient ELSE $3::timestamptz END"
	 " WHERE m.id = ANY (ARRAY(SELECT id FROM chosen))"
	 " AND CASE WHEN m.sender_id = $1::bigint THEN m.hidden_for_sender ELSE m.hidden_for_recipient END IS NULL"
	 " RETURNING m.id),"
	 " ending AS MATERIALIZED (SELECT (SELECT count(*) FROM walked) > (SELECT count(*) FROM chosen) AS is_cut,"
	 " (SELECT count(*) FROM hidden) AS hidden),"
	 " told AS (SELECT last.id, $1::bigint AS sender_id, $2::bigint AS recipient_id,"
	 " greatest($3::timestamptz, last.sent_at + interval '1 microsecond') AS told_at FROM last, ending"
	 " WHERE NOT is_cut AND (hidden > 0 OR $7::timestamptz IS NOT NULL)),"
	 " recorded AS (" RECORD_EVENTS("7", "told", "told_at", "$4", "nullif($10::text, '')") ")"
	 " SELECT hidden, is_cut, (SELECT sent_at FROM chosen ORDER BY sent_at DESC, id DESC LIMIT 1),"
	 " (SELECT id FROM chosen ORDER BY sent_at DESC, id DESC LIMIT 1), last.sent_at, last.id FROM ending, last"},
	{0},
};
/* clang-format on */

enum pg_statement pg_message_hide(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->hide.message_id);
	pg_add_int(parameters, operation->hide.user_id);
	pg_add_time(parameters, clock_now());
	pg_add_bool(parameters, parameters->records);
	pg_add_text(parameters, operation->traceparent);
	return MESSAGE_HIDE;
}

enum dm_status pg_read_hidden_message(const struct postgres *postgres, struct dm_operation *operation,
				      struct row_set *set)
{
	(void)postgres;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such message, or it is not this user's");
	return DM_OK;
}

/* No user has messages to themselves. */
static bool is_with_oneself(const struct dm_operation *operation)
{
	return operation->hide_conversation.user_id == operation->hide_conversation.partner_id;
}

enum pg_statement pg_conversation_is_visible(struct dm_operation *operation, struct parameters *parameters)
{
	if (is_with_oneself(operation))
		return NOTHING_TO_ASK;
	pg_add_int(parameters, operation->hide_conversation.user_id);
	pg_add_int(parameters, operation->hide_conversation.partner_id);
	return VISIBLE_EXISTS;
}

enum pg_statement pg_conversation_hide(struct dm_operation *operation, struct parameters *parameters)
{
	struct dm_op_hide_conversation *call = &operation->hide_conversation;
	bool is_first = !call->more;

	if (is_with_oneself(operation))
		return NOTHING_TO_ASK;
	if (is_first)
		call->internal.at = clock_now();
	pg_add_int(parameters, call->user_id);
	pg_add_int(parameters, call->partner_id);
	pg_add_time(parameters, call->internal.at);
	pg_add_bool(parameters, parameters->records);
	pg_add_time(parameters, is_first ? TIME_FIRST : call->internal.from_time);
	pg_add_int(parameters, is_first ? INT64_MIN : call->internal.from_id);
	if (is_first)
		pg_add_no_time(parameters);
	else
		pg_add_time(parameters, call->internal.last_time);
	pg_add_int(parameters, call->internal.last_id);
	pg_add_int(parameters, is_first ? MARK_FIRST_ROWS : MARK_ROWS);
	pg_add_text(parameters, operation->traceparent);
	return CONVERSATION_HIDE;
}

enum dm_status pg_read_hidden_piece(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	struct dm_op_hide_conversation *call = &operation->hide_conversation;

	(void)postgres;
	call->hidden = pg_int(set->result, 0, 0);
	call->more = pg_bool(set->result, 0, 1);
	call->internal.from_time = pg_time(set->result, 0, 2, 0);
	call->internal.from_id = pg_int(set->result, 0, 3);
	call->internal.last_time = pg_time(set->result, 0, 4, 0);
	call->internal.last_id = pg_int(set->result, 0, 5);
	return DM_OK;
}
