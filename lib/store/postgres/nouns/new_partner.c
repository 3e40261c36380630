/* SPDX-License-Identifier: MIT */
/* new_partner.c - conversations that users have started lately.
 *
 * Sends are limited in their own transaction, by statements before that of the messages. Who starts conversations is
 * locked until the commit, by an advisory lock: of two servers the second sees what the first has counted. Who answers,
 * or goes on, is not. What may be started is noted, and the statement of the messages finds it. */
#include "nouns.h"

#include "clock.h"
#include "send_refusal.h"

/* The class of the locks: "dmnp". */
#define LOCKS "1684958832"

/* Of the senders $1 and recipients $2: pairs without messages, that may have some and have not been noted since $3. */
#define NEW_PAIRS \
	" FROM (SELECT a.sender, a.recipient, min(a.n) AS n FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY" \
	" AS a(sender, recipient, n) GROUP BY a.sender, a.recipient) i WHERE NOT (" HAVE_EXCHANGED \
	") AND " IS_UNBLOCKED " AND NOT (" NO_USER("i.recipient") " OR " NO_USER( \
		"i.sender") ") AND (SELECT 1 FROM directmessages_new_partner p" \
			    " WHERE p.user_id = i.sender AND p.partner_id = i.recipient AND p.started_at > $3::bigint) IS NULL"

const struct pg_statement_text pg_new_partner_statements[] = {
	{PARTNERS_LOCK, "SELECT pg_advisory_xact_lock(" LOCKS
			", x.h) FROM (SELECT DISTINCT hashint8(i.sender) AS h" NEW_PAIRS " ORDER BY h OFFSET 0) x"},
	{PARTNERS_EXPIRE, "DELETE FROM directmessages_new_partner WHERE started_at <= $3::bigint AND user_id = ANY"
			  " (ARRAY(SELECT i.sender" NEW_PAIRS "))"},
	/* $4 how many, $5 now. Gives each with when the one was started whose end makes room for one more, and how many
	 * are left. */
	{PARTNERS_TAKE,
	 "WITH fresh AS MATERIALIZED (SELECT i.sender, i.recipient, i.n" NEW_PAIRS "),"
	 " counted AS MATERIALIZED (SELECT f.*, row_number() OVER (PARTITION BY f.sender ORDER BY f.n)"
	 " + (SELECT count(*) FROM directmessages_new_partner p WHERE p.user_id = f.sender AND p.started_at > $3::bigint)"
	 " AS place FROM fresh f),"
	 " taken AS (INSERT INTO directmessages_new_partner (user_id, partner_id, started_at)"
	 " SELECT sender, recipient, $5::bigint FROM counted WHERE place <= $4::bigint ON CONFLICT DO NOTHING)"
	 " SELECT c.sender, c.recipient, coalesce(CASE WHEN c.place > $4::bigint"
	 " THEN (SELECT p.started_at FROM directmessages_new_partner p WHERE p.user_id = c.sender"
	 " ORDER BY p.started_at DESC LIMIT 1 OFFSET greatest($4::bigint - 1, 0)) ELSE (SELECT p.started_at"
	 " FROM directmessages_new_partner p WHERE p.user_id = c.sender AND p.started_at > $3::bigint"
	 " ORDER BY p.started_at LIMIT 1) END, $5::bigint), greatest($4::bigint - c.place, 0) FROM counted c"},
	{0},
};

static bool is_limited(const struct dm_operation *operation)
{
	return operation->send.internal.partners_period > 0 && operation->internal.refused == DM_OK;
}

bool pg_sends_are_limited(struct dm_operation *const *operations, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_limited(operations[i]))
			return true;
	return false;
}

/* The limit is that of the first: after a reload it may not be that of all. */
void pg_partners_ask(struct dm_operation *const *operations, size_t count, struct parameters *parameters,
		     struct buffer arrays[2])
{
	const struct dm_operation *first = NULL;
	size_t limited = 0;

	for (size_t i = 0; i < count; i++)
		limited += is_limited(operations[i]);
	for (size_t i = 0; i < 2; i++)
		pg_array_begin(&arrays[i], TYPE_BIGINT, limited);
	for (size_t i = 0; i < count; i++) {
		if (!is_limited(operations[i]))
			continue;
		first = first ? first : operations[i];
		pg_array_append_int(&arrays[0], operations[i]->send.sender_id);
		pg_array_append_int(&arrays[1], operations[i]->send.recipient_id);
	}
	pg_add_array(parameters, &arrays[0]);
	pg_add_array(parameters, &arrays[1]);
	pg_add_int(parameters, clock_now() - (first ? first->send.internal.partners_period : 0));
	pg_add_int(parameters, first ? first->send.internal.partners_max : 0);
	pg_add_int(parameters, clock_now());
}

static void read_taken(struct dm_op_send *send, const PGresult *result, int row, int64_t now)
{
	send->available_in = partners_wait(send, pg_int(result, row, 2), now);
	send->partners_left = pg_int(result, row, 3);
}

void pg_read_partners_taken(struct dm_operation **operations, size_t count, const PGresult *result)
{
	int64_t now = clock_now();

	for (size_t i = 0; i < count; i++)
		for (int row = 0; row < PQntuples(result); row++)
			if (pg_int(result, row, 0) == operations[i]->send.sender_id &&
			    pg_int(result, row, 1) == operations[i]->send.recipient_id)
				read_taken(&operations[i]->send, result, row, now);
}
