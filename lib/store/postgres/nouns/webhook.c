/* SPDX-License-Identifier: MIT */
/* webhook.c - endpoints of webhooks. Times are microseconds since 1970. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"
#include "webhook_words.h"

#define WEBHOOKS "directmessages_webhook"

/* Of the endpoint w. */
#define WEBHOOK_COLUMNS \
	"w.id, w.url, w.description, w.secret, w.old_secret, w.old_secret_until, w.events, w.created_at," \
	" w.is_active, w.disabled_why, w.failing_since," \
	" EXISTS (SELECT 1 FROM directmessages_event e WHERE " EVENT_IS_BEYOND_W ") AS has_new," \
	" coalesce((SELECT min(d.next_at) FROM directmessages_delivery d WHERE d.webhook_id = w.id AND d.state = 0), 0)" \
	" AS next_at," \
	" coalesce((SELECT max(d.next_at) FROM directmessages_delivery d WHERE d.webhook_id = w.id AND d.state = 0), 0)" \
	" AS last_at"
#define WEBHOOK_COLUMNS_COUNT 14

const struct pg_statement_text pg_webhook_statements[] = {
	/* What was committed before is not told of; what a transaction commits later that is under way now is. So the
	 * position is before those that are under way, and the snapshot tells which others have ended by now. */
	{WEBHOOK_INSERT,
	 "INSERT INTO " WEBHOOKS " (url, description, secret, old_secret, old_secret_until, events,"
	 " position_transaction, position_id, created_at, is_active, disabled_why, failing_since, begin_snapshot)"
	 " VALUES ($1::text, $2::text, $3::text, '', 0, $4::bigint, " EVENTS_END ", 0, $5::bigint, true,"
	 " '', 0, pg_current_snapshot()) RETURNING id"},
	{WEBHOOKS_ALL, "SELECT " WEBHOOK_COLUMNS " FROM " WEBHOOKS " w WHERE ($1::bigint = 0 OR w.id = $1::bigint)"
		       " AND w.id > $2::bigint ORDER BY w.id LIMIT $3::bigint"},
	{WEBHOOK_DELETE, "DELETE FROM " WEBHOOKS " WHERE id = $1::bigint RETURNING id"},
	/* What is NULL stays. An endpoint that is made active or not ($7) first fails a piece of its pending
	 * deliveries; it becomes active if that was not a full piece. Those that were chosen are counted, not those
	 * that were failed: a result may have finished some of them meanwhile. An endpoint with another URL has not
	 * failed yet. */
	{WEBHOOK_UPDATE,
	 "WITH chosen AS MATERIALIZED (SELECT p.id FROM directmessages_delivery p WHERE p.webhook_id = $1::bigint"
	 " AND p.state = 0 AND CASE WHEN $7::boolean THEN EXISTS (SELECT 1 FROM " WEBHOOKS
	 " w WHERE w.id = $1::bigint AND NOT w.is_active) ELSE NOT $7::boolean END LIMIT $9::bigint),"
	 " failed AS (UPDATE directmessages_delivery d SET state = 2, finished_at = $8::bigint,"
	 " error = 'its endpoint was disabled' WHERE d.id = ANY (ARRAY(SELECT id FROM chosen))"
	 " AND " IS_STILL_PENDING(
		 "d") "),"
		      " waits AS (SELECT $7::boolean IS TRUE AND count(*) = $9::bigint AS more FROM chosen),"
		      " updated AS (UPDATE " WEBHOOKS " w SET url = coalesce($2::text, w.url),"
		      " description = coalesce($3::text, w.description), events = coalesce($4::bigint, w.events),"
		      " old_secret = CASE WHEN $5::text IS NULL THEN w.old_secret ELSE w.secret END,"
		      " old_secret_until = CASE WHEN $5::text IS NULL THEN w.old_secret_until ELSE $6::bigint END,"
		      " secret = coalesce($5::text, w.secret), is_active = coalesce($7::boolean, w.is_active),"
		      " disabled_why = CASE WHEN $7::boolean THEN '' WHEN NOT $7::boolean AND w.is_active"
		      " THEN '" DISABLED_BY_OPERATOR "' ELSE w.disabled_why END,"
		      " failing_since = CASE WHEN $7::boolean OR w.url <> coalesce($2::text, w.url) THEN 0 ELSE w.failing_since END,"
		      " position_transaction = CASE WHEN $7::boolean AND NOT w.is_active THEN " EVENTS_END
		      " ELSE w.position_transaction END,"
		      " position_id = CASE WHEN $7::boolean AND NOT w.is_active THEN 0 ELSE w.position_id END,"
		      " begin_snapshot = CASE WHEN $7::boolean AND NOT w.is_active THEN pg_current_snapshot()"
		      " ELSE w.begin_snapshot END"
		      " WHERE w.id = $1::bigint AND NOT (SELECT more FROM waits) RETURNING w.*)"
		      " SELECT " WEBHOOK_COLUMNS ", false AS more FROM updated w UNION ALL"
		      " SELECT " WEBHOOK_COLUMNS ", true FROM " WEBHOOKS
		      " w WHERE w.id = $1::bigint AND (SELECT more FROM waits)"},
	{0},
};

enum pg_statement pg_webhook_create(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_webhook_create *webhook = &operation->webhook_create;

	pg_add_text(parameters, webhook->url);
	pg_add_text(parameters, webhook->description);
	pg_add_text(parameters, webhook->secret);
	pg_add_int(parameters, webhook->events);
	operation->webhook_create.created_at = clock_now();
	pg_add_int(parameters, operation->webhook_create.created_at);
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
	pg_add_int(parameters, operation->webhooks.webhook_id);
	pg_add_int(parameters, operation->webhooks.after);
	pg_add_limit(parameters, operation->webhooks.limit);
	return WEBHOOKS_ALL;
}

static struct dm_webhook webhook_from_row(const PGresult *result, int row)
{
	return (struct dm_webhook){
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
}

/* DM_NOT_FOUND: there is no row. */
static enum dm_status check_found(struct dm_operation *operation, const PGresult *result)
{
	if (PQntuples(result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, NO_SUCH_WEBHOOK);
	return DM_OK;
}

enum dm_status pg_read_webhooks(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	int rows = PQntuples(set->result);

	(void)postgres;
	for (int row = 0; row < rows && !set->enough; row++) {
		struct dm_webhook webhook = webhook_from_row(set->result, row);

		set->enough = !operation->webhooks.on_webhook(operation->context, &webhook);
	}
	return operation->webhooks.webhook_id != 0 ? check_found(operation, set->result) : DM_OK;
}

enum pg_statement pg_webhook_delete(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->webhook_delete.webhook_id);
	return WEBHOOK_DELETE;
}

enum dm_status pg_read_deleted_webhook(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	(void)postgres;
	return check_found(operation, set->result);
}

/* ---- changing ------------------------------------------------------------------------------------------------ */

static void add_text_change(struct parameters *parameters, struct dm_text text)
{
	if (text.data)
		pg_add_text(parameters, text);
	else
		pg_add_null(parameters);
}

static enum pg_statement ask_update(const struct dm_op_webhook_update *change, struct parameters *parameters)
{
	pg_add_int(parameters, change->webhook_id);
	add_text_change(parameters, change->url);
	add_text_change(parameters, change->description);
	if (change->events != 0)
		pg_add_int(parameters, change->events);
	else
		pg_add_null(parameters);
	add_text_change(parameters, change->secret);
	pg_add_int(parameters, change->old_until);
	if (change->active != DM_ACTIVE_KEEP)
		pg_add_bool(parameters, change->active == DM_ACTIVE_YES);
	else
		pg_add_null(parameters);
	pg_add_int(parameters, clock_now());
	pg_add_int(parameters, FAIL_DELIVERIES_ROWS);
	return WEBHOOK_UPDATE;
}

/* Tells by *more whether a full piece of pending deliveries has failed first, and the change is yet to be made. */
static enum dm_status read_update(struct dm_operation *operation, const PGresult *result, bool *more)
{
	enum dm_status status = check_found(operation, result);

	*more = status == DM_OK && pg_bool(result, 0, WEBHOOK_COLUMNS_COUNT);
	return status;
}

enum pg_statement pg_webhook_update(struct dm_operation *operation, struct parameters *parameters)
{
	return ask_update(&operation->webhook_update, parameters);
}

enum dm_status pg_read_updated_webhook(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	struct dm_op_webhook_update *update = &operation->webhook_update;
	enum dm_status status = read_update(operation, set->result, &update->more);

	(void)postgres;
	if (status == DM_OK && !update->more && update->on_webhook) {
		struct dm_webhook webhook = webhook_from_row(set->result, 0);

		update->on_webhook(operation->context, &webhook);
	}
	return status;
}

enum pg_statement pg_webhook_enable(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_webhook_update enabled = {.webhook_id = operation->webhook_enable.webhook_id,
						     .active = DM_ACTIVE_YES};

	return ask_update(&enabled, parameters);
}

enum dm_status pg_read_enabled_webhook(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	(void)postgres;
	return read_update(operation, set->result, &operation->webhook_enable.more);
}

enum pg_statement pg_webhook_rotate(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_webhook_rotate *rotate = &operation->webhook_rotate;
	const struct dm_op_webhook_update rotated = {
		.webhook_id = rotate->webhook_id, .secret = rotate->secret, .old_until = rotate->old_until};

	return ask_update(&rotated, parameters);
}

enum dm_status pg_read_rotated_webhook(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	(void)postgres;
	return check_found(operation, set->result);
}
