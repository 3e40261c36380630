/* SPDX-License-Identifier: MIT */
/* test_locks.c - the order in which a batch locks rows, and what is set apart. */
#include "unit.h"

#include "locks.h"

#include "directmessages.h"

#define COUNT 11

static struct dm_operation in_order[COUNT] = {
	{.kind = DM_OP_SEND, .send = {.sender_id = 9, .recipient_id = 1}},
	{.kind = DM_OP_MARK_CONVERSATION_READ, .mark_conversation_read = {.user_id = 1, .partner_id = 8}},
	{.kind = DM_OP_MARK_CONVERSATION_READ, .mark_conversation_read = {.user_id = 2, .partner_id = 3}},
	{.kind = DM_OP_MARK_CONVERSATION_READ, .mark_conversation_read = {.user_id = 2, .partner_id = 4}},
	{.kind = DM_OP_HIDE, .hide = {.message_id = 5}},
	{.kind = DM_OP_DELIVERY_RESULT, .delivery_result = {.webhook_id = 1, .delivery_id = 50}},
	{.kind = DM_OP_DELIVERIES_CLAIM, .deliveries_claim = {.webhook_id = 1}},
	{.kind = DM_OP_DELIVERY_RESULT, .delivery_result = {.webhook_id = 2, .delivery_id = 4}},
	{.kind = DM_OP_INBOX_FOLD},
	{.kind = DM_OP_INBOX_MEND, .inbox_mend = {.user_id = 1}},
	{.kind = DM_OP_TICKET_REDEEM, .ticket_redeem = {.ticket = {"a", 1}}},
};

static void every_batch_has_one_order(void **state)
{
	struct dm_operation *batch[COUNT];

	(void)state;
	for (size_t step = 1; step < COUNT; step++) {
		for (size_t i = 0; i < COUNT; i++)
			batch[i] = &in_order[i * step % COUNT];
		pg_order(batch, COUNT);
		for (size_t i = 0; i < COUNT; i++)
			assert_ptr_equal(batch[i], &in_order[i]);
	}
}

static void sends_stay_as_they_came(void **state)
{
	struct dm_operation sends[3] = {{.kind = DM_OP_SEND, .send = {.sender_id = 7}},
					{.kind = DM_OP_SEND, .send = {.sender_id = 1}},
					{.kind = DM_OP_SEND, .send = {.sender_id = 4}}};
	struct dm_operation *batch[3] = {&sends[0], &sends[1], &sends[2]};

	(void)state;
	pg_order(batch, 3);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(batch[i], &sends[i]);
}

static void what_needs_a_row_that_is_held_is_known(void **state)
{
	struct dm_operation to_nine = {.kind = DM_OP_SEND, .send = {.sender_id = 1, .recipient_id = 9}};
	struct dm_operation others = {.kind = DM_OP_SEND, .send = {.sender_id = 1, .recipient_id = 2}};
	struct held_rows held = {.next = 0};

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		assert_false(held_needs(&held, &in_order[i]));
	assert_false(held_any(&held));
	held_note_user(&held, 9);
	assert_true(held_any(&held));
	assert_true(held_needs(&held, &in_order[0]));
	assert_true(held_needs(&held, &to_nine));
	assert_false(held_needs(&held, &others));
	held_note(&held, &in_order[2]);
	assert_true(held_needs(&held, &in_order[2]));
	assert_false(held_needs(&held, &in_order[3]));
	for (int64_t id = 100; id < 100 + MAX_HELD; id++) /* more than there is room for */
		held_note_user(&held, id);
	assert_false(held_needs(&held, &in_order[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_batch_has_one_order),
		cmocka_unit_test(sends_stay_as_they_came),
		cmocka_unit_test(what_needs_a_row_that_is_held_is_known),
	};

	return RUN_TESTS("locks", tests);
}
