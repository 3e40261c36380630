/* SPDX-License-Identifier: MIT */
/* test_library_pages.c - the public API on real databases: pages of a conversation, however they are asked for, against
 * what a list of the messages says. */
#include "scratch.h"

#include <stdlib.h>

#define MESSAGES 90
#define PAGES 400
#define HOUR INT64_C(1749204000000000) /* 2025-06-06 10:00 */

/* A message that mary can see. */
struct row {
	int64_t id, sent_at;
	size_t bytes;
};

struct all_rows {
	struct row rows[MESSAGES]; /* newest first */
	size_t count;
	uint32_t random;
};

/* A pseudo-random number below max, the same in each run. */
static uint32_t below(struct all_rows *list, uint32_t max)
{
	list->random = list->random * 1664525 + 1013904223;
	return (list->random >> 8) % max;
}

static int compare_rows(const void *a_pointer, const void *b_pointer)
{
	const struct row *a = a_pointer, *b = b_pointer;

	if (a->sent_at != b->sent_at)
		return a->sent_at < b->sent_at ? 1 : -1;
	return a->id < b->id ? 1 : -1;
}

/* Stores messages of both users. Many have the same time; some are hidden, some empty; characters have two bytes. */
static void fill(const struct scratch *s, struct all_rows *list)
{
	for (int64_t id = 1; id <= MESSAGES; id++) {
		static const char e_acute[] =
			"\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9";
		int second = (int)below(list, 12), length = 2 * (int)below(list, 11);
		bool is_hers = below(list, 2) != 0, is_hidden = below(list, 8) == 0;
		char sql[400];

		snprintf(sql, sizeof(sql),
			 "INSERT INTO directmessages_message (id, content, sent_at, sender_id, recipient_id, %s)"
			 " VALUES (%d, '%.*s', '2025-06-06 10:00:%02d', %d, %d, %s)",
			 is_hers ? "hidden_for_sender" : "hidden_for_recipient", (int)id, length, e_acute, second,
			 (int)(is_hers ? s->mary : s->john), (int)(is_hers ? s->john : s->mary),
			 is_hidden ? "'2025-06-07 10:00:00'" : "NULL");
		scratch_sql(s, sql);
		if (!is_hidden)
			list->rows[list->count++] = (struct row){id, HOUR + second * INT64_C(1000000), (size_t)length};
	}
	qsort(list->rows, list->count, sizeof(list->rows[0]), compare_rows);
}

struct read_page {
	struct row rows[MESSAGES];
	bool has_content[MESSAGES];
	size_t count;
};

static bool take(void *context, const struct dm_message *message)
{
	struct read_page *page = context;

	assert_true(page->count < MESSAGES);
	page->has_content[page->count] = message->content.data != NULL;
	page->rows[page->count++] = (struct row){message->id, message->sent_at, message->content.length};
	return true;
}

/* Chooses where a page begins and writes that into it in one of the ways that cursors have. Returns the number of rows
 * before it, counted from the end of the list that the page comes from. */
static size_t choose_start(struct all_rows *list, struct dm_page *page)
{
	size_t n = below(list, (uint32_t)list->count), start = 0;
	const struct row *row = &list->rows[page->reverse ? list->count - 1 - n : n];

	switch (below(list, 5)) {
	case 0: /* by a row and its time */
		page->has_position = true;
		page->position = row->sent_at;
		page->row_id = row->id;
		return n + 1;
	case 1: /* by a row alone: the offset is ignored */
		page->has_position = below(list, 2) != 0;
		page->position = HOUR + 3;
		page->offset = 1 + below(list, 9);
		page->row_id = row->id;
		return n + 1;
	case 2: /* by a time and an offset, as in the reference; the same if the row does not exist */
		page->has_position = true;
		page->position = row->sent_at;
		page->offset = 1 + below(list, 9);
		page->row_id = below(list, 2) ? 0 : 1000000;
		while (start < list->count) {
			const struct row *other = &list->rows[page->reverse ? list->count - 1 - start : start];

			if (page->reverse ? other->sent_at > row->sent_at : other->sent_at < row->sent_at)
				break;
			start++;
		}
		return start + page->offset;
	default:
		page->offset = below(list, 3);
		return page->offset;
	}
}

static void check_page(const struct all_rows *list, const struct dm_page *asked, size_t start,
		       const struct read_page *page)
{
	size_t left = start < list->count ? list->count - start : 0, bytes = 0, rows = 0;
	bool is_full = false;

	while (rows < left && !is_full && (asked->limit == 0 || rows < asked->limit)) {
		size_t n = start + rows;
		const struct row *row = &list->rows[asked->reverse ? list->count - 1 - n : n];

		is_full = asked->max_bytes > 0 && bytes >= asked->max_bytes;
		assert_true(rows < page->count);
		assert_int_equal(page->rows[rows].id, row->id);
		assert_int_equal(page->rows[rows].sent_at, row->sent_at);
		assert_int_equal(page->has_content[rows], !is_full);
		assert_int_equal(page->rows[rows].bytes, is_full ? 0 : row->bytes);
		bytes += row->bytes;
		rows++;
	}
	assert_int_equal(page->count, rows);
}

static void pages_hold_what_the_list_says_they_hold(void **state)
{
	struct scratch *s = *state;
	struct all_rows list = {.random = 7};

	fill(s, &list);
	for (int i = 0; i < PAGES; i++) {
		struct read_page page = {.count = 0};
		struct dm_operation operation = {
			.kind = DM_OP_CONVERSATION,
			.context = &page,
			.conversation = {.user_id = s->mary,
					 .partner_id = s->john,
					 .page = {.reverse = below(&list, 2) != 0,
						  .limit = below(&list, 4) ? below(&list, 30) : 0,
						  .max_bytes = below(&list, 4) ? below(&list, 200) : 0},
					 .on_message = take}};
		size_t start = choose_start(&list, &operation.conversation.page);

		dm_run(s->handle, &operation);
		assert_int_equal(operation.status, DM_OK);
		check_page(&list, &operation.conversation.page, start, &page);
	}
}

/* Page by page, with pages of any size, in both directions: each message once, in order. */
static void walks_there_and_back_hold_each_message_once(void **state)
{
	struct scratch *s = *state;
	struct all_rows list = {.random = 11};

	fill(s, &list);
	for (int round = 0; round < 20; round++) {
		struct dm_operation operation = {.kind = DM_OP_CONVERSATION,
						 .conversation = {.user_id = s->mary,
								  .partner_id = s->john,
								  .page = {.reverse = round % 2 != 0},
								  .on_message = take}};
		size_t seen = 0;

		while (seen < list.count) {
			struct read_page page = {.count = 0};

			operation.conversation.page.limit = 1 + below(&list, 12);
			operation.conversation.page.max_bytes = 1 + below(&list, 100);
			operation.context = &page;
			dm_run(s->handle, &operation);
			assert_int_equal(operation.status, DM_OK);
			check_page(&list, &operation.conversation.page, seen, &page);
			page.count -= !page.has_content[page.count - 1];
			assert_true(page.count > 0);
			seen += page.count;
			operation.conversation.page.has_position = true;
			operation.conversation.page.position = page.rows[page.count - 1].sent_at;
			operation.conversation.page.row_id = page.rows[page.count - 1].id;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages_hold_what_the_list_says_they_hold, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(walks_there_and_back_hold_each_message_once, scratch_setup,
						scratch_teardown),
	};

	return RUN_TESTS("library_pages", tests);
}
