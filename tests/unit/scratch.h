/* SPDX-License-Identifier: MIT */
/* scratch.h - a database of a test's own, which goes away with it, and three users in it: a SQLite file in a folder,
 * or, where DIRECTMESSAGES_TEST_POSTGRES names a cluster ("postgresql://user@host:port/"), a database there. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "unit.h"

#include "directmessages.h"

struct scratch {
	char folder[128];
	char path[160];
	char url[192];
	bool is_postgres;
	char database[48];    /* its name on PostgreSQL; empty while there is none */
	int short_timeout_ms; /* for waits that are to end in vain */
	dm *handle;
	int64_t john, mary, bob;
};

/* The folder and the names alone. */
void scratch_make(struct scratch *scratch);

/* And the open handle, migrated, with its users; `options` (may be NULL) are taken but for database and create. */
void scratch_open(struct scratch *scratch, const struct dm_options *options);

/* Closes the handle, if there is one, and removes the folder or the database. */
void scratch_remove(struct scratch *scratch);

/* For tests that want nothing special: the state is a struct scratch. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* Runs SQL behind the library's back. */
void scratch_sql(const struct scratch *scratch, const char *sql);

/* The first column of the SQL's one row. */
int64_t scratch_number(const struct scratch *scratch, const char *sql);

/* Keeps all others from writing messages, until it is given back. */
void *scratch_lock(const struct scratch *scratch);
void scratch_unlock(const struct scratch *scratch, void *lock);

int64_t scratch_user(dm *handle, const char *name);
int64_t scratch_send(dm *handle, int64_t sender_id, int64_t recipient_id, const char *content);

static inline struct dm_text text_of(const char *text)
{
	return (struct dm_text){text, strlen(text)};
}

/* The ids of the messages, or users, that were lent; ends the listing after `most` where that is not 0. */
struct heard {
	size_t count;
	size_t most;
	int64_t ids[512];
};

bool hear_message(void *heard, const struct dm_message *message);
bool hear_user(void *heard, const struct dm_user *user);

void check_heard(const struct heard *heard, const int64_t *ids, size_t count, const char *file, int line);

#define assert_heard(heard, ...) \
	check_heard(&(heard), (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
		    __FILE__, __LINE__)

#define assert_ok(call) assert_int_equal((call), DM_OK)

/* The call has a `error` among its arguments; it fails with the status and says why. */
#define assert_fails(wanted, call) \
	do { \
		struct dm_error error = {0}; \
		assert_int_equal((call), (wanted)); \
		assert_int_equal(error.status, (wanted)); \
		assert_true(strlen(error.message) > 0); \
	} while (0)

#endif
