/* SPDX-License-Identifier: MIT */
/* test_faults.c - allocations of the library fail, one in each run: the call reports it, and works when it is repeated.
 *
 * The linker sends the library's calls of malloc and its kin to the functions here (--wrap); SQLite's and the C
 * library's own calls are not touched. */
#include "scratch.h"

#include <stdatomic.h>
#include <stdlib.h>

/* Counts allocations down; the one at 0 fails. */
static atomic_long until_failure;
static atomic_bool armed, has_failed;

static bool must_fail(void)
{
	if (!atomic_load(&armed) || atomic_fetch_sub(&until_failure, 1) != 1)
		return false;
	atomic_store(&has_failed, true);
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t most);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t most);

void *__wrap_malloc(size_t size)
{
	return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return must_fail() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return must_fail() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t most)
{
	return must_fail() ? NULL : __real_strndup(text, most);
}

/* Larger than a chunk of an arena, so that each copy of it is an allocation. */
#define CONTENT_LENGTH 50000
static char content[CONTENT_LENGTH];

struct life {
	struct scratch scratch;
	atomic_size_t signals;
};

static void on_signal(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
		      int64_t to)
{
	struct life *life = context;

	(void)signal, (void)from_user, (void)to;
	if (message->content.data && message->content.length == CONTENT_LENGTH)
		atomic_fetch_add(&life->signals, 1);
}

/* ---- steps, each of which can be repeated after a failure ---------------------------------------------------- */

static enum dm_status open_step(struct life *life, struct dm_error *error)
{
	int64_t allowed[] = {1};
	struct dm_options options = {.size = sizeof(options),
				     .database = life->scratch.url,
				     .max_content_length = DM_CONTENT_UNLIMITED,
				     .create = true,
				     .allowed_recipients = allowed,
				     .allowed_recipients_count = 1};

	return dm_open(&options, &life->scratch.handle, error);
}

static enum dm_status migrate_step(struct life *life, struct dm_error *error)
{
	return dm_migrate(life->scratch.handle, NULL, NULL, NULL, error);
}

static enum dm_status check_step(struct life *life, struct dm_error *error)
{
	return dm_check_schema(life->scratch.handle, error);
}

static enum dm_status create_john(struct life *life, struct dm_error *error)
{
	struct dm_new_user user = {.size = sizeof(user), .username = {"john", 4}};

	return dm_user_create(life->scratch.handle, &user, &life->scratch.john, error);
}

static enum dm_status create_mary(struct life *life, struct dm_error *error)
{
	struct dm_new_user user = {.size = sizeof(user), .username = {"mary", 4}};

	return dm_user_create(life->scratch.handle, &user, &life->scratch.mary, error);
}

static enum dm_status connect_step(struct life *life, struct dm_error *error)
{
	return dm_connect(life->scratch.handle, DM_MESSAGE_READ, on_signal, life, error);
}

static enum dm_status send_step(struct life *life, struct dm_error *error)
{
	return dm_send(life->scratch.handle, life->scratch.john, life->scratch.mary,
		       (struct dm_text){content, CONTENT_LENGTH}, NULL, error);
}

static enum dm_status send_once_step(struct life *life, struct dm_error *error)
{
	return dm_send_once(life->scratch.handle, life->scratch.john, life->scratch.mary,
			    (struct dm_text){content, CONTENT_LENGTH}, "key", NULL, NULL, error);
}

static enum dm_status page_step(struct life *life, struct dm_error *error)
{
	struct listed listed = {0};

	return dm_conversation(life->scratch.handle, life->scratch.mary, life->scratch.john, NULL, list_message,
			       &listed, error);
}

static enum dm_status mark_step(struct life *life, struct dm_error *error)
{
	struct dm_conversation_options mark = {.size = sizeof(mark), .mark_read = true};
	struct listed listed = {0};

	return dm_conversation(life->scratch.handle, life->scratch.mary, life->scratch.john, &mark, list_message,
			       &listed, error);
}

static enum dm_status read_step(struct life *life, struct dm_error *error)
{
	size_t length = 0;
	char *text = NULL;
	enum dm_status status = dm_read_message_formatted(life->scratch.handle, 1, &text, &length, error);

	if (status == DM_OK) /* john has no e-mail address */
		assert_true(length == CONTENT_LENGTH + 2 && strncmp(text, ": xxx", 5) == 0);
	free(text);
	return status;
}

static enum dm_status (*const steps[])(struct life *life, struct dm_error *error) = {
	open_step, migrate_step,   check_step,     create_john, create_mary, connect_step,
	send_step, send_once_step, send_once_step, page_step,   mark_step,   read_step,
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))
#define NEVER 1000000

/* Of a step each allocation fails at the beginning and at the end. Those between are of statements, which are prepared
 * one like the other: so few of them will do. */
#define AT_ENDS 20
#define STRIDE 17

/* Runs all steps while one allocation, given by its number, fails. `ends`: how many there were up to each step's end.
 */
static void live(long failing, long ends[STEPS])
{
	struct life life;

	atomic_init(&life.signals, 0);
	scratch_make(&life.scratch);
	atomic_store(&until_failure, failing);
	atomic_store(&has_failed, false);
	for (size_t i = 0; i < STEPS; i++) {
		bool failed_before = atomic_load(&has_failed);
		struct dm_error error = {0};
		enum dm_status status;

		atomic_store(&armed, true);
		status = steps[i](&life, &error);
		atomic_store(&armed, false);
		ends[i] = failing - atomic_load(&until_failure);
		if (status == DM_OK)
			continue;
		assert_int_equal(status, DM_NO_MEMORY);
		assert_int_equal(error.status, DM_NO_MEMORY);
		assert_true(strlen(error.message) > 0);
		assert_true(atomic_load(&has_failed) && !failed_before);
		assert_ok(steps[i](&life, NULL));
	}
	assert_int_equal(scratch_number(&life.scratch, "SELECT count(*) FROM directmessages_message"), 2);
	assert_int_equal(atomic_load(&life.signals), 2);
	scratch_remove(&life.scratch);
}

static void an_allocation_that_fails_is_told_and_leaves_nothing(void **state)
{
	long ends[STEPS], ignored[STEPS], begin = 0;

	(void)state;
	memset(content, 'x', sizeof(content));
	live(NEVER, ends);
	assert_in_range(ends[STEPS - 1], 10, 2000);
	for (size_t i = 0; i < STEPS; begin = ends[i++])
		for (long failing = begin + 1; failing <= ends[i]; failing++)
			if (failing <= begin + AT_ENDS || failing > ends[i] - AT_ENDS || failing % STRIDE == 0)
				live(failing, ignored);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(an_allocation_that_fails_is_told_and_leaves_nothing)};

	return RUN_TESTS("faults", tests);
}
