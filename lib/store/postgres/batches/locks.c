/* SPDX-License-Identifier: MIT */
/* locks.c - which rows a write locks: in which order a batch takes them, and which ones other transactions hold. */
#include "locks.h"

#include "clock.h"
#include "directmessages_webhooks.h"
#include "lane.h"

#include <stdlib.h>
#include <string.h>

/* So long a row counts as held after it was noted, in microseconds. */
#define HELD_FOR INT64_C(1000000)

/* In the order in which a batch takes their locks. A send locks its users, when it is committed. */
enum { GROUP_USER, GROUP_CONVERSATION, GROUP_MESSAGE, GROUP_WEBHOOK, GROUP_DELIVERY, GROUP_TEXT, GROUP_EVENTS };

static struct lock_key key_of(const struct dm_operation *operation)
{
	switch (operation->kind) {
	case DM_OP_SEND:
		return (struct lock_key){GROUP_USER, 0, 0};
	case DM_OP_MARK_CONVERSATION_READ:
		return (struct lock_key){GROUP_CONVERSATION, operation->user_id, operation->partner_id};
	case DM_OP_MARK_READ:
	case DM_OP_HIDE:
		return (struct lock_key){GROUP_MESSAGE, operation->message_id, 0};
	case DM_OP_DELIVERY_RECORD:
		return (struct lock_key){GROUP_WEBHOOK, operation->webhook->webhook_id,
					 operation->webhook->delivery_id};
	case DM_OP_WEBHOOK_DELETE:
	case DM_OP_WEBHOOK_ENABLE:
	case DM_OP_WEBHOOK_ROTATE:
	case DM_OP_DELIVERIES_CLAIM: /* behind what it makes room for */
		return (struct lock_key){GROUP_WEBHOOK, operation->webhook->webhook_id, INT64_MAX};
	case DM_OP_DELIVERY_RETRY:
	case DM_OP_DELIVERIES_TRIM:
		return (struct lock_key){GROUP_DELIVERY, operation->webhook->delivery_id, 0};
	case DM_OP_EVENTS_TRIM:
		return (struct lock_key){GROUP_EVENTS, 0, 0};
	default: /* users, tokens, tickets: by their names */
		return (struct lock_key){GROUP_TEXT, 0, 0};
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
		order = compare_texts(a->operation->text, b->operation->text);
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

/* ---- rows that others hold ----------------------------------------------------------------------------------- */

static bool is_same(const struct lock_key *a, const struct lock_key *b)
{
	return a->group == b->group && a->first == b->first && a->second == b->second;
}

static void note(struct held_rows *held, struct lock_key key)
{
	int64_t until = clock_monotonic() + HELD_FOR;

	for (size_t i = 0; i < HELD_MOST; i++)
		if (is_same(&held->rows[i].key, &key)) {
			held->rows[i].until = until;
			return;
		}
	held->rows[held->next].key = key;
	held->rows[held->next].until = until;
	held->next = (held->next + 1) % HELD_MOST;
}

static bool is_noted(const struct held_rows *held, struct lock_key key)
{
	for (size_t i = 0; i < HELD_MOST; i++)
		if (held->rows[i].until != 0 && is_same(&held->rows[i].key, &key))
			return held->rows[i].until > clock_monotonic();
	return false;
}

void held_note_user(struct held_rows *held, int64_t user_id)
{
	note(held, (struct lock_key){GROUP_USER, user_id, 0});
}

/* Which users a send has to wait for is noted by the one who knows. Rows that are known by a text are rarely wanted by
 * two at once, and rows of the log by none but those who trim it. */
void held_note(struct held_rows *held, const struct dm_operation *operation)
{
	struct lock_key key = key_of(operation);

	if (key.group != GROUP_USER && key.group != GROUP_TEXT && key.group != GROUP_EVENTS)
		note(held, key);
}

bool held_needs(const struct held_rows *held, const struct dm_operation *operation)
{
	if (operation->kind != DM_OP_SEND)
		return is_noted(held, key_of(operation));
	return is_noted(held, (struct lock_key){GROUP_USER, operation->user_id, 0}) ||
	       is_noted(held, (struct lock_key){GROUP_USER, operation->partner_id, 0});
}
