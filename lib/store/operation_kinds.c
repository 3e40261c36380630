/* SPDX-License-Identifier: MIT */
/* operation_kinds.c - what is true of each kind of operation, whatever the store. */
#include "operation_kinds.h"

struct kind_facts {
	enum access { READ, WRITE, RECORD } access; /* RECORD: a write that may write to the event log as well */
	unsigned short results, results_size;       /* where its results stand in the operation */
};

#define UNION_SIZE sizeof(((struct dm_operation *)0)->reserved)
_Static_assert(sizeof(struct dm_operation) - offsetof(struct dm_operation, reserved) == UNION_SIZE,
	       "the arguments and results of every kind fit into the operation's reserved words");

/* The results are the member's fields from `first` on, up to an argument that was added later. */
#define RESULTS_UNTIL(member, first, end) \
	offsetof(struct dm_operation, member.first), \
		offsetof(struct dm_operation, member.end) - offsetof(struct dm_operation, member.first)
#define RESULTS(member, first) RESULTS_UNTIL(member, first, reserved)

#define FACTS(ROW) \
	ROW(DM_OP_NONE, READ) \
	ROW(DM_OP_AUTHENTICATE, READ, RESULTS_UNTIL(authenticate, recipient_exists, recipient_name)) \
	ROW(DM_OP_USER_BY_ID, READ) \
	ROW(DM_OP_USER_BY_NAME, READ) \
	ROW(DM_OP_USERS, READ) \
	ROW(DM_OP_UNREAD_COUNT, READ, RESULTS_UNTIL(unread_count, count, partner_id)) \
	ROW(DM_OP_UNREAD_BY_PARTNER, READ) \
	ROW(DM_OP_UNREAD_MESSAGES, READ) \
	ROW(DM_OP_PARTNERS, READ) \
	ROW(DM_OP_CONVERSATION, READ) \
	ROW(DM_OP_MESSAGE, READ) \
	ROW(DM_OP_ALL_MESSAGES, READ) \
	ROW(DM_OP_EVENTS, READ, RESULTS_UNTIL(events, position, all_kinds)) \
	ROW(DM_OP_EVENTS_NEWEST, READ, RESULTS(events_newest, position)) \
	ROW(DM_OP_EVENTS_TRIM, WRITE, RESULTS(events_trim, removed)) \
	ROW(DM_OP_TICKET_CREATE, WRITE, RESULTS(ticket_create, ticket)) \
	ROW(DM_OP_TICKET_REDEEM, WRITE, RESULTS(ticket_redeem, key)) \
	ROW(DM_OP_SEND, RECORD, RESULTS_UNTIL(send, message, unrestricted)) \
	ROW(DM_OP_MARK_CONVERSATION_READ, RECORD, RESULTS_UNTIL(mark_conversation_read, more, has_last)) \
	ROW(DM_OP_MARK_READ, RECORD, RESULTS(mark_read, was_unread)) \
	ROW(DM_OP_HIDE, RECORD) \
	ROW(DM_OP_USER_CREATE, WRITE, RESULTS(user_create, user_id)) \
	ROW(DM_OP_USER_SET_ACTIVE, WRITE) \
	ROW(DM_OP_USER_PUT, WRITE, RESULTS_UNTIL(user_put, created, internal)) \
	ROW(DM_OP_USER_DELETE, WRITE, RESULTS(user_delete, more)) \
	ROW(DM_OP_TOKEN_CREATE, WRITE, RESULTS_UNTIL(token_create, key, user_id)) \
	ROW(DM_OP_TOKEN_REVOKE, WRITE) \
	ROW(DM_OP_CHECK_SCHEMA, READ) \
	ROW(DM_OP_WEBHOOK_CREATE, WRITE, RESULTS(webhook_create, webhook_id)) \
	ROW(DM_OP_WEBHOOKS, READ) \
	ROW(DM_OP_WEBHOOK_DELETE, WRITE) \
	ROW(DM_OP_WEBHOOK_ENABLE, WRITE, RESULTS(webhook_enable, more)) \
	ROW(DM_OP_WEBHOOK_ROTATE, WRITE) \
	ROW(DM_OP_DELIVERIES, READ) \
	ROW(DM_OP_DELIVERIES_CLAIM, WRITE, RESULTS(deliveries_claim, claimed)) \
	ROW(DM_OP_DELIVERY_RESULT, WRITE, RESULTS(delivery_result, disabled)) \
	ROW(DM_OP_DELIVERY_REQUEUE, WRITE) \
	ROW(DM_OP_DELIVERIES_TRIM, WRITE, RESULTS(deliveries_trim, removed)) \
	ROW(DM_OP_OUTBOX, READ, RESULTS(outbox, outbox)) \
	ROW(DM_OP_ACTIVE_USER, READ, RESULTS_UNTIL(active_user, recipient_exists, recipient_name)) \
	ROW(DM_OP_MESSAGES_FIND, READ, RESULTS(messages_find, more)) \
	ROW(DM_OP_USER_MESSAGES, READ, RESULTS(user_messages, more)) \
	ROW(DM_OP_USER_ERASE, WRITE, RESULTS(user_erase, more)) \
	ROW(DM_OP_MESSAGE_DELETE, WRITE) \
	ROW(DM_OP_MESSAGES_PURGE, WRITE, RESULTS(messages_purge, removed)) \
	ROW(DM_OP_EVENTS_NEW_EPOCH, WRITE) \
	ROW(DM_OP_WEBHOOK_UPDATE, WRITE, RESULTS(webhook_update, more)) \
	ROW(DM_OP_DELIVERIES_FIND, READ, RESULTS(deliveries_find, next_before)) \
	ROW(DM_OP_DELIVERIES_REQUEUE, WRITE, RESULTS(deliveries_requeue, requeued)) \
	ROW(DM_OP_BLOCK, WRITE, RESULTS(block, internal)) \
	ROW(DM_OP_UNBLOCK, WRITE) \
	ROW(DM_OP_BLOCKS, READ) \
	ROW(DM_OP_INBOX, READ, RESULTS_UNTIL(inbox, lack, internal)) \
	ROW(DM_OP_INBOX_FOLD, WRITE, RESULTS(inbox_fold, more)) \
	ROW(DM_OP_INBOX_MEND, WRITE) \
	ROW(DM_OP_MARK_ALL_READ, RECORD, RESULTS(mark_all_read, more)) \
	ROW(DM_OP_MARK_UNREAD, RECORD, RESULTS(mark_unread, more)) \
	ROW(DM_OP_HIDE_CONVERSATION, RECORD, RESULTS(hide_conversation, more))

static const struct kind_facts facts[] = {FACTS(KIND_ROW)};
KINDS_ARE_COMPLETE(FACTS);

size_t operation_index(const struct dm_operation *operation)
{
	return (size_t)operation->kind < DM_OPERATION_KINDS ? operation->kind : DM_OP_NONE;
}

bool operation_is_read(const struct dm_operation *operation)
{
	return facts[operation_index(operation)].access == READ;
}

bool operation_records_events(const struct dm_operation *operation)
{
	return facts[operation_index(operation)].access == RECORD;
}

bool operation_is_unlimited(const struct dm_operation *operation)
{
	switch (operation->kind) {
	case DM_OP_USERS:
		return operation->users.limit == 0;
	case DM_OP_UNREAD_MESSAGES:
		return true;
	case DM_OP_WEBHOOKS:
		return operation->webhooks.webhook_id == 0 && operation->webhooks.limit == 0;
	case DM_OP_PARTNERS:
		return operation->partners.page.limit == 0;
	case DM_OP_CONVERSATION:
		return operation->conversation.page.limit == 0;
	case DM_OP_ALL_MESSAGES:
		return operation->all_messages.limit == 0;
	case DM_OP_DELIVERIES:
		return operation->deliveries.limit == 0;
	case DM_OP_BLOCKS:
		return operation->blocks.page.limit == 0;
	default:
		return false;
	}
}

bool operation_is_continued(const struct dm_operation *operation)
{
	switch (operation->kind) {
	case DM_OP_MARK_CONVERSATION_READ:
		return operation->mark_conversation_read.more;
	case DM_OP_MARK_ALL_READ:
		return operation->mark_all_read.more;
	case DM_OP_MARK_UNREAD:
		return operation->mark_unread.more;
	case DM_OP_HIDE_CONVERSATION:
		return operation->hide_conversation.more;
	case DM_OP_WEBHOOK_ENABLE:
		return operation->webhook_enable.more;
	case DM_OP_WEBHOOK_UPDATE:
		return operation->webhook_update.more;
	case DM_OP_USER_ERASE:
		return operation->user_erase.more;
	case DM_OP_USER_DELETE:
		return operation->user_delete.more;
	default:
		return false;
	}
}

bool operation_is_piece(const struct dm_operation *operation)
{
	switch (operation->kind) {
	case DM_OP_MESSAGES_PURGE: /* the first piece is as large as the others */
	case DM_OP_EVENTS_TRIM:
	case DM_OP_DELIVERIES_TRIM:
	case DM_OP_DELIVERIES_REQUEUE:
	case DM_OP_INBOX_FOLD:
	case DM_OP_INBOX_MEND:
		return true;
	default:
		return operation_is_continued(operation);
	}
}

size_t operation_bytes(const struct dm_operation *operation)
{
	return operation->kind == DM_OP_SEND ? operation->send.content.length : 0;
}

void operation_clear_results(struct dm_operation *operation)
{
	const struct kind_facts *of_kind = &facts[operation_index(operation)];

	memset((char *)operation + of_kind->results, 0, of_kind->results_size);
	if (operation->kind == DM_OP_SEND) /* it stands behind an argument */
		operation->send.replayed = false;
}
