/* SPDX-License-Identifier: MIT */
/* webhook.c - endpoints of webhooks. Times are microseconds since 1970. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"

#define WEBHOOKS "directmessages_webhook"

const struct pg_statement_text pg_webhook_statements[] = {
	/* What was committed before is not told of; what a transaction commits later that is under way now is. So the
	 * position is before those that are under way, and the snapshot tells which others have ended by now. */
	{WEBHOOK_INSERT,
	 "INSERT INTO " WEBHOOKS " (url, description, secret, old_secret, old_secret_until, events,"
	 " position_transaction, position_id, created_at, is_active, disabled_why, failing_since, begin_snapshot)"
	 " VALUES ($1::text, $2::text, $3::text, '', 0, $4::bigint, " EVENTS_END ", 0, $5::bigint, true,"
	 " '', 0, pg_current_snapshot()) RETURNING id"},
	{WEBHOOKS_ALL,
	 "SELECT w.id, w.url, w.description, w.secret, w.old_secret, w.old_secret_until, w.events, w.created_at,"
	 " w.is_active, w.disabled_why, w.failing_since,"
	 " EXISTS (SELECT 1 FROM directmessages_event e WHERE " EVENT_IS_BEYOND_W ") AS has_new,"
	 " coalesce((SELECT min(d.next_at) FROM directmessages_delivery d WHERE d.webhook_id = w.id AND d.state = 0), 0)"
	 " AS next_at,"
	 " coalesce((SELECT max(d.next_at) FROM directmessages_delivery d WHERE d.webhook_id = w.id AND d.state = 0), 0)"
	 " AS last_at FROM " WEBHOOKS " w ORDER BY w.id"},
	{WEBHOOK_DELETE, "DELETE FROM " WEBHOOKS " WHERE id = $1::bigint RETURNING id"},
	/* Fails a piece of its pending deliveries; enables the endpoint if that was not a full piece. Those that were
	 * chosen are counted, not those that were failed: a result may have finished some of them meanwhile. */
	{WEBHOOK_ENABLE,
	 "WITH chosen AS MATERIALIZED (SELECT p.id FROM directmessages_delivery p WHERE p.webhook_id = $1::bigint"
	 " AND p.state = 0 AND EXISTS (SELECT 1 FROM " WEBHOOKS " w WHERE w.id = $1::bigint AND NOT w.is_active)"
	 " LIMIT $3::bigint), failed AS (UPDATE directmessages_delivery d SET state = 2, finished_at = $2::bigint,"
	 " error = 'its endpoint was disabled' WHERE d.id = ANY (ARRAY(SELECT id FROM chosen))"
	 " AND " IS_STILL_PENDING(
		 "d") "),"
		      " enabled AS (UPDATE " WEBHOOKS " SET is_active = true, disabled_why = '', failing_since = 0,"
		      " position_transaction = CASE WHEN is_active THEN position_transaction ELSE " EVENTS_END
		      " END, position_id = CASE WHEN is_active THEN position_id ELSE 0 END,"
		      " begin_snapshot = CASE WHEN is_active THEN begin_snapshot ELSE pg_current_snapshot() END"
		      " WHERE id = $1::bigint AND (SELECT count(*) FROM chosen) < $3::bigint)"
		      " SELECT id, (SELECT count(*) FROM chosen) = $3::bigint AS more FROM " WEBHOOKS
		      " WHERE id = $1::bigint"},
	{WEBHOOK_ROTATE, "UPDATE " WEBHOOKS " SET old_secret = secret, old_secret_until = $3::bigint, secret = $2::text"
			 " WHERE id = $1::bigint RETURNING id"},
	{0},
};

enum pg_statement pg_webhook_create(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_webhook_create *webhook = &operation->webhook_create;

	pg_add_text(parameters, webhook->url);
	pg_add_text(parameters, webhook->description);
	pg_add_text(parameters, webhook->secret);
	pg_add_int(parameters, webhook->events);
	pg_add_int(parameters, clock_now());
	return WEBHOOK_INSERT;
}

enum dm_status pg_read_created_webhook(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	(void)postgres;
	operation->webhook_create.webhook_id = pg_int(set->result, 0, 0);
	return DM_OK;
}

enum pg_statement pg_webhooks(struct dm_operation *operation, struct parameters *parameters)
{
	(void)operation, (void)parameters;
	return WEBHOOKS_ALL;
}

enum dm_status pg_read_webhooks(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	const PGresult *result = set->result;
	int rows = PQntuples(result);

	(void)postgres;
	for (int row = 0; row < rows && !set->enough; row++) {
		struct dm_webhook webhook = {
			.id = pg_int(result, row, 0),
			.url = pg_text(result, row, 1),
			.description = pg_text(result, row, 2),
			.secret = pg_text(result, row, 3),
			.old_secret = pg_text(result, row, 4),
			.old_secret_until = pg_int(result, row, 5),
			.events = (unsigned)pg_int(result, row, 6),
			.created_at = pg_int(result, row, 7),
			.is_active = pg_bool(result, row, 8),
			.disabled_reason = pg_text(result, row, 9),
			.failing_since = pg_int(result, row, 10),
			.has_new = pg_bool(result, row, 11),
			.next_at = pg_int(result, row, 12),
			.last_at = pg_int(result, row, 13),
		};

		set->enough = !operation->webhooks.on_webhook(operation->context, &webhook);
	}
	return DM_OK;
}

enum pg_statement pg_webhook_delete(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->webhook_delete.webhook_id);
	return WEBHOOK_DELETE;
}

enum pg_statement pg_webhook_enable(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->webhook_enable.webhook_id);
	pg_add_int(parameters, clock_now());
	pg_add_int(parameters, FAIL_DELIVERIES_ROWS);
	return WEBHOOK_ENABLE;
}

enum pg_statement pg_webhook_rotate(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->webhook_rotate.webhook_id);
	pg_add_text(parameters, operation->webhook_rotate.secret);
	pg_add_int(parameters, operation->webhook_rotate.old_until);
	return WEBHOOK_ROTATE;
}

enum dm_status pg_read_changed_webhook(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	(void)postgres;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such webhook");
	return DM_OK;
}

enum dm_status pg_read_enabled_webhook(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	enum dm_status status = pg_read_changed_webhook(postgres, operation, set);

	operation->webhook_enable.more = status == DM_OK && pg_bool(set->result, 0, 1);
	return status;
}
