/* SPDX-License-Identifier: MIT */
/* ticket.c - tickets, each of which stands for a token once, for a short time. Times are in microseconds. */
#include "nouns.h"

#include "clock.h"
#include "random.h"

#include <string.h>

const struct statement_text pg_ticket_statements[] = {
	/* Without an index on the time: only those of the last seconds are there. */
	{TICKET_CREATE, "WITH expired AS (DELETE FROM directmessages_ticket WHERE expires_at <= $3::bigint)"
			" INSERT INTO directmessages_ticket (ticket, key, expires_at)"
			" VALUES ($1::text, $2::text, $4::bigint) RETURNING ticket"},
	{TICKET_TAKE,
	 "DELETE FROM directmessages_ticket WHERE ticket = $1::text AND expires_at > $2::bigint RETURNING key"},
	{0},
};

enum statement pg_ticket_create(struct dm_operation *operation, struct parameters *parameters)
{
	int64_t now = clock_now();

	if (!random_hex(operation->key, DM_TOKEN_LENGTH)) {
		operation->status =
			fail(&operation->error, DM_UNAVAILABLE, "the system gives no random numbers; try again later");
		return NOTHING_TO_ASK;
	}
	pg_add_text(parameters, (struct dm_text){operation->key, DM_TOKEN_LENGTH});
	pg_add_text(parameters, operation->text);
	pg_add_int(parameters, now);
	pg_add_int(parameters, now + DM_TICKET_SECONDS * INT64_C(1000000));
	return TICKET_CREATE;
}

enum statement pg_ticket_take(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_text(parameters, operation->text);
	pg_add_int(parameters, clock_now());
	return TICKET_TAKE;
}

/* The ticket that was made, or the key for one that was taken. */
enum dm_status pg_take_ticket(const struct postgres *postgres, struct dm_operation *operation, struct answer *answer)
{
	struct dm_text key;

	(void)postgres;
	memset(operation->key, 0, sizeof(operation->key));
	if (PQntuples(answer->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such ticket, or not any more");
	key = pg_text(answer->result, 0, 0);
	if (key.length <= DM_TOKEN_LENGTH)
		memcpy(operation->key, key.data, key.length);
	return DM_OK;
}
