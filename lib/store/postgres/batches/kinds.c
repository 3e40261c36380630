/* SPDX-License-Identifier: MIT */
/* kinds.c - how PostgreSQL runs each kind of operation. */
#include "kinds.h"

#include "failure.h"
#include "operation_kinds.h"

struct postgres_kind {
	operation_ask *ask;
	operation_read_result *read_result;
	operation_ask *has_work; /* NULL: a write always has; a read never has */
};

static enum pg_statement refuse(struct dm_operation *operation, struct parameters *parameters)
{
	(void)parameters;
	operation->status = fail(&operation->error, DM_INVALID, "there is no such kind of operation");
	return NOTHING_TO_ASK;
}

static enum dm_status read_nothing(const struct postgres *postgres, struct dm_operation *operation, struct row_set *set)
{
	(void)postgres, (void)operation, (void)set;
	return DM_OK;
}

/* Sends (pg_messages_send) and checks of the schema (pg_session_check_schema) are not asked by this table. */
#define RUN(ROW) \
	ROW(DM_OP_NONE, refuse, read_nothing) \
	ROW(DM_OP_AUTHENTICATE, pg_user_authenticate, pg_read_authenticated) \
	ROW(DM_OP_USER_BY_ID, pg_user_by_id, pg_read_user_by_id) \
	ROW(DM_OP_USER_BY_NAME, pg_user_by_name, pg_read_user_by_name) \
	ROW(DM_OP_USERS, pg_users, pg_read_users) \
	ROW(DM_OP_UNREAD_COUNT, pg_unread_count, pg_read_unread_count) \
	ROW(DM_OP_UNREAD_BY_PARTNER, pg_unread_by_partner, pg_read_unread_by_partner) \
	ROW(DM_OP_UNREAD_MESSAGES, pg_unread_messages, pg_read_unread_messages) \
	ROW(DM_OP_PARTNERS, pg_partners_page, pg_read_partners) \
	ROW(DM_OP_CONVERSATION, pg_conversation_page, pg_read_conversation_page) \
	ROW(DM_OP_MESSAGE, pg_message_get, pg_read_message) \
	ROW(DM_OP_ALL_MESSAGES, pg_messages_all, pg_read_all_messages) \
	ROW(DM_OP_EVENTS, pg_events, pg_read_events) \
	ROW(DM_OP_EVENTS_NEWEST, pg_events_newest, pg_read_newest_event) \
	ROW(DM_OP_EVENTS_TRIM, pg_events_trim, pg_read_trimmed_events, pg_events_have_old) \
	ROW(DM_OP_TICKET_CREATE, pg_ticket_create, read_nothing) \
	ROW(DM_OP_TICKET_REDEEM, pg_ticket_redeem, pg_read_redeemed_ticket, pg_ticket_exists) \
	ROW(DM_OP_SEND, refuse, read_nothing) \
	ROW(DM_OP_MARK_CONVERSATION_READ, pg_conversation_mark_read, pg_read_marked_piece, pg_conversation_has_unread) \
	ROW(DM_OP_MARK_READ, pg_message_mark_read, pg_read_marked_message) \
	ROW(DM_OP_HIDE, pg_message_hide, pg_read_hidden_message) \
	ROW(DM_OP_USER_CREATE, pg_user_create, pg_read_created_user) \
	ROW(DM_OP_USER_SET_ACTIVE, pg_user_set_active, pg_read_changed_user) \
	ROW(DM_OP_USER_PUT, pg_user_put, pg_read_put_user) \
	ROW(DM_OP_USER_DELETE, pg_user_delete, pg_read_deleted_user) \
	ROW(DM_OP_TOKEN_CREATE, pg_token_create, pg_read_token) \
	ROW(DM_OP_TOKEN_REVOKE, pg_token_revoke, pg_read_revoked_token) \
	ROW(DM_OP_CHECK_SCHEMA, refuse, read_nothing) \
	ROW(DM_OP_WEBHOOK_CREATE, pg_webhook_create, pg_read_created_webhook) \
	ROW(DM_OP_WEBHOOKS, pg_webhooks, pg_read_webhooks) \
	ROW(DM_OP_WEBHOOK_DELETE, pg_webhook_delete, pg_read_deleted_webhook) \
	ROW(DM_OP_WEBHOOK_ENABLE, pg_webhook_enable, pg_read_enabled_webhook) \
	ROW(DM_OP_WEBHOOK_ROTATE, pg_webhook_rotate, pg_read_rotated_webhook) \
	ROW(DM_OP_DELIVERIES, pg_deliveries, pg_read_deliveries) \
	ROW(DM_OP_DELIVERIES_CLAIM, pg_deliveries_claim, pg_read_claimed) \
	ROW(DM_OP_DELIVERY_RESULT, pg_delivery_result, pg_read_delivery_result) \
	ROW(DM_OP_DELIVERY_REQUEUE, pg_delivery_requeue, pg_read_requeued) \
	ROW(DM_OP_DELIVERIES_TRIM, pg_deliveries_trim, pg_read_trimmed_deliveries) \
	ROW(DM_OP_OUTBOX, pg_outbox, pg_read_outbox) \
	ROW(DM_OP_ACTIVE_USER, pg_user_active, pg_read_active_user) \
	ROW(DM_OP_MESSAGES_FIND, pg_messages_find, pg_read_found_messages) \
	ROW(DM_OP_USER_MESSAGES, pg_user_messages, pg_read_user_messages) \
	ROW(DM_OP_USER_ERASE, pg_user_erase, pg_read_erased_piece) \
	ROW(DM_OP_MESSAGE_DELETE, pg_message_delete, pg_read_deleted_message) \
	ROW(DM_OP_MESSAGES_PURGE, pg_messages_purge, pg_read_purged_piece) \
	ROW(DM_OP_EVENTS_NEW_EPOCH, pg_events_new_epoch, read_nothing) \
	ROW(DM_OP_WEBHOOK_UPDATE, pg_webhook_update, pg_read_updated_webhook) \
	ROW(DM_OP_DELIVERIES_FIND, pg_deliveries_find, pg_read_found_deliveries) \
	ROW(DM_OP_DELIVERIES_REQUEUE, pg_deliveries_requeue, pg_read_requeued_piece) \
	ROW(DM_OP_BLOCK, pg_block_user, pg_read_block) \
	ROW(DM_OP_UNBLOCK, pg_unblock_user, read_nothing) \
	ROW(DM_OP_BLOCKS, pg_blocks_page, pg_read_blocks) \
	ROW(DM_OP_INBOX, pg_inbox_page, pg_read_inbox_page) \
	ROW(DM_OP_INBOX_FOLD, pg_inbox_fold, pg_read_folded) \
	ROW(DM_OP_INBOX_MEND, pg_inbox_mend, read_nothing) \
	ROW(DM_OP_MARK_ALL_READ, pg_all_mark_read, pg_read_all_marked_piece, pg_all_has_unread) \
	ROW(DM_OP_MARK_UNREAD, pg_mark_unread, pg_read_unmarked_piece, pg_has_to_mark_unread) \
	ROW(DM_OP_HIDE_CONVERSATION, pg_conversation_hide, pg_read_hidden_piece, pg_conversation_is_visible)

static const struct postgres_kind kinds[] = {RUN(KIND_ROW)};
KINDS_ARE_COMPLETE(RUN);

operation_ask *pg_operation_ask(const struct dm_operation *operation)
{
	return kinds[operation_index(operation)].ask;
}

operation_read_result *pg_operation_read_result(const struct dm_operation *operation)
{
	return kinds[operation_index(operation)].read_result;
}

operation_ask *pg_operation_question(const struct dm_operation *operation)
{
	/* It was asked before the first piece. */
	return operation_is_continued(operation) ? NULL : kinds[operation_index(operation)].has_work;
}
