/* SPDX-License-Identifier: MIT */
/* limits.c - the time limits of one transaction. */
#include "limits.h"

void pg_set_limits(struct pg_session *session, bool without_waiting)
{
	const struct postgres *postgres = session->postgres;
	struct parameters parameters = {.count = 0};

	if (!postgres->options.unprepared && !without_waiting)
		return;
	pg_add_int(&parameters, postgres->limits.statement / 1000);
	pg_add_int(&parameters, without_waiting ? 1 : session->lock_limit / 1000); /* 0 would be no limit */
	session_send(session, SET_LIMITS, &parameters);
}

bool pg_limits_were_set(struct pg_session *session, bool without_waiting, int64_t deadline, struct dm_error *error)
{
	PGresult *result = NULL;
	bool good = true;

	if (!session->postgres->options.unprepared && !without_waiting)
		return true;
	do {
		PQclear(result);
		good = session_result(session, deadline, &result, error);
	} while (good && result);
	return good;
}
