/* SPDX-License-Identifier: MIT */
/* webhook.c - endpoints of webhooks. Times are microseconds since 1970. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"
#include "webhook_words.h"

#define WEBHOOKS "directmessages_webhook"
#define NEWEST_EVENT "(SELECT max(id) FROM directmessages_event)"

const struct sqlite_statement_text webhook_statements[] = {
	{WEBHOOK_INSERT, "INSERT INTO " WEBHOOKS " (url, description, secret, old_secret, old_secret_until, events,"
			 " position, created_at, is_active, disabled_why, failing_since)"
			 " VALUES (?1, ?2, ?3, '', 0, ?4, " NEWEST_EVENT ", ?5, 1, '', 0)"},
	{WEBHOOKS_ALL,
	 "SELECT id, url, description, secret, old_secret, old_secret_until, events, created_at, is_active,"
	 " disabled_why, failing_since, position < " NEWEST_EVENT ", coalesce((SELECT min(d.next_at)"
	 " FROM directmessages_delivery d WHERE d.webhook_id = w.id AND d.state = 0), 0), coalesce((SELECT max(d.next_at)"
	 " FROM directmessages_delivery d WHERE d.webhook_id = w.id AND d.state = 0), 0) FROM " WEBHOOKS
	 " w WHERE (?1 = 0 OR id = ?1) AND id > ?2 ORDER BY id LIMIT ?3"},
	{WEBHOOK_DELETE, "DELETE FROM " WEBHOOKS " WHERE id = ?1"},
	/* What is NULL stays. An endpoint with another URL has not failed yet. */
	{WEBHOOK_UPDATE,
	 "UPDATE " WEBHOOKS " SET url = coalesce(?2, url), description = coalesce(?3, description),"
	 " events = coalesce(?4, events), old_secret = CASE WHEN ?5 IS NULL THEN old_secret ELSE secret END,"
	 " old_secret_until = CASE WHEN ?5 IS NULL THEN old_secret_until ELSE ?6 END, secret = coalesce(?5, secret),"
	 " is_active = coalesce(?7, is_active), disabled_why = CASE WHEN ?7 THEN ''"
	 " WHEN NOT ?7 AND is_active THEN '" DISABLED_BY_OPERATOR "' ELSE disabled_why END,"
	 " failing_since = CASE WHEN ?7 OR url <> coalesce(?2, url) THEN 0 ELSE failing_since END,"
	 " position = CASE WHEN ?7 AND NOT is_active THEN " NEWEST_EVENT " ELSE position END WHERE id = ?1"},
	{WEBHOOK_IS_ACTIVE, "SELECT is_active FROM " WEBHOOKS " WHERE id = ?1"},
	{WEBHOOK_SUCCEEDED, "UPDATE " WEBHOOKS " SET failing_since = 0 WHERE id = ?1 AND failing_since <> 0"},
	{WEBHOOK_IS_FAILING, "UPDATE " WEBHOOKS " SET failing_since = ?2 WHERE id = ?1 AND failing_since = 0"},
	{WEBHOOK_DISABLE, "UPDATE " WEBHOOKS " SET is_active = 0, disabled_why = ?2"
			  " WHERE id = ?1 AND is_active AND failing_since < ?3"},
	{WEBHOOK_FAIL_DELIVERIES,
	 "UPDATE directmessages_delivery SET state = 2, finished_at = ?2,"
	 " error = 'its endpoint was disabled' WHERE id IN (SELECT id FROM directmessages_delivery"
	 " WHERE webhook_id = ?1 AND state = 0 AND EXISTS (SELECT 1 FROM " WEBHOOKS
	 " w WHERE w.id = ?1 AND NOT w.is_active) LIMIT ?3)"},
	{0},
};

/* Runs a statement on one endpoint, which must be there. */
static enum dm_status run_on_one(struct sqlite_session *session, sqlite3_stmt *statement,
				 struct dm_operation *operation)
{
	enum dm_status status = session_step_done(session, statement, &operation->error);

	if (status == DM_OK && sqlite3_changes(session->db) == 0)
		return fail(&operation->error, DM_NOT_FOUND, NO_SUCH_WEBHOOK);
	return status;
}

enum dm_status webhook_create(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[WEBHOOK_INSERT];
	struct dm_op_webhook_create *webhook = &operation->webhook_create;
	enum dm_status status;

	bind_text(statement, 1, webhook->url);
	bind_text(statement, 2, webhook->description);
	bind_text(statement, 3, webhook->secret);
	sqlite3_bind_int64(statement, 4, webhook->events);
	webhook->created_at = clock_now();
	sqlite3_bind_int64(statement, 5, webhook->created_at);
	status = session_step_done(session, statement, &operation->error);
	webhook->webhook_id = sqlite3_last_insert_rowid(session->db);
	return status;
}

static struct dm_webhook webhook_from_row(sqlite3_stmt *row)
{
	return (struct dm_webhook){
		.id = sqlite3_column_int64(row, 0),
		.url = column_text(row, 1),
		.description = column_text(row, 2),
		.secret = column_text(row, 3),
		.old_secret = column_text(row, 4),
		.old_secret_until = sqlite3_column_int64(row, 5),
		.events = (unsigned)sqlite3_column_int64(row, 6),
		.created_at = sqlite3_column_int64(row, 7),
		.is_active = sqlite3_column_int(row, 8) != 0,
		.disabled_reason = column_text(row, 9),
		.failing_since = sqlite3_column_int64(row, 10),
		.has_new = sqlite3_column_int(row, 11) != 0,
		.next_at = sqlite3_column_int64(row, 12),
		.last_at = sqlite3_column_int64(row, 13),
	};
}

/* Lends what the question is about. */
static enum dm_status lend(struct sqlite_session *session, struct dm_operation *operation,
			   const struct dm_op_webhooks *question)
{
	sqlite3_stmt *statement = session->statements[WEBHOOKS_ALL];
	bool found = false;
	enum dm_status status;
	int code;

	sqlite3_bind_int64(statement, 1, question->webhook_id);
	sqlite3_bind_int64(statement, 2, question->after);
	sqlite3_bind_int64(statement, 3, question->limit > 0 ? rows_of(question->limit) : -1);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_webhook webhook = webhook_from_row(statement);

		found = true;
		if (!question->on_webhook(operation->context, &webhook))
			break;
	}
	status = session_finish(session, statement, code, &operation->error);
	if (status == DM_OK && !found && question->webhook_id != 0)
		return fail(&operation->error, DM_NOT_FOUND, NO_SUCH_WEBHOOK);
	return status;
}

enum dm_status webhooks_list(struct sqlite_session *session, struct dm_operation *operation)
{
	return lend(session, operation, &operation->webhooks);
}

enum dm_status webhook_check_active(struct sqlite_session *session, int64_t webhook_id, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[WEBHOOK_IS_ACTIVE];
	enum dm_status status;
	bool is_active;
	int code;

	sqlite3_bind_int64(statement, 1, webhook_id);
	code = sqlite3_step(statement);
	is_active = code == SQLITE_ROW && sqlite3_column_int(statement, 0) != 0;
	status = session_finish(session, statement, code, error);
	if (status == DM_OK && code != SQLITE_ROW)
		return fail(error, DM_NOT_FOUND, NO_SUCH_WEBHOOK);
	return status == DM_OK && !is_active ? fail(error, DM_INVALID, ENDPOINT_IS_DISABLED) : status;
}

enum dm_status webhook_delete(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[WEBHOOK_DELETE];

	sqlite3_bind_int64(statement, 1, operation->webhook_delete.webhook_id);
	return run_on_one(session, statement, operation);
}

/* Fails pending deliveries of the endpoint if it is disabled, a piece of them. */
static enum dm_status fail_pending(struct sqlite_session *session, int64_t webhook_id, struct dm_error *error)
{
	sqlite3_stmt *statement = session->statements[WEBHOOK_FAIL_DELIVERIES];

	sqlite3_bind_int64(statement, 1, webhook_id);
	sqlite3_bind_int64(statement, 2, clock_now());
	sqlite3_bind_int64(statement, 3, FAIL_DELIVERIES_ROWS);
	return session_step_done(session, statement, error);
}

static void bind_change(sqlite3_stmt *statement, int index, struct dm_text text)
{
	if (text.data)
		bind_text(statement, index, text);
	else
		sqlite3_bind_null(statement, index);
}

static enum dm_status run_update(struct sqlite_session *session, struct dm_operation *operation,
				 const struct dm_op_webhook_update *change)
{
	sqlite3_stmt *statement = session->statements[WEBHOOK_UPDATE];

	sqlite3_bind_int64(statement, 1, change->webhook_id);
	bind_change(statement, 2, change->url);
	bind_change(statement, 3, change->description);
	if (change->events != 0)
		sqlite3_bind_int64(statement, 4, change->events);
	else
		sqlite3_bind_null(statement, 4);
	bind_change(statement, 5, change->secret);
	sqlite3_bind_int64(statement, 6, change->old_until);
	if (change->active != DM_ACTIVE_KEEP)
		sqlite3_bind_int(statement, 7, change->active == DM_ACTIVE_YES);
	else
		sqlite3_bind_null(statement, 7);
	return run_on_one(session, statement, operation);
}

/* Makes the change, unless *more says that a full piece of pending deliveries has failed first. */
static enum dm_status change(struct sqlite_session *session, struct dm_operation *operation,
			     const struct dm_op_webhook_update *change, bool *more)
{
	enum dm_status status = DM_OK;

	*more = false;
	if (change->active == DM_ACTIVE_YES) {
		status = fail_pending(session, change->webhook_id, &operation->error);
		*more = status == DM_OK && sqlite3_changes(session->db) == FAIL_DELIVERIES_ROWS;
	}
	if (status != DM_OK || *more)
		return status;
	status = run_update(session, operation, change);
	if (status == DM_OK && change->active == DM_ACTIVE_NO)
		status = fail_pending(session, change->webhook_id, &operation->error);
	return status;
}

enum dm_status webhook_update(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_webhook_update *update = &operation->webhook_update;
	const struct dm_op_webhooks question = {.on_webhook = update->on_webhook, .webhook_id = update->webhook_id};
	enum dm_status status = change(session, operation, update, &update->more);

	return status == DM_OK && !update->more && update->on_webhook ? lend(session, operation, &question) : status;
}

enum dm_status webhook_enable(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_webhook_update enabled = {.webhook_id = operation->webhook_enable.webhook_id,
						     .active = DM_ACTIVE_YES};

	return change(session, operation, &enabled, &operation->webhook_enable.more);
}

enum dm_status webhook_rotate(struct sqlite_session *session, struct dm_operation *operation)
{
	const struct dm_op_webhook_rotate *rotate = &operation->webhook_rotate;
	const struct dm_op_webhook_update rotated = {
		.webhook_id = rotate->webhook_id, .secret = rotate->secret, .old_until = rotate->old_until};

	return run_update(session, operation, &rotated);
}

/* Disables the endpoint if it is active and has been failing since before. Its pending deliveries that are beyond a
 * piece are failed by trimming. */
static enum dm_status disable(struct sqlite_session *session, struct dm_operation *operation, int64_t before)
{
	sqlite3_stmt *disable = session->statements[WEBHOOK_DISABLE];
	enum dm_status status;

	sqlite3_bind_int64(disable, 1, operation->delivery_result.webhook_id);
	bind_text(disable, 2, operation->delivery_result.disabled_reason);
	sqlite3_bind_int64(disable, 3, before);
	status = session_step_done(session, disable, &operation->error);
	if (status != DM_OK || sqlite3_changes(session->db) == 0)
		return status;
	operation->delivery_result.disabled = true;
	return fail_pending(session, operation->delivery_result.webhook_id, &operation->error);
}

enum dm_status webhook_note_outcome(struct sqlite_session *session, struct dm_operation *operation)
{
	struct dm_op_delivery_result *result = &operation->delivery_result;
	bool good = result->outcome == DM_OUTCOME_DELIVERED;
	sqlite3_stmt *statement = session->statements[good ? WEBHOOK_SUCCEEDED : WEBHOOK_IS_FAILING];
	enum dm_status status;

	result->disabled = false;
	sqlite3_bind_int64(statement, 1, result->webhook_id);
	if (!good)
		sqlite3_bind_int64(statement, 2, clock_now());
	status = session_step_done(session, statement, &operation->error);
	if (status == DM_OK && result->outcome == DM_OUTCOME_GONE)
		return disable(session, operation, INT64_MAX);
	if (status == DM_OK && result->outcome == DM_OUTCOME_FAILED)
		return disable(session, operation, result->disable_before);
	return status;
}
