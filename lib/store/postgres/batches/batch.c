/* SPDX-License-Identifier: MIT */
/* batch.c - from an operation to the functions of its noun's file; reads from writes. */
#include "batch.h"

#include "clock.h"
#include "lane.h"
#include "read.h"
#include "ready.h"
#include "write.h"

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
	[DM_OP_CHECK_SCHEMA]           = {NULL, NULL, .is_read = true}, /* on a session of its own: session_check_schema */
	[DM_OP_ALL_MESSAGES]           = {pg_messages_all, pg_take_messages, .is_read = true, .is_list = true},
	[DM_OP_EVENTS]                 = {pg_events, pg_take_events, .is_read = true},
	[DM_OP_EVENTS_NEWEST]          = {pg_events_newest, pg_take_newest_event, .is_read = true},
	[DM_OP_EVENTS_TRIM]            = {pg_events_trim, pg_take_trimmed_events, .question = pg_events_have_old},
	[DM_OP_TICKET_CREATE]          = {pg_ticket_create, pg_take_ticket},
	[DM_OP_TICKET_TAKE]            = {pg_ticket_take, pg_take_ticket, .question = pg_ticket_exists},
	[DM_OP_SEND]                   = {NULL, NULL, .records = true}, /* those of a batch are one statement: pg_messages_send */
	[DM_OP_MARK_CONVERSATION_READ] = {pg_conversation_mark_read, pg_take_marked_piece, .records = true,
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
	return (size_t)operation->kind < ARRAY_LENGTH(pg_kinds) && pg_kinds[operation->kind].question &&
	       !operation->marking.more; /* it was asked before the first piece */
}

static void check_schema(struct session *session, struct dm_operation *operation, int64_t deadline)
{
	operation->status = pg_session_check_schema(session, deadline, &operation->error);
	lane_complete(&session->postgres->options, operation);
}

/* Refuses what has waited too long already, and moves the reads to the front. Gives how many are left; *reads of them
 * are reads. */
static size_t sort(struct session *session, struct dm_operation **operations, size_t count, int64_t now, size_t *reads)
{
	struct dm_operation *writes[LANE_MAX_BATCH];
	size_t writes_count = 0;

	*reads = 0;
	for (size_t i = 0; i < count; i++) {
		struct dm_operation *operation = operations[i];

		if (now - operation->internal.queued_at > session->postgres->limits.queue)
			lane_fail(&session->postgres->options, &operation, 1, &lane_late);
		else if (operation->kind == DM_OP_CHECK_SCHEMA)
			check_schema(session, operation, now + session->postgres->limits.batch);
		else if (pg_operation_is_read(operation) || pg_is_question(session, operation))
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
	pg_read(session, operations, reads, deadline);
	if (count > reads)
		pg_write(session, operations + reads, count - reads, deadline);
}
