/* SPDX-License-Identifier: MIT */
/* delivery.c - deliveries: list them, store results, requeue, trim. Times are microseconds since 1970. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"
#include "webhook_words.h"

#define DELIVERIES "directmessages_delivery"
/* How many deliveries a trimming operation looks at. */
#define TRIM_WINDOW 2000

/* As at the beginning, and due now: ?2. Of the endpoint ?3, or of any that is active. */
#define REQUEUE \
	"UPDATE " DELIVERIES \
	" SET state = 0, attempts = 0, next_at = ?2, finished_at = 0, http_status = 0, error = ''" \
	" WHERE EXISTS (SELECT 1 FROM directmessages_webhook w WHERE w.id = webhook_id AND w.is_active)" \
	" AND (?3 = 0 OR webhook_id = ?3) AND "

const struct sqlite_statement_text delivery_statements[] = {
	{DELIVERIES_LIST, "SELECT " DELIVERY_COLUMNS " FROM " DELIVERIES " d WHERE (?1 = 0 OR d.webhook_id = ?1)"
			  " AND (?2 < 0 OR d.state = ?2) ORDER BY d.id DESC LIMIT ?3"},
	{DELIVERIES_FIND, "SELECT " DELIVERY_COLUMNS " FROM " DELIVERIES " d WHERE d.id < ?1 ORDER BY d.id DESC"},
	{DELIVERY_STATE, "SELECT state FROM " DELIVERIES " WHERE id = ?1 AND (?2 = 0 OR webhook_id = ?2)"},
	{DELIVERY_REQUEUE, REQUEUE "id = ?1 AND state <> 0"},
	{DELIVERIES_REQUEUE, REQUEUE "id > ?1 AND id <= ?4 AND state = 2"},
	{DELIVERY_DELIVERED, "UPDATE " DELIVERIES " SET state = 1, finished_at = ?2, http_status = ?3, error = ''"
			     " WHERE id = ?1 AND state <> 1"},
	{DELIVERY_RETRY, "UPDATE " DELIVERIES " SET next_at = ?2, http_status = ?3, error = ?4"
			 " WHERE id = ?1 AND state = 0 AND attempts = ?5"},
	{DELIVERY_FAILED, "UPDATE " DELIVERIES " SET state = 2, finished_at = ?2, http_status = ?3, error = ?4"
			  " WHERE id = ?1 AND state = 0 AND attempts = ?5"},
	{DELIVERY_RELEASED, "UPDATE " DELIVERIES " SET next_at = ?2, attempts = attempts - 1"
			    " WHERE id = ?1 AND state = 0 AND attempts = ?5"},
	{DELIVERIES_WINDOW,
	 "SELECT max(id), count(*) FROM (SELECT id FROM " DELIVERIES " WHERE id > ?1 ORDER BY id LIMIT ?2)"},
	{DELIVERIES_TRIM, "DELETE FROM " DELIVERIES " WHERE id > ?1 AND id <= ?2 AND ((state <> 0"
			  " AND (finished_at < ?3 OR id <= (SELECT max(id) FROM " DELIVERIES ") - ?4))"
			  " OR NOT EXISTS (SELECT 1 FROM directmessages_webhook w WHERE w.id = webhook_id))"},
	{DELIVERIES_FAIL,
	 "UPDATE " DELIVERIES " SET state = 2, finished_at = ?3, error = 'its endpoint was disabled'"
	 " WHERE id > ?1 AND id <= ?2 AND state = 0"
	 " AND EXISTS (SELECT 1 FROM directmessages_webhook w WHERE w.id = webhook_id AND NOT w.is_active)"},
	{OUTBOX_PENDING, "SELECT count(*), min(at) FROM " DELIVERIES " WHERE state = 0"
			 " AND webhook_id IN (SELECT id FROM directmessages_webhook WHERE is_active)"},
	{OUTBOX_BEHIND, "SELECT sum((SELECT max(id) FROM directmessages_event) - position), (SELECT at FROM"
			" directmessages_event WHERE id > (SELECT min(position) FROM directmessages_webhook"
			" WHERE is_active) ORDER BY id LIMIT 1) FROM directmessages_webhook WHERE is_active"},
	{0},
};

struct dm_delivery delivery_from_row(sqlite3_stmt *row)
{
	return (struct dm_delivery){
		.id = sqlite3_column_int64(row, 0),
		.webhook_id = sqlite3_column_int64(row, 1),
		.name = column_text(row, 2),
		.signal = SIGNAL_OF(sqlite3_column_int(row, 3)),
		.message_id = sqlite3_column_int64(row, 4),
		.at = sqlite3_column_int64(row, 5),
		.state = delivery_state_of(sqlite3_column_int(row, 6)),
		.attempts = sqlite3_column_int64(row, 7),
		.next_at = sqlite3_column_int64(row, 8),
		.finished_at = sqlite3_column_int64(row, 9),
		.http_status = sqlite3_column_int64(row, 10),
		.error = column_text(row, 11),
		.origin = origin_of(sqlite3_column_int(row, 12)),
	};
}

enum dm_status deliveries_list(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[DELIVERIES_LIST];
	const struct dm_op_deliveries *list = &operation->deliveries;
	int code;

	sqlite3_bind_int64(statement, 1, list->webhook_id);
	sqlite3_bind_int(statement, 2, delivery_state_number(list->state));
	sqlite3_bind_int64(statement, 3, list->limit > 0 ? rows_of(list->limit) : -1);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_delivery delivery = delivery_from_row(statement);

		if (!list->on_delivery(operation->context, &delivery))
			break;
	}
	return session_finish(session, statement, code, &operation->error);
}

static bool is_wanted(const struct dm_op_deliveries_find *find, const struct dm_delivery *delivery)
{
	return (find->webhook_id == 0 || delivery->webhook_id == find->webhook_id) &&
	       (find->state == DM_DELIVERY_ANY || delivery->state == find->state);
}

enum dm_status deliveries_find(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[DELIVERIES_FIND];
	struct dm_op_deliveries_find *find = &operation->deliveries_find;
	int64_t seen = 0, lent = 0, last = 0;
	bool enough = false;
	int code = SQLITE_DONE;

	sqlite3_bind_int64(statement, 1, find->before != 0 ? find->before : INT64_MAX);
	while (!enough && seen < FIND_DELIVERIES_WALK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_delivery delivery = delivery_from_row(statement);

		seen++;
		last = delivery.id;
		if (is_wanted(find, &delivery))
			enough = !find->on_delivery(operation->context, &delivery) ||
				 ++lent == rows_to_find(find->limit);
	}
	find->next_before = code == SQLITE_ROW ? last : 0;
	return session_finish(session, statement, code, &operation->error);
}

/* Why nothing was requeued. */
static enum dm_status explain(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[DELIVERY_STATE];
	const char *why = NO_SUCH_DELIVERY;
	enum dm_status status, is_why = DM_NOT_FOUND;
	int code;

	sqlite3_bind_int64(statement, 1, operation->delivery_requeue.delivery_id);
	sqlite3_bind_int64(statement, 2, operation->delivery_requeue.webhook_id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW && delivery_state_of(sqlite3_column_int(statement, 0)) == DM_DELIVERY_PENDING) {
		why = DELIVERY_IS_PENDING;
	} else if (code == SQLITE_ROW) {
		why = ENDPOINT_IS_DISABLED;
		is_why = DM_INVALID;
	}
	status = session_finish(session, statement, code, &operation->error);
	return status == DM_OK ? fail(&operation->error, is_why, "%s", why) : status;
}

enum dm_status delivery_requeue(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[DELIVERY_REQUEUE];
	enum dm_status status;

	sqlite3_bind_int64(statement, 1, operation->delivery_requeue.delivery_id);
	sqlite3_bind_int64(statement, 2, clock_now());
	sqlite3_bind_int64(statement, 3, operation->delivery_requeue.webhook_id);
	status = session_step_done(session, statement, &operation->error);
	return status == DM_OK && sqlite3_changes(session->db) == 0 ? explain(session, operation) : status;
}

enum dm_status delivery_result(struct sqlite_session *session, struct dm_operation *operation)
{
	static const enum sqlite_statement by_outcome[] = {
		[DM_OUTCOME_DELIVERED] = DELIVERY_DELIVERED, [DM_OUTCOME_RETRY] = DELIVERY_RETRY,
		[DM_OUTCOME_FAILED] = DELIVERY_FAILED,       [DM_OUTCOME_GONE] = DELIVERY_FAILED,
		[DM_OUTCOME_RELEASED] = DELIVERY_RELEASED,
	};
	struct dm_op_delivery_result *result = &operation->delivery_result;
	sqlite3_stmt *statement = session->statements[by_outcome[result->outcome]];
	enum dm_status status;

	result->disabled = false;
	sqlite3_bind_int64(statement, 1, result->delivery_id);
	sqlite3_bind_int64(statement, 2, result->outcome == DM_OUTCOME_RETRY ? result->next_at : clock_now());
	sqlite3_bind_int64(statement, 3, result->http_status);
	bind_text(statement, 4, result->error);
	sqlite3_bind_int64(statement, 5, result->attempt);
	status = session_step_done(session, statement, &operation->error);
	if (status != DM_OK || result->outcome == DM_OUTCOME_RELEASED || sqlite3_changes(session->db) == 0)
		return status;
	return webhook_note_outcome(session, operation);
}

/* Where the deliveries end that one operation looks at, `rows` of those behind `after`; *next is where the next one
 * goes on, 0 if these were the last. */
static enum dm_status find_window(struct sqlite_session *session, int64_t after, int64_t rows, int64_t *end,
				  int64_t *next, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[DELIVERIES_WINDOW];
	int code;

	*end = *next = 0;
	sqlite3_bind_int64(statement, 1, after);
	sqlite3_bind_int64(statement, 2, rows);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*end = sqlite3_column_int64(statement, 0);
		*next = sqlite3_column_int64(statement, 1) == rows ? *end : 0;
	}
	return session_finish(session, statement, code, error);
}

enum dm_status deliveries_requeue(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_deliveries_requeue *failed = &operation->deliveries_requeue;
	sqlite3_stmt *statement = session->statements[DELIVERIES_REQUEUE];
	enum dm_status status = DM_OK;
	int64_t end = 0;

	failed->requeued = failed->next_after = 0;
	if (failed->webhook_id != 0)
		status = webhook_check_active(session, failed->webhook_id, &operation->error);
	if (status == DM_OK)
		status =
			find_window(session, failed->after, REQUEUE_WALK, &end, &failed->next_after, &operation->error);
	if (status != DM_OK)
		return status;
	sqlite3_bind_int64(statement, 1, failed->after);
	sqlite3_bind_int64(statement, 2, clock_now());
	sqlite3_bind_int64(statement, 3, failed->webhook_id);
	sqlite3_bind_int64(statement, 4, end);
	status = session_step_done(session, statement, &operation->error);
	failed->requeued = status == DM_OK ? sqlite3_changes(session->db) : 0;
	return status;
}

enum dm_status deliveries_trim(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *trim = session->statements[DELIVERIES_TRIM];
	sqlite3_stmt *give_up = session->statements[DELIVERIES_FAIL];
	struct dm_op_deliveries_trim *old = &operation->deliveries_trim;
	int64_t end, next;
	enum dm_status status = find_window(session, old->after, TRIM_WINDOW, &end, &next, &operation->error);

	if (status != DM_OK)
		return status;
	sqlite3_bind_int64(trim, 1, old->after);
	sqlite3_bind_int64(trim, 2, end);
	sqlite3_bind_int64(trim, 3, old->before);
	sqlite3_bind_int64(trim, 4, rows_to_keep(old->keep));
	status = session_step_done(session, trim, &operation->error);
	old->removed = status == DM_OK ? sqlite3_changes(session->db) : 0;
	old->next_after = next;
	if (status != DM_OK)
		return status;
	sqlite3_bind_int64(give_up, 1, old->after);
	sqlite3_bind_int64(give_up, 2, end);
	sqlite3_bind_int64(give_up, 3, clock_now());
	return session_step_done(session, give_up, &operation->error);
}

enum dm_status outbox_state(struct sqlite_session *session, struct dm_operation *operation)
{
	static const enum sqlite_statement questions[] = {OUTBOX_PENDING, OUTBOX_BEHIND};
	struct dm_outbox *outbox = &operation->outbox.outbox;
	int64_t *const counts[] = {&outbox->pending, &outbox->behind};

	*outbox = (struct dm_outbox){0};
	for (size_t i = 0; i < ARRAY_LENGTH(questions); i++) {
		sqlite3_stmt *statement = session->statements[questions[i]];
		int code = sqlite3_step(statement);
		enum dm_status status;
		int64_t oldest = 0;

		if (code == SQLITE_ROW) {
			*counts[i] = sqlite3_column_int64(statement, 0);
			oldest = sqlite3_column_int64(statement, 1);
		}
		if (oldest != 0 && (outbox->oldest_at == 0 || oldest < outbox->oldest_at))
			outbox->oldest_at = oldest;
		status = session_finish(session, statement, code, &operation->error);
		if (status != DM_OK)
			return status;
	}
	return DM_OK;
}
