/* SPDX-License-Identifier: MIT */
/* test_library_mapped.c - the public API: a database file in mapped memory. */
#include "scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAMAGED_PAGE 4096
#define SHARED_LOCK 0x40000002 /* where SQLite locks a file that it has open */

static const struct dm_options mapped = {.size = sizeof(mapped), .mapped_bytes = 1 << 24};

static int setup(void **state)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	assert_non_null(scratch);
	scratch_make(scratch);
	scratch_open(scratch, &mapped);
	*state = scratch;
	return 0;
}

/* How many mappings the process has of files whose name begins so; `first`: where one begins. */
static int count_mappings(const char *path, const char *end, void **first)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512], *name;
	int count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		name = strchr(line, '/');
		if (!name || !strstr(line, " r--s ") || strncmp(name, path, strlen(path)) != 0 ||
		    strcmp(name + strlen(path), end) != 0)
			continue;
		count++;
		assert_int_equal(sscanf(line, "%p", first), 1);
	}
	fclose(file);
	return count;
}

static void a_mapped_address_has_the_name_of_its_file(void **state)
{
	struct scratch *s = *state;
	struct dm_options options = mapped;
	void *first = NULL;
	int64_t unread;
	dm *other;

	if (s->is_postgres)
		skip();
	scratch_send(s->handle, s->john, s->mary, "hello");
	assert_ok(dm_unread_count(s->handle, s->mary, &unread, NULL));
	assert_int_equal(unread, 1);
	assert_int_equal(count_mappings(s->path, "", &first), 1);
	assert_string_equal(dm_mapped_file(first), s->path);
	assert_string_equal(dm_mapped_file((char *)first + mapped.mapped_bytes - 1), s->path);
	assert_int_equal(count_mappings(s->path, "-wal", &first), 1);
	assert_non_null(strstr(dm_mapped_file(first), "-wal"));
	options.database = s->url;
	assert_ok(dm_open(&options, &other, NULL));
	assert_ok(dm_unread_count(other, s->mary, &unread, NULL));
	assert_int_equal(unread, 1);
	assert_int_equal(count_mappings(s->path, "", &first), 1);
	dm_close(other);
	assert_null(dm_mapped_file(state));
	assert_null(dm_mapped_file(NULL));
	dm_close(s->handle);
	s->handle = NULL;
	assert_int_equal(count_mappings(s->path, "-wal", &first), 0);
}

static void nothing_is_mapped_unless_it_is_asked_for(void **state)
{
	struct scratch *s = *state;
	void *first = NULL;
	int64_t unread;

	assert_ok(dm_unread_count(s->handle, s->mary, &unread, NULL));
	assert_int_equal(count_mappings(s->path, "", &first), 0);
}

/* Whether another process sees a lock of ours. */
static bool is_locked(const char *path)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHARED_LOCK, .l_len = 1};
		int file = open(path, O_RDWR);

		_exit(file >= 0 && fcntl(file, F_GETLK, &lock) == 0 ? lock.l_type != F_UNLCK : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

/* To close a descriptor of a file ends all locks of the process on it. */
static void who_closes_leaves_the_locks_of_others(void **state)
{
	struct scratch *s = *state;
	struct dm_options options = mapped;
	void *first = NULL;
	int64_t unread;
	dm *other;

	if (s->is_postgres)
		skip();
	options.database = s->url;
	assert_ok(dm_open(&options, &other, NULL));
	scratch_send(s->handle, s->john, s->mary, "hello");
	assert_ok(dm_unread_count(other, s->mary, &unread, NULL));
	assert_int_equal(unread, 1);
	assert_int_equal(count_mappings(s->path, "", &first), 1);
	assert_true(is_locked(s->path));
	dm_close(other);
	assert_true(is_locked(s->path));
	scratch_send(s->handle, s->john, s->mary, "again");
	assert_ok(dm_unread_count(s->handle, s->mary, &unread, NULL));
	assert_int_equal(unread, 2);
}

/* Makes a table of users whose one page is the last of the file, and whose one row seems to go on behind that. */
static void make_damaged_users(const struct scratch *s)
{
	static const unsigned char place[] = {(DAMAGED_PAGE - 4) >> 8, (DAMAGED_PAGE - 4) & 0xFF};
	FILE *file;

	/* The pages that are free, and the one that the table's name may need. */
	scratch_sql(s, "CREATE TABLE filler (bytes); INSERT INTO filler VALUES (zeroblob(1000000));"
		       "CREATE TABLE club (id integer PRIMARY KEY, name text); DROP TABLE club;"
		       "INSERT INTO filler VALUES (zeroblob(1000000));"
		       "CREATE TABLE club (id integer PRIMARY KEY, name text); INSERT INTO club VALUES (1, 'ann')");
	assert_int_equal(scratch_number(s, "SELECT rootpage - (SELECT page_count FROM pragma_page_count)"
					   " FROM sqlite_master WHERE name = 'club'"),
			 0);
	assert_int_equal(scratch_number(s, "PRAGMA page_size"), DAMAGED_PAGE);
	file = fopen(s->path, "r+");
	assert_non_null(file);
	assert_int_equal(fseek(file, 8 - DAMAGED_PAGE, SEEK_END), 0);
	assert_int_equal(fwrite(place, sizeof(place), 1, file), 1);
	assert_int_equal(fseek(file, -4, SEEK_END), 0);
	assert_int_equal(fwrite("\xFF\xFF\xFF\xFF", 4, 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

/* SQLite reads behind the end of the file's last page, where a mapping has nothing. What it makes of the row is decided
 * by the memory there: most often damage, now and then a row with no name. */
static void a_damaged_last_page_ends_no_process(void **state)
{
	struct scratch *s = *state;
	struct dm_user_table users = {sizeof(users), "club", "id", "name", "-", "-", "-", "-"};
	struct dm_options options = mapped;
	enum dm_status status;
	int64_t id;

	if (s->is_postgres)
		skip();
	dm_close(s->handle);
	make_damaged_users(s);
	options.database = s->url;
	options.user_table = &users;
	assert_ok(dm_open(&options, &s->handle, NULL));
	status = dm_user_id_by_name(s->handle, text_of("ann"), &id, NULL);
	assert_true(status == DM_UNAVAILABLE || status == DM_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mapped_address_has_the_name_of_its_file, setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(nothing_is_mapped_unless_it_is_asked_for, scratch_setup,
						scratch_teardown),
		cmocka_unit_test_setup_teardown(who_closes_leaves_the_locks_of_others, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(a_damaged_last_page_ends_no_process, setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
