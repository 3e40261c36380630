/* SPDX-License-Identifier: MIT */
/* test_page.c - the envelope of a page, against a small model of Django REST Framework's CursorPagination. */
#include "page.h"

#include "form.h"
#include "unit.h"

#define MAX_ROWS 260

/* A list in its order, highest position first; the id of a row is its index plus one. */
struct model_list {
	size_t count;
	int64_t positions[MAX_ROWS];
};

/* The rows that a cursor leads to, nearest first, at most one more than fits on a page. */
struct window {
	size_t count;
	size_t rows[MAX_PAGE_SIZE + 1];
};

static struct window look(const struct model_list *list, const struct dm_page *from, size_t size)
{
	struct window window = {0};
	uint64_t skipped = 0;

	for (size_t i = 0; i < list->count && window.count <= size; i++) {
		size_t row = from->reverse ? list->count - 1 - i : i;
		int64_t at = list->positions[row];

		if (from->has_position && (from->reverse ? at <= from->position : at >= from->position))
			continue;
		if (skipped++ >= from->offset)
			window.rows[window.count++] = row;
	}
	return window;
}

/* ---- the model ----------------------------------------------------------------------------------------------- */

struct model {
	const struct model_list *list;
	const struct dm_page *from;
	const struct window *window;
	size_t rows;
	size_t size; /* of a page */
};

/* Counts rows from the page's end (or beginning) until one differs from its neighbour; the first one's neighbour is
 * `neighbour`. False where all are the same. */
static bool find_marker(const struct model *model, bool from_end, bool has_neighbour, int64_t neighbour,
			struct dm_page *place)
{
	for (size_t n = 0; n < model->rows; n++) {
		int64_t at = model->list->positions[model->window->rows[from_end ? model->rows - 1 - n : n]];

		if (!has_neighbour || at != neighbour) {
			place->offset = n;
			place->has_position = true;
			place->position = at;
			return true;
		}
		neighbour = at;
	}
	return false;
}

static bool onward(const struct model *model, struct dm_page *place)
{
	bool moved = model->from->has_position || model->from->offset > 0;

	*place = (struct dm_page){.reverse = model->from->reverse};
	if (model->window->count <= model->size)
		return false;
	if (find_marker(model, true, true, model->list->positions[model->window->rows[model->size]], place))
		return true;
	place->offset = model->size;
	if (moved) {
		place->offset += model->from->offset;
		place->has_position = model->from->has_position;
		place->position = model->from->position;
	}
	return true;
}

static bool back(const struct model *model, struct dm_page *place)
{
	bool has_neighbour = model->from->has_position;
	int64_t neighbour = model->from->position;

	*place = (struct dm_page){.reverse = !model->from->reverse};
	if (!model->from->has_position && model->from->offset == 0)
		return false;
	if (model->rows == 0) {
		place->has_position = has_neighbour;
		place->position = neighbour;
		return true;
	}
	if (model->from->offset > 0) {
		has_neighbour = true;
		neighbour = model->list->positions[model->window->rows[0]];
	}
	if (find_marker(model, false, has_neighbour, neighbour, place))
		return true;
	if (model->window->count > model->size) {
		place->has_position = true;
		place->position = model->list->positions[model->window->rows[model->size]];
	} else {
		place->offset = model->size;
	}
	return true;
}

/* ---- the code ------------------------------------------------------------------------------------------------ */

static void write_page(const struct model *model, struct buffer *out)
{
	const struct window *window = model->window;
	struct arena arena = {0};
	struct page page;

	page_init(&page, CURSOR_TIME, model->size);
	assert_int_equal(page.from.limit, model->size + 1);
	page.from = *model->from;
	for (size_t i = 0; i < window->count; i++) {
		bool fits = page_add(&page, model->list->positions[window->rows[i]], (int64_t)window->rows[i] + 1);

		assert_int_equal(fits, i < model->size);
		if (fits)
			buffer_append_int(&page.rows, (int64_t)window->rows[i] + 1);
	}
	buffer_init(out, SIZE_MAX);
	page_write(&page, out, SPAN("http://h/x/"), SPAN(""), &arena);
	assert_false(out->failed);
	buffer_append_char(out, '\0');
	page_release(&page);
	arena_release(&arena);
}

/* Reads the place that a link leads to; false where it is null. */
static bool read_link(const char *json, const char *name, struct dm_page *place)
{
	struct arena arena = {0};
	const char *link = strstr(json, name) + strlen(name);
	size_t before = strlen("\"http://h/x/?cursor=");
	struct span encoded;

	*place = (struct dm_page){0};
	if (strncmp(link, "null", 4) == 0)
		return false;
	assert_memory_equal(link, "\"http://h/x/?cursor=", before);
	encoded = percent_decode(&arena, (struct span){link + before, strcspn(link + before, "\"")}, true);
	assert_true(cursor_decode(encoded, CURSOR_TIME, &arena, place));
	arena_release(&arena);
	return true;
}

/* The row id is ours; all else is the model's. */
static void check_link(bool got, struct dm_page *place, bool wanted, const struct dm_page *model, int64_t edge)
{
	assert_int_equal(got, wanted);
	if (!wanted)
		return;
	assert_int_equal(place->row_id, edge);
	assert_int_equal(place->offset, model->offset);
	assert_int_equal(place->reverse, model->reverse);
	assert_int_equal(place->has_position, model->has_position);
	assert_true(place->position == model->position);
	place->row_id = 0;
}

static void check_results(const char *json, const struct window *window, size_t rows, bool reverse)
{
	char wanted[8 * MAX_PAGE_SIZE] = "\"results\":[";
	size_t length = strlen(wanted);

	for (size_t i = 0; i < rows; i++)
		length += (size_t)snprintf(wanted + length, sizeof(wanted) - length, "%s%zu", i > 0 ? "," : "",
					   window->rows[reverse ? rows - 1 - i : i] + 1);
	snprintf(wanted + length, sizeof(wanted) - length, "]}");
	assert_string_equal(strstr(json, "\"results\""), wanted);
}

/* Compares one page; gives the place of a link to follow, false where there is none. */
static bool check_page(const struct model_list *list, const struct dm_page *from, size_t size, bool want_next,
		       struct dm_page *follow)
{
	struct window window = look(list, from, size);
	size_t rows = window.count < size ? window.count : size;
	struct model model = {list, from, &window, rows, size};
	int64_t first = rows > 0 ? (int64_t)window.rows[from->reverse ? rows - 1 : 0] + 1 : 0;
	int64_t last = rows > 0 ? (int64_t)window.rows[from->reverse ? 0 : rows - 1] + 1 : 0;
	struct dm_page next, previous, model_onward, model_back;
	bool has_onward = onward(&model, &model_onward), has_back = back(&model, &model_back);
	bool has_next, has_previous;
	struct buffer json;

	write_page(&model, &json);
	has_next = read_link(json.data, "\"next\":", &next);
	has_previous = read_link(json.data, "\"previous\":", &previous);
	check_link(has_next, &next, from->reverse ? has_back : has_onward, from->reverse ? &model_back : &model_onward,
		   last);
	check_link(has_previous, &previous, from->reverse ? has_onward : has_back,
		   from->reverse ? &model_onward : &model_back, first);
	check_results(json.data, &window, rows, from->reverse);
	buffer_release(&json);
	*follow = want_next ? next : previous;
	return want_next ? has_next : has_previous;
}

static void pages_are_the_model_s(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (int run = 0; run < 400; run++) {
		struct model_list list = {.count = next_random(&random) % MAX_ROWS};
		uint64_t spread = (uint64_t[]){1, 3, 20, 1000}[run % 4];
		size_t size = (size_t[]){PAGE_SIZE, PAGE_SIZE, 1, 7, MAX_PAGE_SIZE}[run % 5];
		struct dm_page from = {0}, follow;
		int64_t at = INT64_C(1749211200000000);

		for (size_t i = 0; i < list.count; i++)
			list.positions[i] = at -= (int64_t)(next_random(&random) % spread > 0) * 500000;
		for (int step = 0; step < 12; step++) {
			if (!check_page(&list, &from, size, next_random(&random) % 3 > 0, &follow))
				break;
			from = follow;
		}
	}
}

static void other_parameters_stay_sorted_and_the_cursor_is_replaced(void **state)
{
	struct arena arena = {0};
	struct page page;
	struct buffer out;

	(void)state;
	page_init(&page, CURSOR_ID, PAGE_SIZE);
	for (int64_t id = 100; id > 100 - PAGE_SIZE - 1; id--)
		if (page_add(&page, id, id))
			BUFFER_APPEND_LITERAL(&page.rows, "0");
	buffer_init(&out, SIZE_MAX);
	page_write(&page, &out, SPAN("http://h/"), SPAN("z=1&cursor=old&a=%20&a=b&cursor=old&q"), &arena);
	buffer_append_char(&out, '\0');
	/* cD01MQ== is p=51. */
	assert_memory_equal(out.data, "{\"next\":\"http://h/?a=+&a=b&cursor=cD01MQ%3D%3D&q=&z=1\",\"previous\":null,",
			    71);
	page_release(&page);
	buffer_release(&out);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_the_model_s),
		cmocka_unit_test(other_parameters_stay_sorted_and_the_cursor_is_replaced),
	};

	return RUN_TESTS("page", tests);
}
