/* SPDX-License-Identifier: MIT */
/* batch.c - from an operation to the functions of its noun's file; many reads in one flush. */
#include "batch.h"

#include "clock.h"
#include "lane.h"

const struct kind pg_kinds[] = {
	/* clang-format off */
	[DM_OP_AUTHENTICATE]           = {pg_user_authenticate, pg_take_active_user, .is_read = true},
	[DM_OP_USER_BY_ID]             = {pg_user_by_id, pg_take_user, .is_read = true},
	[DM_OP_USER_BY_NAME]           = {pg_user_by_name, pg_take_user, .is_read = true},
	[DM_OP_USERS]                  = {pg_users, pg_take_users, .is_read = true, .is_list = true},
	[DM_OP_UNREAD_COUNT]           = {pg_unread_count, pg_take_unread_count, .is_read = true},
	[DM_OP_UNREAD_BY_PARTNER]      = {pg_unread_by_partner, pg_take_unread_by_partner, .is_read = true},
	[DM_OP_UNREAD_MESSAGES]        = {pg_unread_messages, pg_take_messages, .is_read = true, .is_list = true},
	[DM_OP_PARTNERS]               = {pg_partners_page, pg_take_users, .is_read = true, .is_list = true},
	[DM_OP_CONVERSATION]           = {pg_conversation_page, pg_take_messages, .is_read = true, .is_list = true},
	[DM_OP_MESSAGE]                = {pg_message_get, pg_take_message, .is_read = true},
	[DM_OP_CHECK_SCHEMA]           = {NULL, NULL, .is_read = true}, /* of many statements: session_check_schema */
	[DM_OP_ALL_MESSAGES]           = {pg_messages_all, pg_take_messages, .is_read = true, .is_list = true},
	[DM_OP_EVENTS]                 = {pg_events, pg_take_events, .is_read = true},
	[DM_OP_EVENTS_NEWEST]          = {pg_events_newest, pg_take_newest_event, .is_read = true},
	[DM_OP_EVENTS_TRIM]            = {pg_events_trim, pg_take_trimmed_events, .question = pg_events_have_old},
	[DM_OP_TICKET_CREATE]          = {pg_ticket_create, pg_take_ticket},
	[DM_OP_TICKET_TAKE]            = {pg_ticket_take, pg_take_ticket, .question = pg_ticket_exists},
	[DM_OP_SEND]                   = {NULL, NULL, .records = true}, /* those of a batch are one statement: pg_messages_send */
	[DM_OP_MARK_CONVERSATION_READ] = {pg_conversation_mark_read, pg_take_marked_messages, .records = true,
	                                  .question = pg_conversation_has_unread},
	[DM_OP_MARK_READ]              = {pg_message_mark_read, pg_take_marked_message, .records = true},
	[DM_OP_HIDE]                   = {pg_message_hide, pg_take_hidden_message},
	[DM_OP_USER_CREATE]            = {pg_user_create, pg_take_created_user},
	[DM_OP_USER_SET_ACTIVE]        = {pg_user_set_active, pg_take_changed_user},
	[DM_OP_TOKEN_CREATE]           = {pg_token_create, pg_take_token},
	[DM_OP_TOKEN_REVOKE]           = {pg_token_revoke, pg_take_revoked_token},
	[DM_OP_WEBHOOK_CREATE]         = {pg_webhook_create, pg_take_count},
	[DM_OP_WEBHOOKS]               = {pg_webhooks, pg_take_webhooks, .is_read = true, .is_list = true},
	[DM_OP_WEBHOOK_DELETE]         = {pg_webhook_delete, pg_take_changed_webhook},
	[DM_OP_WEBHOOK_ENABLE]         = {pg_webhook_enable, pg_take_changed_webhook},
	[DM_OP_WEBHOOK_ROTATE]         = {pg_webhook_rotate, pg_take_changed_webhook},
	[DM_OP_DELIVERIES]             = {pg_deliveries, pg_take_deliveries, .is_read = true, .is_list = true},
	[DM_OP_DELIVERIES_CLAIM]       = {pg_deliveries_claim, pg_take_claimed},
	[DM_OP_DELIVERY_RECORD]        = {pg_delivery_record, pg_take_count},
	[DM_OP_DELIVERY_RETRY]         = {pg_delivery_retry, pg_take_retried},
	[DM_OP_DELIVERIES_TRIM]        = {pg_deliveries_trim, pg_take_trimmed},
	[DM_OP_OUTBOX]                 = {pg_outbox, pg_take_outbox, .is_read = true},
	/* clang-format on */
};

bool pg_operation_is_read(const struct dm_operation *operation)
{
	return (size_t)operation->kind < ARRAY_LENGTH(pg_kinds) && pg_kinds[operation->kind].is_read;
}

bool pg_operation_has_question(const struct dm_operation *operation)
{
	return (size_t)operation->kind < ARRAY_LENGTH(pg_kinds) && pg_kinds[operation->kind].question;
}

void pg_fail_all(const struct session *session, struct dm_operation **operations, size_t count,
		 const struct dm_error *error)
{
	for (size_t i = 0; i < count; i++) {
		operations[i]->status = error->status;
		operations[i]->error = *error;
		lane_complete(&session->postgres->options, operations[i]);
	}
}

bool pg_ask(struct session *session, struct dm_operation *operation, operation_ask *ask)
{
	const struct store_options *options = &session->postgres->options;
	struct parameters parameters = {.users = options->users, .records = options->record_events};
	enum statement statement = ask(operation, &parameters);

	if (statement == NOTHING_TO_ASK)
		return false;
	session_send(session, statement, &parameters);
	return true;
}

/* ---- reads --------------------------------------------------------------------------------------------------- */

/* Most conversations that are looked at have nothing unread. So a lane of reads asks first, and hands on to the lane of
 * writes only where there is something to mark. */
static bool is_question(const struct session *session, const struct dm_operation *operation)
{
	return session->writer && pg_operation_has_question(operation);
}

enum outcome {
	READ_DONE,  /* the operation is completed, or handed on */
	READ_AGAIN, /* nothing came of it, through another's fault */
	READ_STALE, /* nothing came of it, and the session is of no use any more */
	READ_LOST   /* the connection has broken: so have all that follow */
};

static enum outcome outcome_of(const PGresult *result)
{
	if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
		return READ_AGAIN;
	return postgres_remedy(result) == REMEDY_RECONNECT ? READ_STALE : READ_DONE;
}

static void finish(struct session *session, struct dm_operation *operation, bool must_write)
{
	if (must_write)
		lane_submit(session->writer, operation);
	else
		lane_complete(&session->postgres->options, operation);
}

/* Takes all results of one operation. */
static enum outcome take_read(struct session *session, struct dm_operation *operation, int64_t deadline,
			      struct dm_error *error)
{
	const struct kind *kind = &pg_kinds[operation->kind];
	struct answer answer = {.enough = false};
	bool question = is_question(session, operation), has_work = false, lent = false;
	enum outcome outcome = READ_DONE;
	struct dm_error failure = {0};
	PGresult *result;

	if (kind->is_list && operation->page.limit == 0)
		PQsetSingleRowMode(session->connection);
	for (;;) {
		if (!session_result(session, deadline, &result, &failure)) {
			outcome = READ_LOST;
			break;
		}
		if (!result)
			break;
		answer.result = result;
		if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_SINGLE_TUPLE) {
			postgres_failure(result, &failure);
			outcome = outcome_of(result);
		} else if (question) {
			has_work = PQntuples(result) > 0;
			if (!has_work) /* what the write would find, too */
				operation->status = kind->take(session->postgres, operation, &answer);
		} else {
			operation->status = kind->take(session->postgres, operation, &answer);
			lent = lent || PQntuples(result) > 0;
		}
		PQclear(result);
	}
	if (failure.status == DM_OK) {
		finish(session, operation, has_work);
	} else if (outcome == READ_DONE || lent) { /* rows can't be lent twice */
		pg_fail_all(session, &operation, 1, &failure);
		return READ_DONE;
	}
	*error = failure;
	return outcome;
}

/* Sends the reads as one unit; those without a statement are done. Gives how many were sent, which come first. */
static size_t send_reads(struct session *session, struct dm_operation **operations, size_t count)
{
	size_t sent = 0;

	pg_limit(session);
	for (size_t i = 0; i < count; i++) {
		struct dm_operation *operation = operations[i];
		operation_ask *ask = is_question(session, operation) ? pg_kinds[operation->kind].question
								     : pg_kinds[operation->kind].ask;

		if (pg_ask(session, operation, ask))
			operations[sent++] = operation;
		else
			lane_complete(&session->postgres->options, operation);
	}
	session_sync(session);
	return sent;
}

/* One flush. Gives how many have to be run again, which come first; *is_lost tells whether the connection has gone. */
static size_t read_once(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline,
			bool *is_lost, struct dm_error *error)
{
	size_t again = 0;

	*error = (struct dm_error){0};
	count = send_reads(session, operations, count);
	*is_lost = !pg_limit_taken(session, deadline, error);
	for (size_t i = 0; i < count; i++) {
		enum outcome outcome = *is_lost ? READ_LOST : take_read(session, operations[i], deadline, error);

		if (outcome != READ_DONE)
			operations[again++] = operations[i];
		*is_lost = outcome == READ_LOST;
		if (outcome == READ_STALE) {
			for (size_t rest = i + 1; rest < count; rest++)
				operations[again++] = operations[rest];
			*is_lost = true;
			break;
		}
	}
	if (*is_lost || session_drain(session, deadline, &(struct dm_error){0}) != DM_OK)
		session_lost(session);
	return again;
}

/* A read that the connection's end has hit is run once more on a new one. */
static void read_all(struct session *session, struct dm_operation **operations, size_t count, int64_t deadline)
{
	bool was_lost = false;

	while (count > 0) {
		struct dm_error error = {0};
		size_t before = count;
		bool is_lost;

		if (session_ready(session, deadline, &error) != DM_OK) {
			pg_fail_all(session, operations, count, &error);
			return;
		}
		count = read_once(session, operations, count, deadline, &is_lost, &error);
		if (count > 0 && (is_lost ? was_lost : count == before)) {
			pg_fail_all(session, operations, count, &error);
			return;
		}
		was_lost = was_lost || is_lost;
	}
}

/* ---- both ---------------------------------------------------------------------------------------------------- */

void pg_limit(struct session *session)
{
	const struct postgres *postgres = session->postgres;
	struct parameters parameters = {.count = 0};

	if (!postgres->options.unprepared)
		return;
	pg_add_int(&parameters, postgres->limits.statement / 1000);
	pg_add_int(&parameters, postgres->limits.lock / 1000);
	session_send(session, SET_LIMITS, &parameters);
}

bool pg_limit_taken(struct session *session, int64_t deadline, struct dm_error *error)
{
	PGresult *result = NULL;
	bool good = true;

	if (!session->postgres->options.unprepared)
		return true;
	do {
		PQclear(result);
		good = session_result(session, deadline, &result, error);
	} while (good && result);
	return good;
}

static bool is_known(const struct dm_operation *operation)
{
	return (size_t)operation->kind < ARRAY_LENGTH(pg_kinds) &&
	       (pg_kinds[operation->kind].ask || operation->kind == DM_OP_SEND ||
		operation->kind == DM_OP_CHECK_SCHEMA);
}

static void check_schema(struct session *session, struct dm_operation *operation, int64_t deadline)
{
	operation->status = session_check_schema(session, deadline, &operation->error);
	lane_complete(&session->postgres->options, operation);
}

/* Refuses what has waited too long already, and moves the reads to the front. Gives how many are left; *reads of them
 * are reads. */
static size_t sort(struct session *session, struct dm_operation **operations, size_t count, int64_t now, size_t *reads)
{
	static const struct dm_error late = {DM_BUSY, "the database is too slow for what is asked; try again later"};
	static const struct dm_error unknown = {DM_INVALID, "PostgreSQL has no webhooks yet"};
	struct dm_operation *writes[LANE_BATCH_MOST];
	size_t writes_count = 0;

	*reads = 0;
	for (size_t i = 0; i < count; i++) {
		struct dm_operation *operation = operations[i];

		if (now - operation->internal.queued_at > session->postgres->limits.queue)
			pg_fail_all(session, &operation, 1, &late);
		else if (!is_known(operation))
			pg_fail_all(session, &operation, 1, &unknown);
		else if (operation->kind == DM_OP_CHECK_SCHEMA)
			check_schema(session, operation, now + session->postgres->limits.batch);
		else if (pg_operation_is_read(operation) || is_question(session, operation))
			operations[(*reads)++] = operation;
		else
			writes[writes_count++] = operation;
	}
	for (size_t i = 0; i < writes_count; i++)
		operations[*reads + i] = writes[i];
	return *reads + writes_count;
}

void pg_batch_run(void *session_pointer, struct dm_operation **operations, size_t count)
{
	struct session *session = session_pointer;
	int64_t now = clock_monotonic(), deadline = now + session->postgres->limits.batch;
	size_t reads;

	count = sort(session, operations, count, now, &reads);
	read_all(session, operations, reads, deadline);
	if (count > reads)
		pg_write(session, operations + reads, count - reads, deadline);
}
