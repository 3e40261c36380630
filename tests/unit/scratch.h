/* SPDX-License-Identifier: MIT */
/* scratch.h - a database for one test, with three users, which is removed with the test. It is a SQLite file in a
 * folder; if DIRECTMESSAGES_TEST_POSTGRES names a cluster ("postgresql://user@host:port/"), it is a database there. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "unit.h"

#include "directmessages.h"

/* For waits that are to end well, however slow the machine is: milliseconds. */
#define SCRATCH_TIMEOUT_MS 60000

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

/* Makes the folder and the names, and no database. */
void scratch_make(struct scratch *scratch);

/* Creates, migrates and opens the database, and creates its users. Of `options` (may be NULL) all but database and
 * create are used; without a busy_timeout_ms it is SCRATCH_TIMEOUT_MS. */
void scratch_open(struct scratch *scratch, const struct dm_options *options);

/* Opens the database anew, with this busy_timeout_ms and one lane for reads, and waits until it was written and read in
 * time: that a slow machine needs long to connect is no part of the test then. */
void scratch_reopen(struct scratch *scratch, int timeout_ms);

/* Closes the handle, if there is one, and removes the folder or the database. */
void scratch_remove(struct scratch *scratch);

/* For tests that need no options: the state is a struct scratch. */
int scratch_setup(void **state);
/* The same with an event log that is written. */
int scratch_setup_recording(void **state);
int scratch_teardown(void **state);

/* Runs SQL without the library. */
void scratch_sql(const struct scratch *scratch, const char *sql);

/* Gives the first column of the one row that the SQL selects. */
int64_t scratch_number(const struct scratch *scratch, const char *sql);

/* Waits until all transactions have ended that are under way in the cluster now. PostgreSQL gives out an event when all
 * before it have ended, and the library's own NOTIFY is one that nobody waits for. */
void scratch_settle(const struct scratch *scratch);

/* Locks messages against writes of all others until scratch_unlock. */
void *scratch_lock(const struct scratch *scratch);
/* PostgreSQL: the same locks as a send that another server has begun, and that does not end. */
void *scratch_lock_as_send(const struct scratch *scratch);
void scratch_unlock(const struct scratch *scratch, void *lock);

int64_t scratch_user(dm *handle, const char *name);
/* Sends, and once more where the machine was too slow for the handle's timeout: what is busy is not stored. */
int64_t scratch_send(dm *handle, int64_t sender_id, int64_t recipient_id, const char *content);

/* Sends "Hello" so many times, in few commits. */
void scratch_send_many(const struct scratch *scratch, int64_t sender_id, int64_t recipient_id, size_t count);

/* When the message was sent. */
int64_t scratch_time_of(const struct scratch *scratch, int64_t message_id);

static inline struct dm_text text_of(const char *text)
{
	return (struct dm_text){text, strlen(text)};
}

/* The ids of the messages or users that were lent. The listing ends after `max`. */
struct listed {
	size_t count;
	size_t max; /* 0: no limit */
	int64_t ids[512];
};

bool list_message(void *listed, const struct dm_message *message);
bool list_user(void *listed, const struct dm_user *user);

void check_listed(const struct listed *listed, const int64_t *ids, size_t count, const char *file, int line);

#define assert_listed(listed, ...) \
	check_listed(&(listed), (const int64_t[]){__VA_ARGS__}, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
		     __FILE__, __LINE__)

#define assert_ok(call) assert_int_equal((call), DM_OK)

/* The call passes `&error`. It must fail with the status `wanted` and say why. */
#define assert_fails(wanted, call) \
	do { \
		struct dm_error error = {0}; \
		assert_int_equal((call), (wanted)); \
		assert_int_equal(error.status, (wanted)); \
		assert_true(strlen(error.message) > 0); \
	} while (0)

#endif
