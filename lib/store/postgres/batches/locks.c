/* SPDX-License-Identifier: MIT */
/* locks.c - which rows a write locks: the order in which a batch locks them, and which ones other transactions hold. */
#include "locks.h"

#include "clock.h"
#include "lane.h"

#include <stdlib.h>
#include <string.h>

/* How long a row counts as held after it was noted, in microseconds. */
#define HELD_FOR INT64_C(1000000)

/* In the order in which a batch locks them. A send locks its users when it is committed. */
enum {
	GROUP_USER,
	GROUP_CONVERSATION,
	GROUP_MESSAGE,
	GROUP_BLOCK,
	GROUP_WEBHOOK,
	GROUP_DELIVERY,
	GROUP_INBOX, /* a fold locks alone what mends lock together: it comes first */
	GROUP_TEXT,
	GROUP_EVENTS
};

static struct lock_key key_of(const struct dm_operation *operation)
{
	switch (operation->kind) {
	case DM_OP_SEND:
		return (struct lock_key){GROUP_USER, 0, 0};
	case DM_OP_MARK_CONVERSATION_READ:
		return (struct lock_key){GROUP_CONVERSATION, operation->mark_conversation_read.user_id,
					 operation->mark_conversation_read.partner_id};
	case DM_OP_MARK_UNREAD:
		return (struct lock_key){GROUP_CONVERSATION, operation->mark_unread.user_id,
					 operation->mark_unread.partner_id};
	case DM_OP_HIDE_CONVERSATION:
		return (struct lock_key){GROUP_CONVERSATION, operation->hide_conversation.user_id,
					 operation->hide_conversation.partner_id};
	case DM_OP_MARK_ALL_READ:
		return (struct lock_key){GROUP_CONVERSATION, operation->mark_all_read.user_id, 0};
	case DM_OP_MARK_READ:
		return (struct lock_key){GROUP_MESSAGE, operation->mark_read.message_id, 0};
	case DM_OP_HIDE:
		return (struct lock_key){GROUP_MESSAGE, operation->hide.message_id, 0};
	case DM_OP_MESSAGE_DELETE:
		return (struct lock_key){GROUP_MESSAGE, operation->message_delete.message_id, 0};
	case DM_OP_MESSAGES_PURGE:
		return (struct lock_key){GROUP_MESSAGE, operation->messages_purge.after, 1};
	case DM_OP_USER_ERASE:
		return (struct lock_key){GROUP_CONVERSATION, operation->user_erase.user_id, 0};
	case DM_OP_BLOCK:
		return (struct lock_key){GROUP_BLOCK, operation->block.user_id, operation->block.blocked_id};
	case DM_OP_UNBLOCK:
		return (struct lock_key){GROUP_BLOCK, operation->unblock.user_id, operation->unblock.blocked_id};
	case DM_OP_DELIVERY_RESULT:
		return (struct lock_key){GROUP_WEBHOOK, operation->delivery_result.webhook_id,
					 operation->delivery_result.delivery_id};
	case DM_OP_DELIVERIES_CLAIM: /* after the results that make room for it */
		return (struct lock_key){GROUP_WEBHOOK, operation->deliveries_claim.webhook_id, INT64_MAX};
	case DM_OP_WEBHOOK_DELETE:
		return (struct lock_key){GROUP_WEBHOOK, operation->webhook_delete.webhook_id, INT64_MAX};
	case DM_OP_WEBHOOK_ENABLE:
		return (struct lock_key){GROUP_WEBHOOK, operation->webhook_enable.webhook_id, INT64_MAX};
	case DM_OP_WEBHOOK_UPDATE:
		return (struct lock_key){GROUP_WEBHOOK, operation->webhook_update.webhook_id, INT64_MAX};
	case DM_OP_WEBHOOK_ROTATE:
		return (struct lock_key){GROUP_WEBHOOK, operation->webhook_rotate.webhook_id, INT64_MAX};
	case DM_OP_DELIVERY_REQUEUE:
		return (struct lock_key){GROUP_DELIVERY, operation->delivery_requeue.delivery_id, 0};
	case DM_OP_DELIVERIES_REQUEUE:
		return (struct lock_key){GROUP_DELIVERY, operation->deliveries_requeue.after, 0};
	case DM_OP_DELIVERIES_TRIM:
		return (struct lock_key){GROUP_DELIVERY, operation->deliveries_trim.after, 0};
	case DM_OP_INBOX_FOLD:
		return (struct lock_key){GROUP_INBOX, 0, 0};
	case DM_OP_INBOX_MEND:
		return (struct lock_key){GROUP_INBOX, operation->inbox_mend.user_id, 0};
	case DM_OP_EVENTS_TRIM:
	case DM_OP_EVENTS_NEW_EPOCH:
		return (struct lock_key){GROUP_EVENTS, 0, 0};
	default: /* users, tokens, tickets: by their names */
		return (struct lock_key){GROUP_TEXT, 0, 0};
	}
}

/* What a row of GROUP_TEXT is known by. */
static struct dm_text name_of(const struct dm_operation *operation)
{
	switch (operation->kind) {
	case DM_OP_USER_CREATE:
		return operation->user_create.username;
	case DM_OP_USER_SET_ACTIVE:
		return operation->user_set_active.username;
	case DM_OP_USER_PUT:
		return operation->user_put.username;
	case DM_OP_USER_DELETE:
		return operation->user_delete.username;
	case DM_OP_TOKEN_CREATE:
		return operation->token_create.username;
	case DM_OP_TOKEN_REVOKE:
		return operation->token_revoke.username;
	case DM_OP_TICKET_CREATE:
		return operation->ticket_create.key;
	case DM_OP_TICKET_REDEEM:
		return operation->ticket_redeem.ticket;
	default:
		return (struct dm_text){NULL, 0};
	}
}

/* ---- the order of a batch ------------------------------------------------------------------------------------ */

struct place {
	struct dm_operation *operation;
	struct lock_key key;
	size_t came;
};

static int compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_texts(struct dm_text a, struct dm_text b)
{
	size_t shorter = a.length < b.length ? a.length : b.length;
	int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;

	return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_places(const void *a_pointer, const void *b_pointer)
{
	const struct place *a = a_pointer, *b = b_pointer;
	int order = compare_numbers(a->key.group, b->key.group);

	if (order == 0)
		order = compare_numbers(a->key.first, b->key.first);
	if (order == 0)
		order = compare_numbers(a->key.second, b->key.second);
	if (order == 0 && a->key.group == GROUP_TEXT)
		order = compare_texts(name_of(a->operation), name_of(b->operation));
	return order != 0 ? order : (a->came > b->came) - (a->came < b->came);
}

void pg_order(struct dm_operation **operations, size_t count)
{
	struct place places[LANE_MAX_BATCH];

	for (size_t i = 0; i < count; i++)
		places[i] = (struct place){operations[i], key_of(operations[i]), i};
	qsort(places, count, sizeof(places[0]), compare_places);
	for (size_t i = 0; i < count; i++)
		operations[i] = places[i].operation;
}

/* ---- rows that other transactions hold ----------------------------------------------------------------------- */

static bool is_same(const struct lock_key *a, const struct lock_key *b)
{
	return a->group == b->group && a->first == b->first && a->second == b->second;
}

static void note(struct held_rows *held, struct lock_key key)
{
	int64_t until = clock_monotonic() + HELD_FOR;

	held->until = until;
	for (size_t i = 0; i < MAX_HELD; i++)
		if (is_same(&held->rows[i].key, &key)) {
			held->rows[i].until = until;
			return;
		}
	held->rows[held->next].key = key;
	held->rows[held->next].until = until;
	held->next = (held->next + 1) % MAX_HELD;
}

static bool is_noted(const struct held_rows *held, struct lock_key key)
{
	for (size_t i = 0; i < MAX_HELD; i++)
		if (held->rows[i].until != 0 && is_same(&held->rows[i].key, &key))
			return held->rows[i].until > clock_monotonic();
	return false;
}

void held_note_user(struct held_rows *held, int64_t user_id)
{
	note(held, (struct lock_key){GROUP_USER, user_id, 0});
}

/* Which user a send waits for is found out, and noted, by the caller. Rows that are known by a text are rarely wanted
 * by two at once, and rows of the event log only by those who trim it. */
void held_note(struct held_rows *held, const struct dm_operation *operation)
{
	struct lock_key key = key_of(operation);

	if (key.group != GROUP_USER && key.group != GROUP_TEXT && key.group != GROUP_EVENTS)
		note(held, key);
}

bool held_any(const struct held_rows *held)
{
	return held->until != 0 && held->until > clock_monotonic();
}

bool held_needs(const struct held_rows *held, const struct dm_operation *operation)
{
	if (operation->kind != DM_OP_SEND)
		return is_noted(held, key_of(operation));
	return is_noted(held, (struct lock_key){GROUP_USER, operation->send.sender_id, 0}) ||
	       is_noted(held, (struct lock_key){GROUP_USER, operation->send.recipient_id, 0});
}
