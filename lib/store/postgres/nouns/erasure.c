/* SPDX-License-Identifier: MIT */
/* erasure.c - erases a user, a piece at a time.
 *
 * Every piece finds what is left to do: nothing is noted of how far an erasure came, so one that was killed is simply
 * begun again. Messages are walked by the indexes of visible and of hidden ones: the index of a foreign key has no
 * order, so each piece would pass all that were done before. */
#include "nouns.h"

#include "clock.h"
#include "erasure_phase.h"
#include "failure.h"
#include "lane.h"

#define TEXT_OF(number) #number
#define NUMBER(number) TEXT_OF(number)

#define ERASED_NAME "'erased-' || $1::bigint::text"
#define MAY_BEGIN "NOT EXISTS (SELECT 1 FROM taken)"

/* $1 user, $2 $3 $4 the position: partner, time, id. $5 now. Looks at walked rows, of which some `changes`; `change` is
 * done with these. The piece is a prefix of what was walked. */
/* clang-format off */
#define PIECE(user, partner, is_visible, changes, change) \
	"WITH walked AS MATERIALIZED (SELECT id, " partner " AS partner, sent_at, " changes " AS changes," \
	" CASE WHEN " changes " THEN octet_length(content) ELSE 0 END AS bytes FROM directmessages_message WHERE " user \
	" = $1::bigint AND " is_visible " AND (" partner ", sent_at, id) > ($2::bigint, $3::timestamptz, $4::bigint)" \
	" ORDER BY " partner ", sent_at, id LIMIT " NUMBER(ERASE_WALK) ")," \
	" counted AS (SELECT *, count(*) FILTER (WHERE changes) OVER w AS n, sum(bytes) OVER w - bytes AS before" \
	" FROM walked WINDOW w AS (ORDER BY partner, sent_at, id ROWS UNBOUNDED PRECEDING))," \
	" chosen AS MATERIALIZED (SELECT * FROM counted WHERE n <= " NUMBER(ERASE_ROWS) \
	" AND before < " NUMBER(ERASE_BYTES) ")," \
	" done AS (" change " m.id = ANY (ARRAY(SELECT id FROM chosen WHERE changes)) AND $5::timestamptz IS NOT NULL" \
	" RETURNING 1)" \
	" SELECT (SELECT count(*) FROM done), (SELECT count(*) FROM walked) = " NUMBER(ERASE_WALK) \
	" OR (SELECT count(*) FROM chosen) < (SELECT count(*) FROM walked), l.partner, l.sent_at, l.id" \
	" FROM (SELECT 1) x LEFT JOIN (SELECT * FROM chosen ORDER BY partner DESC, sent_at DESC, id DESC LIMIT 1) l ON true"
/* clang-format on */

#define SENT(is_visible, changes, change) PIECE("sender_id", "recipient_id", is_visible, changes, change)
#define RECEIVED(is_visible, changes, change) PIECE("recipient_id", "sender_id", is_visible, changes, change)
#define BLANK \
	"UPDATE directmessages_message m SET content = ''," \
	" hidden_for_sender = coalesce(m.hidden_for_sender, $5::timestamptz) WHERE"
#define HIDE "UPDATE directmessages_message m SET hidden_for_recipient = $5::timestamptz WHERE"
#define DELETE "DELETE FROM directmessages_message m WHERE"

/* The first blocks of the user ($1) in one direction, each found from the one before by a step into the index: of many
 * the planner would collect all. */
#define NEXT_BLOCK(own, other, condition) \
	"(SELECT " other " FROM directmessages_block WHERE " own " = $1::bigint" condition " ORDER BY " other \
	" LIMIT 1)"
#define BLOCKS_OF(name, own, other) \
	name "(id, n) AS (SELECT " NEXT_BLOCK(own, other, "") ", 1 UNION ALL SELECT " NEXT_BLOCK( \
		own, other, " AND " other " > " name ".id") ", n + 1 FROM " name \
							    " WHERE id IS NOT NULL AND n < " NUMBER(ERASE_ROWS) ")"

const struct pg_statement_text pg_erasure_statements[] = {
	/* What goes at once, before the messages. Data that a new table holds about a user is a WITH query more; if it
	 * may be much, it is a phase. Gives whether there is the user, and whether another one has the name to come.
	 */
	{ERASE_CLOSE,
	 "WITH taken AS (SELECT 1 FROM {users} u WHERE {u.username} = " ERASED_NAME " AND {u.id} <> $1::bigint),"
	 " keys AS (DELETE FROM authtoken_token WHERE user_id = $1::bigint AND " MAY_BEGIN " RETURNING key),"
	 " tickets AS (DELETE FROM directmessages_ticket WHERE key IN (SELECT key FROM keys)),"
	 " user_tickets AS (DELETE FROM directmessages_ticket WHERE " IS_TICKET_OF(
		 "$1::bigint") " AND " MAY_BEGIN
			       "), closed AS (UPDATE {users} AS u SET {close} WHERE {u.id} = $1::bigint AND " MAY_BEGIN
			       ")"
			       " SELECT EXISTS (SELECT 1 FROM {users} u WHERE {u.id} = $1::bigint), EXISTS (SELECT 1 FROM taken)",
	 .is_rare = true},
	{BLANK_SENT, SENT("hidden_for_sender IS NULL", "true", BLANK)},
	{BLANK_SENT_HIDDEN, SENT("hidden_for_sender IS NOT NULL", "content <> ''", BLANK)},
	{HIDE_RECEIVED, RECEIVED("hidden_for_recipient IS NULL", "true", HIDE)},
	{DELETE_SENT, SENT("hidden_for_sender IS NULL", "true", DELETE)},
	{DELETE_SENT_HIDDEN, SENT("hidden_for_sender IS NOT NULL", "true", DELETE)},
	{DELETE_RECEIVED, RECEIVED("hidden_for_recipient IS NULL", "true", DELETE)},
	{DELETE_RECEIVED_HIDDEN, RECEIVED("hidden_for_recipient IS NOT NULL", "true", DELETE)},
	{ERASE_BLOCKS,
	 "WITH RECURSIVE " BLOCKS_OF("blocks", "user_id", "blocked_id") ", " BLOCKS_OF(
		 "blocked", "blocked_id",
		 "user_id") ", gone AS (DELETE FROM directmessages_block b USING (SELECT $1::bigint AS user_id, id AS blocked_id FROM blocks"
			    " UNION ALL SELECT id, $1::bigint FROM blocked) c WHERE b.user_id = c.user_id AND b.blocked_id = c.blocked_id"
			    " RETURNING 1), partners AS (DELETE FROM directmessages_new_partner"
			    " WHERE ctid = ANY (ARRAY(SELECT ctid FROM directmessages_new_partner WHERE user_id = $1::bigint LIMIT " NUMBER(ERASE_ROWS) ") || ARRAY(SELECT ctid FROM directmessages_new_partner WHERE partner_id = $1::bigint AND user_id <> $1::bigint LIMIT " NUMBER(
				    ERASE_ROWS) ")) RETURNING 1) SELECT count(*), count(*) >= " NUMBER(ERASE_ROWS) " OR (SELECT count(*) FROM partners) >= " NUMBER(ERASE_ROWS) " FROM gone"},
	/* Nobody may fold or mend meanwhile: each has locks that the other would wait for. */
	{ERASE_INBOX,
	 "WITH locked AS MATERIALIZED (SELECT 1 FROM directmessages_inbox_fold WHERE id = 1 FOR UPDATE),"
	 " gone AS (DELETE FROM directmessages_inbox WHERE user_id = $1::bigint AND partner_id = ANY (ARRAY(SELECT i.partner_id"
	 " FROM locked CROSS JOIN LATERAL (SELECT partner_id FROM directmessages_inbox WHERE user_id = $1::bigint"
	 " ORDER BY partner_id LIMIT " NUMBER(ERASE_WALK) ") i)) RETURNING 1)"
							  " SELECT 0::bigint, (SELECT count(*) FROM gone) = " NUMBER(
								  ERASE_WALK),
	 .is_rare = true},
	{ERASE_USER, "UPDATE {users} AS u SET {erase} WHERE {u.id} = $1::bigint RETURNING {u.id}", .is_rare = true},
	{0},
};

enum pg_statement pg_rest_erase(int64_t user_id, int64_t phase, struct parameters *parameters)
{
	pg_add_int(parameters, user_id);
	switch ((enum erasure_phase)phase) {
	case ERASURE_INBOX:
		return ERASE_INBOX;
	case ERASURE_KEYS:
		pg_add_int(parameters, ERASE_WALK);
		return ERASE_KEYS;
	case ERASURE_BLOCKS:
		return ERASE_BLOCKS;
	default:
		return ERASE_USER;
	}
}

enum pg_statement pg_user_erase(struct dm_operation *operation, struct parameters *parameters)
{
	static const enum pg_statement blanks[] = {
		[ERASURE_SENT] = BLANK_SENT,
		[ERASURE_SENT_HIDDEN] = BLANK_SENT_HIDDEN,
		[ERASURE_RECEIVED] = HIDE_RECEIVED,
	};
	static const enum pg_statement deletes[] = {
		[ERASURE_SENT] = DELETE_SENT,
		[ERASURE_SENT_HIDDEN] = DELETE_SENT_HIDDEN,
		[ERASURE_RECEIVED] = DELETE_RECEIVED,
		[ERASURE_RECEIVED_HIDDEN] = DELETE_RECEIVED_HIDDEN,
	};
	struct dm_op_user_erase *erase = &operation->user_erase;

	if (!erase->more)
		erase->internal.phase = ERASURE_CLOSES;
	if (erase->internal.phase >= ERASURE_INBOX)
		return pg_rest_erase(erase->user_id, erase->internal.phase, parameters);
	pg_add_int(parameters, erase->user_id);
	if (erase->internal.phase == ERASURE_CLOSES)
		return ERASE_CLOSE;
	pg_add_int(parameters, erase->internal.partner);
	pg_add_time(parameters, erase->internal.time);
	pg_add_int(parameters, erase->internal.id);
	pg_add_time(parameters, clock_now());
	return (erase->messages == DM_ERASE_DELETE ? deletes : blanks)[erase->internal.phase];
}

static enum dm_status read_closed(struct dm_operation *operation, const PGresult *result)
{
	int64_t user_id = operation->user_erase.user_id;

	if (!pg_bool(result, 0, 0))
		return fail(&operation->error, DM_NOT_FOUND, "there is no such user");
	if (pg_bool(result, 0, 1))
		return fail(&operation->error, DM_EXISTS, "another user is called erased-%lld; rename that user first",
			    (long long)user_id);
	return DM_OK;
}

static void read_piece(struct dm_op_user_erase *erase, const PGresult *result)
{
	bool sent = erase->internal.phase <= ERASURE_SENT_HIDDEN;
	int64_t done = pg_int(result, 0, 0);

	if (erase->messages == DM_ERASE_DELETE)
		erase->erased.deleted = done;
	else if (sent)
		erase->erased.blanked = done;
	else
		erase->erased.hidden = done;
	if (PQgetisnull(result, 0, 2)) /* there was nothing */
		return;
	erase->internal.partner = pg_int(result, 0, 2);
	erase->internal.time = pg_time(result, 0, 3, 0);
	erase->internal.id = pg_int(result, 0, 4);
}

enum dm_status pg_read_erased_piece(const struct postgres *postgres, struct dm_operation *operation,
				    struct row_set *set)
{
	struct dm_op_user_erase *erase = &operation->user_erase;
	enum erasure_phase phase = (enum erasure_phase)erase->internal.phase;
	bool is_of_messages = phase > ERASURE_CLOSES && phase < ERASURE_INBOX;
	bool has_pieces = phase > ERASURE_CLOSES && phase < ERASURE_RENAMES;
	enum dm_status status = DM_OK;

	(void)postgres;
	erase->erased = (struct dm_erased){0};
	if (phase == ERASURE_CLOSES)
		status = read_closed(operation, set->result);
	if (is_of_messages)
		read_piece(erase, set->result);
	if (status == DM_OK)
		erasure_go_on(erase, has_pieces && pg_bool(set->result, 0, 1), false);
	return status;
}
