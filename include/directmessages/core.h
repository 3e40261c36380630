/* SPDX-License-Identifier: MIT */
/* core.h - statuses, errors and texts; opening, migrating and closing a database. The rules for all functions are in
 * directmessages.h. */
#ifndef DIRECTMESSAGES_CORE_H
#define DIRECTMESSAGES_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define DM_API __attribute__((visibility("default")))
#define DM_CHECK __attribute__((visibility("default"), warn_unused_result))
#else
#define DM_API
#define DM_CHECK
#endif

/* Initializes a struct that begins with its size: all else is 0. */
#ifdef __cplusplus
template <typename type> static inline type dm_sized()
{
	type value = type();

	value.size = sizeof(value);
	return value;
}
#define DM_SIZED(type) dm_sized<type>()
#else
#define DM_SIZED(type) \
	{ \
		.size = sizeof(type) \
	}
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- statuses and errors ------------------------------------------------------------------------------------- */

enum dm_status {
	DM_OK = 0,
	DM_NOT_FOUND,   /* no such user, message or token; also: the message is not the caller's */
	DM_EXISTS,      /* the user name, or the name of a file, is taken */
	DM_INVALID,     /* an argument that can never work: bad UTF-8, a NUL in content, content too long, a bad name */
	DM_SELF,        /* sender and recipient are the same user */
	DM_NOT_ALLOWED, /* the allowed recipients forbid it */
	DM_INACTIVE,    /* the token is valid, its user is not active */
	DM_BUSY,        /* the store is locked or has too much waiting; the same call may work later */
	DM_UNAVAILABLE, /* the store can't be reached, is full, read-only or damaged: remove the cause, then retry */
	DM_SCHEMA,      /* the database's schema is older than this library needs, or newer than it knows */
	DM_NO_MEMORY,
	DM_INTERNAL,   /* a defect of the library */
	DM_KEY_REUSED, /* the idempotency key was used for another message */
	DM_KEY_GONE,   /* the message of the idempotency key was deleted */
	DM_LIMITED     /* a limit does not allow it now; later it may succeed */
};

/* The status's name, "DM_NOT_FOUND"; "unknown status" for a value that this library does not know. Static. */
DM_API const char *dm_status_name(enum dm_status status);

/* A failure in words: what is wrong, then what to do; NUL-terminated. The first failure of a call is the one reported.
 * Its size never changes. */
struct dm_error {
	enum dm_status status;
	char message[248];
};

/* ---- texts --------------------------------------------------------------------------------------------------- */

/* Bytes that somebody else owns. `data` may be NULL if `length` is 0. Its size never changes. */
struct dm_text {
	const char *data;
	size_t length;
};

/* A string literal as a text: DM_TEXT("Hello"). */
#ifdef __cplusplus
#define DM_TEXT(literal) (dm_text{"" literal, sizeof(literal) - 1})
#else
#define DM_TEXT(literal) ((struct dm_text){"" literal, sizeof(literal) - 1})
#endif

/* A NUL-terminated string as a text, which lives as long as the string does. NULL gives the text without data. */
static inline struct dm_text dm_text_of(const char *string)
{
	struct dm_text text = {string, string ? strlen(string) : 0};

	return text;
}

/* ---- open and close ------------------------------------------------------------------------------------------ */

typedef struct dm dm; /* an open database; opaque */

/* The table of a custom user model. NULL means the name that Django's auth_user has, given below. "-" means that the
 * table has no such column: its values are then empty, and every user is active. Names may hold no quotes. */
struct dm_user_table {
	size_t size;          /* see DM_USER_TABLE_INIT */
	const char *table;    /* "auth_user"; a dot separates a schema from the table */
	const char *id;       /* "id": the primary key, integer or bigint */
	const char *username; /* "username": unique */
	const char *first_name;
	const char *last_name;
	const char *email;
	const char *is_active;
};
#define DM_USER_TABLE_INIT DM_SIZED(struct dm_user_table)

#define DM_CONTENT_UNLIMITED SIZE_MAX

/* How to open a database. dm_open copies all of it. */
struct dm_options {
	size_t size; /* see DM_OPTIONS_INIT */
	/* "sqlite:///relative.db", "sqlite:////absolute.db", or "postgresql://user:password@host:port/database" with
	 * all that libpq reads from a URL and from its environment. NULL means "sqlite:///directmessages.db". */
	const char *database;
	/* Users who may be messaged by everybody and may message everybody; all others may message only them. A count
	 * of 0 means no restriction. Reference: DIRECTMESSAGES_ALLOWED_RECIPIENTS. */
	const int64_t *allowed_recipients;
	size_t allowed_recipients_count;
	size_t max_content_length; /* characters (code points); 0: 65536, DM_CONTENT_UNLIMITED: no limit */
	int busy_timeout_ms;       /* how long a call waits for a locked, slow or silent database; 0: 5000 */
	size_t max_waiting;        /* operations that may wait before one more is refused with DM_BUSY; 0: 4096 */
	size_t lanes;              /* PostgreSQL: connections, 1 to 1024, one of which writes; 0: 4. 1 does both */
	bool unprepared;           /* PostgreSQL: no prepared statements, for poolers that do not support them */
	bool create;               /* SQLite: create the file if there is none (its tables come from dm_migrate) */
	bool record_events;        /* write an event for each message sent or marked as read: see events.h */
	const struct dm_user_table *user_table; /* NULL: Django's auth_user */
	unsigned idempotency_hours; /* how long a send can be repeated by its key: see dm_send_once; 0: 24 */
	/* A thread brings new messages into the table from which inboxes are read, about once a second. Without it, and
	 * where no other process has one, dm_inbox does so before it reads. */
	bool fold_inbox;
	/* SQLite: so much of the file, and of its log, is read from mapped memory (mmap) instead of by system calls; 0:
	 * nothing. A read is faster while others write, and beyond what caches hold. But if another program cuts the
	 * file off, or its disk fails, a read ends the process by SIGBUS: see dm_mapped_file. */
	size_t mapped_bytes;
	/* PostgreSQL: the URL of one or more standbys of the database, which answer counts, lists, pages and replays of
	 * events. NULL: the primary answers all. Nothing is missed that this process has written or told of; what
	 * others have written shows after max_read_lag_ms at most. Where no standby can answer, the primary does. */
	const char *read_database;
	unsigned max_read_lag_ms; /* how far behind the primary a standby may be; 0: 1000 */
};
#define DM_OPTIONS_INIT DM_SIZED(struct dm_options)

/* Opens a database. The handle in *out is the caller's and is closed with dm_close. dm_open does not look at the
 * schema: see dm_check_schema. A PostgreSQL server is contacted by the first call only, so it may start later, stop and
 * come back; meanwhile calls fail with DM_UNAVAILABLE.
 * DM_INVALID: an option, the URL, a name of the user table. DM_UNAVAILABLE: no such file, no permission. DM_BUSY. */
DM_CHECK enum dm_status dm_open(const struct dm_options *options, dm **out, struct dm_error *error);

/* Checks the options as dm_open does, and opens nothing: neither a file nor a connection. DM_INVALID. */
DM_CHECK enum dm_status dm_check_options(const struct dm_options *options, struct dm_error *error);

/* Replaces the allowed recipients that dm_open was given, from the next send on; copies them. DM_INVALID: a count
 * without an array. DM_NO_MEMORY: those from before stay. */
DM_CHECK enum dm_status dm_set_allowed_recipients(dm *handle, const int64_t *user_ids, size_t count,
						  struct dm_error *error);

/* Limits how many conversations a user may start: at most `max` sends in `seconds` to users with whom nothing was
 * exchanged before (DM_LIMITED beyond that). Answering is never new. It is counted in the database, for all processes
 * that set it. The allowed recipients are exempt. seconds 0: no limit, as after dm_open. DM_INVALID: more than
 * 1,000,000 in the time, or more than ten years. */
DM_CHECK enum dm_status dm_set_new_partner_limit(dm *handle, unsigned max, unsigned seconds, struct dm_error *error);

/* Finishes the operations that wait, also those that a `done` submits meanwhile; then closes the database and frees the
 * handle. No other call on the handle may be running. NULL is fine. */
DM_API void dm_close(dm *handle);

/* The name of the database file, or of its log, that dm_options.mapped_bytes has mapped at the address; NULL: none. May
 * be called by a handler of SIGBUS, with its si_addr, to say which file can't be read. Lent for the time that the
 * database is open. */
DM_API const char *dm_mapped_file(const void *address);

/* "MAJOR.MINOR.PATCH" of the library that is loaded. Static. */
DM_API const char *dm_version(void);

/* ---- the schema ---------------------------------------------------------------------------------------------- */

/* Tells whether the schema is what this library needs: DM_OK, or DM_SCHEMA with a sentence that names what is missing.
 */
DM_CHECK enum dm_status dm_check_schema(dm *handle, struct dm_error *error);

/* Brings the schema up to date. Each numbered step has a transaction of its own, so it is safe to run twice and by two
 * processes at once. Both functions run on the caller's thread, or on one that it waits for, and may be NULL:
 * on_step is called after each step that was applied; on_progress about once a second while a step takes long
 * (PostgreSQL: an index on a large table, made without blocking writes). `name` and `text` are lent. */
DM_CHECK enum dm_status dm_migrate(dm *handle, void (*on_step)(void *context, int number, const char *name),
				   void (*on_progress)(void *context, const char *text), void *context,
				   struct dm_error *error);

#ifdef __cplusplus
}
#endif
#endif
