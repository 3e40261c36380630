/* SPDX-License-Identifier: MIT */
/* webhook.c - endpoints of webhooks. Times are microseconds since 1970. */
#include "nouns.h"

#include "clock.h"
#include "failure.h"
#include "lane.h"

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
	 " w ORDER BY id"},
	{WEBHOOK_DELETE, "DELETE FROM " WEBHOOKS " WHERE id = ?1"},
	{WEBHOOK_ENABLE, "UPDATE " WEBHOOKS " SET is_active = 1, disabled_why = '', failing_since = 0,"
			 " position = CASE WHEN is_active THEN position ELSE " NEWEST_EVENT " END WHERE id = ?1"},
	{WEBHOOK_ROTATE,
	 "UPDATE " WEBHOOKS " SET old_secret = secret, old_secret_until = ?3, secret = ?2 WHERE id = ?1"},
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
static enum dm_status change(struct sqlite_session *session, sqlite3_stmt *statement, struct dm_operation *operation)
{
	enum dm_status status = session_step_done(session, statement, &operation->error);

	if (status == DM_OK && sqlite3_changes(session->db) == 0)
		return fail(&operation->error, DM_NOT_FOUND, "there is no such webhook");
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
	sqlite3_bind_int64(statement, 5, clock_now());
	status = session_step_done(session, statement, &operation->error);
	webhook->webhook_id = sqlite3_last_insert_rowid(session->db);
	return status;
}

enum dm_status webhooks_list(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[WEBHOOKS_ALL];
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct dm_webhook webhook = {
			.id = sqlite3_column_int64(statement, 0),
			.url = column_text(statement, 1),
			.description = column_text(statement, 2),
			.secret = column_text(statement, 3),
			.old_secret = column_text(statement, 4),
			.old_secret_until = sqlite3_column_int64(statement, 5),
			.events = (unsigned)sqlite3_column_int64(statement, 6),
			.created_at = sqlite3_column_int64(statement, 7),
			.is_active = sqlite3_column_int(statement, 8) != 0,
			.disabled_reason = column_text(statement, 9),
			.failing_since = sqlite3_column_int64(statement, 10),
			.has_new = sqlite3_column_int(statement, 11) != 0,
			.next_at = sqlite3_column_int64(statement, 12),
			.last_at = sqlite3_column_int64(statement, 13),
		};

		if (!operation->webhooks.on_webhook(operation->context, &webhook))
			break;
	}
	return session_finish(session, statement, code, &operation->error);
}

enum dm_status webhook_delete(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[WEBHOOK_DELETE];

	sqlite3_bind_int64(statement, 1, operation->webhook_delete.webhook_id);
	return change(session, statement, operation);
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

enum dm_status webhook_enable(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[WEBHOOK_ENABLE];
	enum dm_status status = fail_pending(session, operation->webhook_enable.webhook_id, &operation->error);

	operation->webhook_enable.more = status == DM_OK && sqlite3_changes(session->db) == FAIL_DELIVERIES_ROWS;
	if (status != DM_OK || operation->webhook_enable.more)
		return status;
	sqlite3_bind_int64(statement, 1, operation->webhook_enable.webhook_id);
	return change(session, statement, operation);
}

enum dm_status webhook_rotate(struct sqlite_session *session, struct dm_operation *operation)
{
	sqlite3_stmt *statement = session->statements[WEBHOOK_ROTATE];

	sqlite3_bind_int64(statement, 1, operation->webhook_rotate.webhook_id);
	bind_text(statement, 2, operation->webhook_rotate.secret);
	sqlite3_bind_int64(statement, 3, operation->webhook_rotate.old_until);
	return change(session, statement, operation);
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
