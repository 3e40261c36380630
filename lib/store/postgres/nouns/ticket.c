/* SPDX-License-Identifier: MIT */
/* ticket.c - tickets: each can be redeemed once, for a short time, in place of a token. Times are in microseconds. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "random.h"

#include <string.h>

/* Each new ticket deletes at most so many expired ones, so that no request pays for many. */
#define MAX_EXPIRED "10"

#define TICKETS "directmessages_ticket"
#define LIFETIME (DM_TICKET_SECONDS * INT64_C(1000000))
/* No ticket expires later than that from now, even where the clocks of two servers differ by LIFETIME. */
#define MAX_AHEAD (2 * LIFETIME)

const struct pg_statement_text pg_ticket_statements[] = {
	/* Makes room first: deletes some expired ones, and the oldest where the token has many. A ticket that expires
	 * later than MAX_AHEAD was made before the clock was set back, and does not count. */
	{TICKET_CREATE,
	 "WITH old AS MATERIALIZED (SELECT ticket FROM " TICKETS " WHERE expires_at <= $3::bigint ORDER BY expires_at"
	 " LIMIT " MAX_EXPIRED "), ahead AS MATERIALIZED (SELECT ticket FROM " TICKETS
	 " WHERE expires_at > $6::bigint ORDER BY expires_at LIMIT " MAX_EXPIRED
	 "), surplus AS MATERIALIZED (SELECT ticket FROM " TICKETS
	 " WHERE key = $2::text ORDER BY expires_at > $6::bigint, expires_at DESC OFFSET $5::bigint), gone AS (DELETE FROM " TICKETS
	 " WHERE ticket IN (SELECT ticket FROM old UNION SELECT ticket FROM ahead UNION SELECT ticket FROM surplus))"
	 " INSERT INTO " TICKETS " (ticket, key, expires_at) VALUES ($1::text, $2::text, $4::bigint) RETURNING ticket"},
	{TICKET_EXISTS, "SELECT 1 FROM " TICKETS " WHERE ticket = $1::text AND expires_at > $2::bigint"
			" AND expires_at <= $3::bigint"},
	{TICKET_REDEEM, "DELETE FROM " TICKETS " WHERE ticket = $1::text AND expires_at > $2::bigint"
			" AND expires_at <= $3::bigint RETURNING key"},
	{0},
};

enum pg_statement pg_ticket_create(struct dm_operation *operation, struct parameters *parameters)
{
	int64_t now = clock_now();

	if (!random_hex(operation->ticket_create.ticket, DM_TOKEN_LENGTH)) {
		operation->status = fail(&operation->error, DM_UNAVAILABLE,
					 "the system has no random numbers to give; try again later");
		return NOTHING_TO_ASK;
	}
	pg_add_text(parameters, (struct dm_text){operation->ticket_create.ticket, DM_TOKEN_LENGTH});
	pg_add_text(parameters, operation->ticket_create.key);
	pg_add_int(parameters, now);
	pg_add_int(parameters, now + LIFETIME);
	pg_add_int(parameters, DM_MAX_TICKETS - 1);
	pg_add_int(parameters, now + MAX_AHEAD);
	return TICKET_CREATE;
}

static void add_ticket(const struct dm_operation *operation, struct parameters *parameters)
{
	int64_t now = clock_now();

	pg_add_text(parameters, operation->ticket_redeem.ticket);
	pg_add_int(parameters, now);
	pg_add_int(parameters, now + MAX_AHEAD);
}

enum pg_statement pg_ticket_exists(struct dm_operation *operation, struct parameters *parameters)
{
	add_ticket(operation, parameters);
	return TICKET_EXISTS;
}

enum pg_statement pg_ticket_redeem(struct dm_operation *operation, struct parameters *parameters)
{
	add_ticket(operation, parameters);
	return TICKET_REDEEM;
}

enum dm_status pg_read_redeemed_ticket(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	struct dm_text key;

	(void)postgres;
	memset(operation->ticket_redeem.key, 0, sizeof(operation->ticket_redeem.key));
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such ticket, or not any more");
	key = pg_text(set->result, 0, 0);
	if (key.length <= DM_TOKEN_LENGTH)
		memcpy(operation->ticket_redeem.key, key.data, key.length);
	return DM_OK;
}
