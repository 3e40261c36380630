/* SPDX-License-Identifier: MIT */
/* store.h - what a storage backend is: a table of functions. Its SQL stands behind them. */
#ifndef STORE_H
#define STORE_H

#include "attributes.h"
#include "directmessages.h"

/* A limit or offset of a caller's in SQL, which adds them up. */
#define MAX_ROWS (INT64_MAX / 4)

static inline int64_t rows_of(uint64_t rows)
{
	return rows < MAX_ROWS ? (int64_t)rows : MAX_ROWS;
}

/* How many rows to keep; 0: all. */
static inline int64_t rows_to_keep(uint64_t keep)
{
	return keep > 0 ? rows_of(keep) : MAX_ROWS;
}

/* How many messages a page or a piece may lend; 0: as many as there may be. */
static inline int64_t rows_to_find(size_t limit)
{
	return limit > 0 && limit < DM_MAX_FIND ? (int64_t)limit : DM_MAX_FIND;
}

/* How many deliveries a claim may give; 0: as many as there may be. */
static inline int64_t rows_to_claim(size_t limit)
{
	return limit > 0 && limit < DM_MAX_CLAIM ? (int64_t)limit : DM_MAX_CLAIM;
}

/* The id 0 means everybody in an operation, so who has it could read all messages. */
static inline bool user_may_call(const struct dm_user *user)
{
	return user->is_active && user->id != 0;
}

/* The state of a delivery as a database holds it; -1 stands for any. */
static inline int delivery_state_number(enum dm_delivery_state state)
{
	return (int)state - 1;
}

static inline enum dm_delivery_state delivery_state_of(int64_t number)
{
	return (enum dm_delivery_state)(number + 1);
}

/* The column `origin` of events and deliveries. */
static inline enum dm_origin origin_of(int64_t number)
{
	return number == DM_ORIGIN_DJANGO ? DM_ORIGIN_DJANGO : DM_ORIGIN_SERVICE;
}

struct store;
struct user_table;

struct store_options {
	const char *url;
	const struct user_table *users; /* must outlive the store */
	int busy_timeout_ms;
	size_t max_waiting;
	size_t lanes;         /* PostgreSQL: sessions at once; at least 1 */
	const char *read_url; /* PostgreSQL: standbys to read from; NULL: none */
	int64_t max_read_lag; /* of theirs, in microseconds */
	bool unprepared;      /* PostgreSQL: no prepared statements, for poolers that don't support them */
	bool create;
	size_t mapped_bytes; /* SQLite: how much of the file is mapped; 0: nothing */
	bool record_events;
	int64_t key_lifetime; /* of idempotency keys, in microseconds */
	/* A message was marked as read. Called before the commit, so it counts only if the operation ends with DM_OK.
	 * False: there is no memory to remember it. */
	bool (*changed)(struct dm_operation *operation, const struct dm_message *message);
	/* What was said of the operation was rolled back, and it is run again. */
	void (*undone)(struct dm_operation *operation);
	/* A commit has added to the event log, or another process has notified us of one. Called on any thread. */
	void (*recorded)(void *context);
	void *recorded_context;
	/* The operation has its result, and what it wrote is durable. Called once, on any thread; may free it. */
	void (*completed)(struct dm_operation *operation);
};

/* Callbacks while the schema is migrated: a step was applied; how far a long one is. Each may be NULL. */
struct store_watch {
	void (*on_step)(void *context, int number, const char *name);
	void (*on_progress)(void *context, const char *text);
	void *context;
};

struct store_backend {
	enum dm_status (*check_schema)(struct store *store, struct dm_error *error);
	enum dm_status (*migrate)(struct store *store, const struct store_watch *watch, struct dm_error *error);

	/* Runs the operation now, or queues it to a lane. `completed` is called in either case. */
	void (*submit)(struct store *store, struct dm_operation *operation);

	/* The same, but returns only after `completed` has. */
	void (*run)(struct store *store, struct dm_operation *operation);

	/* Reads that this thread submits between the two share a session and a transaction, and are completed within
	 * submit. NULL: the backend has no need of that. */
	void (*begin_reads)(struct store *store);
	void (*end_reads)(struct store *store);

	/* dm_backup, with all arguments. NULL: the database has tools of its own for that. */
	enum dm_status (*backup)(struct store *store, const struct dm_backup *backup, int64_t *bytes,
				 struct dm_error *error);

	/* Fills in all numbers but those of failures. */
	void (*stats)(struct store *store, struct dm_stats *stats);

	/* Finishes what is queued, then frees the store. */
	void (*close)(struct store *store);
};

struct store { /* the first member of each backend's own struct */
	const struct store_backend *backend;
};

#endif
