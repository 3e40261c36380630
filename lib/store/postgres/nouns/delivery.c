/* SPDX-License-Identifier: MIT */
/* delivery.c - deliveries: list them, store results, requeue, trim. Times are microseconds since 1970. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"
#include "webhook_words.h"

#define DELIVERIES "directmessages_delivery"

/* How many deliveries a trimming operation looks at. */
#define TRIM_WINDOW "2000"

/* How many events of the log are counted, for each endpoint. */
#define MAX_BEHIND "100000"

/* As at the beginning, and due now: $2. Of endpoints that are active. */
#define REQUEUE \
	"UPDATE " DELIVERIES " d SET state = 0, attempts = 0, next_at = $2::bigint, finished_at = 0, http_status = 0," \
	" error = '' WHERE EXISTS (SELECT 1 FROM directmessages_webhook w WHERE w.id = d.webhook_id AND w.is_active) AND "

const struct pg_statement_text pg_delivery_statements[] = {
	{DELIVERIES_LIST,
	 "SELECT " DELIVERY_COLUMNS " FROM " DELIVERIES " d WHERE ($1::bigint = 0 OR d.webhook_id = $1::bigint)"
	 " AND ($2::bigint < 0 OR d.state = $2::bigint) ORDER BY d.id DESC LIMIT $3::bigint"},
	/* Behind the columns: where the next page begins. */
	{DELIVERIES_FIND,
	 "WITH looked_at AS MATERIALIZED (SELECT * FROM " DELIVERIES
	 " WHERE id < $3::bigint ORDER BY id DESC LIMIT $5::bigint),"
	 " ending AS (SELECT CASE count(*) WHEN $5::bigint THEN min(id) ELSE 0 END AS next FROM looked_at)"
	 " SELECT " DELIVERY_COLUMNS ", ending.next FROM ending LEFT JOIN (SELECT * FROM looked_at l"
	 " WHERE ($1::bigint = 0 OR l.webhook_id = $1::bigint) AND ($2::bigint < 0 OR l.state = $2::bigint)"
	 " ORDER BY l.id DESC LIMIT $4::bigint) d ON true ORDER BY d.id DESC"},
	/* Gives the state from before. */
	{DELIVERY_REQUEUE, "WITH requeued AS (" REQUEUE "d.id = $1::bigint AND d.state <> 0"
			   " AND ($3::bigint = 0 OR d.webhook_id = $3::bigint) RETURNING d.id)"
			   " SELECT state, (SELECT count(*) FROM requeued) AS requeued FROM " DELIVERIES
			   " WHERE id = $1::bigint AND ($3::bigint = 0 OR webhook_id = $3::bigint)"},
	/* A row that another transaction holds is being requeued or deleted there. */
	{DELIVERIES_REQUEUE,
	 "WITH looked_at AS MATERIALIZED (SELECT id FROM " DELIVERIES
	 " WHERE id > $1::bigint ORDER BY id LIMIT $4::bigint),"
	 " chosen AS MATERIALIZED (SELECT d.id FROM " DELIVERIES " d WHERE d.id = ANY (ARRAY(SELECT id FROM looked_at))"
	 " AND d.state + 0 = 2 AND ($3::bigint = 0 OR d.webhook_id = $3::bigint)"
	 " ORDER BY d.id FOR UPDATE OF d SKIP LOCKED),"
	 " requeued AS (" REQUEUE "d.id = ANY (ARRAY(SELECT id FROM chosen)) RETURNING d.id)"
	 " SELECT (SELECT count(*) FROM requeued) AS requeued, CASE count(*) WHEN $4::bigint THEN max(id) ELSE 0 END AS next,"
	 " (SELECT w.is_active FROM directmessages_webhook w WHERE w.id = $3::bigint) AS is_active FROM looked_at"},
	{DELIVERY_DELIVERED,
	 "WITH d AS (UPDATE " DELIVERIES
	 " SET state = 1, finished_at = $3::bigint, http_status = $4::bigint, error = ''"
	 " WHERE id = $1::bigint AND state <> 1 RETURNING id), w AS (UPDATE directmessages_webhook SET failing_since = 0"
	 " WHERE id = $2::bigint AND failing_since <> 0 AND EXISTS (SELECT 1 FROM d)) SELECT 0::bigint"},
	{DELIVERY_RETRY,
	 "WITH d AS (UPDATE " DELIVERIES " SET next_at = $4::bigint, http_status = $5::bigint, error = $6::text"
	 " WHERE id = $1::bigint AND state = 0 AND attempts = $7::bigint RETURNING id),"
	 " w AS (UPDATE directmessages_webhook SET failing_since = $3::bigint"
	 " WHERE id = $2::bigint AND failing_since = 0 AND EXISTS (SELECT 1 FROM d)) SELECT 0::bigint"},
	/* Disables the endpoint if it is active and has been failing since before $4. Its pending deliveries that are
	 * beyond a piece are failed by trimming. */
	{DELIVERY_FAILED,
	 "WITH d AS (UPDATE " DELIVERIES " SET state = 2, finished_at = $3::bigint, http_status = $5::bigint,"
	 " error = $6::text WHERE id = $1::bigint AND state = 0 AND attempts = $7::bigint RETURNING id),"
	 " w AS (UPDATE directmessages_webhook"
	 " SET failing_since = CASE failing_since WHEN 0 THEN $3::bigint ELSE failing_since END,"
	 " is_active = NOT CASE failing_since WHEN 0 THEN $3::bigint ELSE failing_since END < $4::bigint,"
	 " disabled_why = CASE WHEN CASE failing_since WHEN 0 THEN $3::bigint ELSE failing_since END < $4::bigint"
	 " THEN $8::text ELSE '' END"
	 " WHERE id = $2::bigint AND is_active AND EXISTS (SELECT 1 FROM d) RETURNING id, is_active),"
	 " others AS (UPDATE " DELIVERIES
	 " o SET state = 2, finished_at = $3::bigint, error = 'its endpoint was disabled'"
	 " WHERE o.id = ANY (ARRAY(SELECT p.id FROM w JOIN " DELIVERIES " p ON p.webhook_id = w.id"
	 " WHERE NOT w.is_active AND p.state = 0 AND p.id <> $1::bigint LIMIT $9::bigint)) AND " IS_STILL_PENDING(
		 "o") ")"
		      " SELECT count(*) FROM w WHERE NOT is_active"},
	{DELIVERY_RELEASED, "WITH d AS (UPDATE " DELIVERIES " SET next_at = $2::bigint, attempts = attempts - 1"
			    " WHERE id = $1::bigint AND state = 0 AND attempts = $3::bigint) SELECT 0::bigint"},
	/* Deletes those of an endpoint that was deleted too, whatever their state, and fails the pending ones of an
	 * endpoint that is disabled. */
	{DELIVERIES_TRIM,
	 "WITH looked_at AS (SELECT id FROM " DELIVERIES " WHERE id > $1::bigint ORDER BY id LIMIT " TRIM_WINDOW "),"
	 " gone AS (DELETE FROM " DELIVERIES " d USING looked_at l WHERE d.id = l.id AND ((d.state <> 0"
	 " AND (d.finished_at < $2::bigint OR d.id <= (SELECT max(id) FROM " DELIVERIES
	 ") - $3::bigint)) OR NOT EXISTS (SELECT 1 FROM directmessages_webhook w WHERE w.id = d.webhook_id))"
	 " RETURNING d.id),"
	 " failed AS (UPDATE " DELIVERIES
	 " d SET state = 2, finished_at = $4::bigint, error = 'its endpoint was disabled'"
	 " WHERE d.id = ANY (ARRAY(SELECT id FROM looked_at)) AND " IS_STILL_PENDING(
		 "d") " AND EXISTS"
		      " (SELECT 1 FROM directmessages_webhook w WHERE w.id = d.webhook_id AND NOT w.is_active))"
		      " SELECT (SELECT count(*) FROM gone) AS gone, CASE count(*) WHEN " TRIM_WINDOW
		      " THEN max(id) ELSE 0 END AS last"
		      " FROM looked_at"},
	{OUTBOX,
	 "SELECT count(*), coalesce(min(at), 0), (SELECT coalesce(sum((SELECT count(*) FROM"
	 " (SELECT 1 FROM directmessages_event e WHERE " EVENT_IS_BEYOND_W " LIMIT " MAX_BEHIND ") x)), 0)::bigint"
	 " FROM directmessages_webhook w WHERE w.is_active) AS behind,"
	 " (SELECT min((SELECT at FROM directmessages_event e WHERE " EVENT_IS_BEYOND_W
	 " ORDER BY e.transaction, e.id LIMIT 1)) FROM directmessages_webhook w WHERE w.is_active) AS oldest_behind"
	 " FROM " DELIVERIES
	 " WHERE state = 0 AND webhook_id IN (SELECT id FROM directmessages_webhook WHERE is_active)"},
	{0},
};

struct dm_delivery pg_delivery_from_row(const PGresult *result, int row)
{
	return (struct dm_delivery){
		.id = pg_int(result, row, 0),
		.webhook_id = pg_int(result, row, 1),
		.name = pg_text(result, row, 2),
		.signal = SIGNAL_OF(pg_int(result, row, 3)),
		.message_id = pg_int(result, row, 4),
		.at = pg_int(result, row, 5),
		.state = delivery_state_of(pg_int(result, row, 6)),
		.attempts = pg_int(result, row, 7),
		.next_at = pg_int(result, row, 8),
		.finished_at = pg_int(result, row, 9),
		.http_status = pg_int(result, row, 10),
		.error = pg_text(result, row, 11),
		.origin = origin_of(pg_int(result, row, 12)),
	};
}

enum pg_statement pg_deliveries(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_deliveries *list = &operation->deliveries;

	pg_add_int(parameters, list->webhook_id);
	pg_add_int(parameters, delivery_state_number(list->state));
	pg_add_limit(parameters, list->limit);
	return DELIVERIES_LIST;
}

enum dm_status pg_read_deliveries(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	int rows = PQntuples(set->result);

	(void)postgres;
	for (int row = 0; row < rows && !set->enough; row++) {
		struct dm_delivery delivery = pg_delivery_from_row(set->result, row);

		set->enough = !operation->deliveries.on_delivery(operation->context, &delivery);
	}
	return DM_OK;
}

enum pg_statement pg_deliveries_find(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_deliveries_find *find = &operation->deliveries_find;

	pg_add_int(parameters, find->webhook_id);
	pg_add_int(parameters, delivery_state_number(find->state));
	pg_add_int(parameters, find->before != 0 ? find->before : INT64_MAX);
	pg_add_int(parameters, rows_to_find(find->limit));
	pg_add_int(parameters, FIND_DELIVERIES_WALK);
	return DELIVERIES_FIND;
}

enum dm_status pg_read_found_deliveries(const struct postgres *postgres, struct dm_operation *operation,
					struct row_set *set)
{
	struct dm_op_deliveries_find *find = &operation->deliveries_find;
	const PGresult *result = set->result;
	int rows = PQntuples(result);
	bool enough = false;

	(void)postgres;
	find->next_before = rows > 0 ? pg_int(result, 0, PQnfields(result) - 1) : 0;
	for (int row = 0; row < rows && !enough && !PQgetisnull(result, row, 0); row++) {
		struct dm_delivery delivery = pg_delivery_from_row(result, row);

		enough = !find->on_delivery(operation->context, &delivery) || row + 1 == rows_to_find(find->limit);
		if (enough)
			find->next_before = delivery.id;
	}
	return DM_OK;
}

enum pg_statement pg_delivery_requeue(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->delivery_requeue.delivery_id);
	pg_add_int(parameters, clock_now());
	pg_add_int(parameters, operation->delivery_requeue.webhook_id);
	return DELIVERY_REQUEUE;
}

enum dm_status pg_read_requeued(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	(void)postgres;
	if (PQntuples(set->result) == 0)
		return fail(&operation->error, DM_NOT_FOUND, NO_SUCH_DELIVERY);
	if (pg_int(set->result, 0, 1) > 0)
		return DM_OK;
	if (delivery_state_of(pg_int(set->result, 0, 0)) == DM_DELIVERY_PENDING)
		return fail(&operation->error, DM_NOT_FOUND, DELIVERY_IS_PENDING);
	return fail(&operation->error, DM_INVALID, ENDPOINT_IS_DISABLED);
}

enum pg_statement pg_deliveries_requeue(struct dm_operation *operation, struct parameters *parameters)
{
	pg_add_int(parameters, operation->deliveries_requeue.after);
	pg_add_int(parameters, clock_now());
	pg_add_int(parameters, operation->deliveries_requeue.webhook_id);
	pg_add_int(parameters, REQUEUE_WALK);
	return DELIVERIES_REQUEUE;
}

enum dm_status pg_read_requeued_piece(const struct postgres *postgres, struct dm_operation *operation,
				      struct row_set *set)
{
	struct dm_op_deliveries_requeue *failed = &operation->deliveries_requeue;

	(void)postgres;
	failed->requeued = pg_int(set->result, 0, 0);
	failed->next_after = pg_int(set->result, 0, 1);
	if (failed->webhook_id != 0 && PQgetisnull(set->result, 0, 2))
		return fail(&operation->error, DM_NOT_FOUND, NO_SUCH_WEBHOOK);
	if (failed->webhook_id != 0 && !pg_bool(set->result, 0, 2))
		return fail(&operation->error, DM_INVALID, ENDPOINT_IS_DISABLED);
	return DM_OK;
}

static enum pg_statement ask_failed(const struct dm_op_delivery_result *failed, struct parameters *parameters)
{
	bool is_retry = failed->outcome == DM_OUTCOME_RETRY;
	int64_t before = failed->outcome == DM_OUTCOME_GONE ? INT64_MAX : failed->disable_before;

	pg_add_int(parameters, failed->delivery_id);
	pg_add_int(parameters, failed->webhook_id);
	pg_add_int(parameters, clock_now());
	pg_add_int(parameters, is_retry ? failed->next_at : before);
	pg_add_int(parameters, failed->http_status);
	pg_add_text(parameters, failed->error);
	pg_add_int(parameters, failed->attempt);
	if (is_retry)
		return DELIVERY_RETRY;
	pg_add_text(parameters, failed->disabled_reason);
	pg_add_int(parameters, FAIL_DELIVERIES_ROWS);
	return DELIVERY_FAILED;
}

enum pg_statement pg_delivery_result(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_delivery_result *result = &operation->delivery_result;

	if (result->outcome == DM_OUTCOME_DELIVERED) {
		pg_add_int(parameters, result->delivery_id);
		pg_add_int(parameters, result->webhook_id);
		pg_add_int(parameters, clock_now());
		pg_add_int(parameters, result->http_status);
		return DELIVERY_DELIVERED;
	}
	if (result->outcome == DM_OUTCOME_RELEASED) {
		pg_add_int(parameters, result->delivery_id);
		pg_add_int(parameters, clock_now());
		pg_add_int(parameters, result->attempt);
		return DELIVERY_RELEASED;
	}
	return ask_failed(result, parameters);
}

enum dm_status pg_read_delivery_result(const struct postgres *postgres, struct dm_operation *operation,
				       struct row_set *set)
{
	(void)postgres;
	operation->delivery_result.disabled = PQntuples(set->result) > 0 && pg_int(set->result, 0, 0) > 0;
	return DM_OK;
}

enum pg_statement pg_deliveries_trim(struct dm_operation *operation, struct parameters *parameters)
{
	const struct dm_op_deliveries_trim *old = &operation->deliveries_trim;

	pg_add_int(parameters, old->after);
	pg_add_int(parameters, old->before);
	pg_add_int(parameters, rows_to_keep(old->keep));
	pg_add_int(parameters, clock_now());
	return DELIVERIES_TRIM;
}

enum dm_status pg_read_trimmed_deliveries(const struct postgres *postgres, struct dm_operation *operation,
					  struct row_set *set)
{
	(void)postgres;
	operation->deliveries_trim.removed = pg_int(set->result, 0, 0);
	operation->deliveries_trim.next_after = pg_int(set->result, 0, 1);
	return DM_OK;
}

enum pg_statement pg_outbox(struct dm_operation *operation, struct parameters *parameters)
{
	(void)operation, (void)parameters;
	return OUTBOX;
}

enum dm_status pg_read_outbox(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	int64_t pending = pg_int(set->result, 0, 1), behind = pg_int(set->result, 0, 3);

	(void)postgres;
	operation->outbox.outbox = (struct dm_outbox){
		.pending = pg_int(set->result, 0, 0),
		.behind = pg_int(set->result, 0, 2),
		.oldest_at = pending == 0 || (behind != 0 && behind < pending) ? behind : pending,
	};
	return DM_OK;
}
