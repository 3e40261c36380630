/* SPDX-License-Identifier: MIT */
/* kinds.c - how SQLite runs each kind of operation. */
#include "kinds.h"

#include "failure.h"
#include "migrate.h"
#include "operation_kinds.h"

struct sqlite_kind {
	operation_function *run;
	operation_has_work *has_work; /* NULL: a write always has; a read never has */
	operation_function *lend;     /* of a write that lends rows, after the commit; NULL: it lends none */
};

static enum dm_status refuse(struct sqlite_session *session, struct dm_operation *operation)
{
	(void)session;
	return fail(&operation->error, DM_INVALID, "there is no such kind of operation");
}

#define RUN(ROW) \
	ROW(DM_OP_NONE, refuse) \
	ROW(DM_OP_AUTHENTICATE, user_authenticate) \
	ROW(DM_OP_USER_BY_ID, user_by_id) \
	ROW(DM_OP_USER_BY_NAME, user_by_name) \
	ROW(DM_OP_USERS, users_list) \
	ROW(DM_OP_UNREAD_COUNT, unread_count) \
	ROW(DM_OP_UNREAD_BY_PARTNER, unread_by_partner) \
	ROW(DM_OP_UNREAD_MESSAGES, unread_messages) \
	ROW(DM_OP_PARTNERS, partners_page) \
	ROW(DM_OP_CONVERSATION, conversation_page) \
	ROW(DM_OP_MESSAGE, message_by_id) \
	ROW(DM_OP_ALL_MESSAGES, messages_all) \
	ROW(DM_OP_EVENTS, events_read) \
	ROW(DM_OP_EVENTS_NEWEST, events_newest) \
	ROW(DM_OP_EVENTS_TRIM, events_trim, events_have_old) \
	ROW(DM_OP_TICKET_CREATE, ticket_create) \
	ROW(DM_OP_TICKET_REDEEM, ticket_redeem, ticket_exists) \
	ROW(DM_OP_SEND, message_send) \
	ROW(DM_OP_MARK_CONVERSATION_READ, conversation_mark_read, conversation_has_unread) \
	ROW(DM_OP_MARK_READ, message_mark_read) \
	ROW(DM_OP_HIDE, message_hide) \
	ROW(DM_OP_USER_CREATE, user_create) \
	ROW(DM_OP_USER_SET_ACTIVE, user_set_active) \
	ROW(DM_OP_USER_PUT, user_put, NULL, user_put_lend) \
	ROW(DM_OP_USER_DELETE, user_delete) \
	ROW(DM_OP_TOKEN_CREATE, token_create) \
	ROW(DM_OP_TOKEN_REVOKE, token_revoke) \
	ROW(DM_OP_CHECK_SCHEMA, schema_still_fits) \
	ROW(DM_OP_WEBHOOK_CREATE, webhook_create) \
	ROW(DM_OP_WEBHOOKS, webhooks_list) \
	ROW(DM_OP_WEBHOOK_DELETE, webhook_delete) \
	ROW(DM_OP_WEBHOOK_ENABLE, webhook_enable) \
	ROW(DM_OP_WEBHOOK_ROTATE, webhook_rotate) \
	ROW(DM_OP_DELIVERIES, deliveries_list) \
	ROW(DM_OP_DELIVERIES_CLAIM, deliveries_claim, NULL, deliveries_lend) \
	ROW(DM_OP_DELIVERY_RESULT, delivery_result) \
	ROW(DM_OP_DELIVERY_REQUEUE, delivery_requeue) \
	ROW(DM_OP_DELIVERIES_TRIM, deliveries_trim) \
	ROW(DM_OP_OUTBOX, outbox_state) \
	ROW(DM_OP_ACTIVE_USER, user_active) \
	ROW(DM_OP_MESSAGES_FIND, messages_find) \
	ROW(DM_OP_USER_MESSAGES, user_messages) \
	ROW(DM_OP_USER_ERASE, user_erase) \
	ROW(DM_OP_MESSAGE_DELETE, message_delete_row) \
	ROW(DM_OP_MESSAGES_PURGE, messages_purge) \
	ROW(DM_OP_EVENTS_NEW_EPOCH, events_new_epoch) \
	ROW(DM_OP_WEBHOOK_UPDATE, webhook_update) \
	ROW(DM_OP_DELIVERIES_FIND, deliveries_find) \
	ROW(DM_OP_DELIVERIES_REQUEUE, deliveries_requeue) \
	ROW(DM_OP_BLOCK, block_user) \
	ROW(DM_OP_UNBLOCK, unblock_user) \
	ROW(DM_OP_BLOCKS, blocks_page) \
	ROW(DM_OP_INBOX, inbox_page) \
	ROW(DM_OP_INBOX_FOLD, inbox_fold, inbox_has_unfolded) \
	ROW(DM_OP_INBOX_MEND, inbox_mend) \
	ROW(DM_OP_MARK_ALL_READ, all_mark_read, all_has_unread) \
	ROW(DM_OP_MARK_UNREAD, conversation_mark_unread, conversation_newest_is_read) \
	ROW(DM_OP_HIDE_CONVERSATION, conversation_hide, conversation_is_visible)

static const struct sqlite_kind kinds[] = {RUN(KIND_ROW)};
KINDS_ARE_COMPLETE(RUN);

void operation_run(struct sqlite_session *session, struct dm_operation *operation)
{
	operation->status = kinds[operation_index(operation)].run(session, operation);
}

void operation_lend(struct sqlite_session *session, struct dm_operation *operation)
{
	operation_function *lend = kinds[operation_index(operation)].lend;

	if (!lend || operation->status != DM_OK)
		return;
	session->is_lending = true;
	operation->status = lend(session, operation);
	session->is_lending = false;
}

operation_has_work *operation_question(const struct dm_operation *operation)
{
	/* It was asked before the first piece. */
	return operation_is_continued(operation) ? NULL : kinds[operation_index(operation)].has_work;
}
