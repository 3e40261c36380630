/* SPDX-License-Identifier: MIT */
/* session.h - one connection to the file with its prepared statements, used by one thread at a time. */
#ifndef SESSION_H
#define SESSION_H

#include "failure.h"
#include "file_map.h"
#include "file_watch.h"
#include "statements.h"
#include "store.h"

#include <sqlite3.h>
#include <stdatomic.h>

struct sqlite_session {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT]; /* NULL until it is prepared */
	struct sqlite_session *next;               /* in the pool of readers */
	const struct store_options *options;       /* the store's */
	struct file_watch *file;                   /* the store's; NULL: of a session for the schema */
	int64_t last_sent_at;                      /* the writer's: of the message stored last */
	unsigned keys_put;                         /* the writer's: idempotency keys */
	struct checkpointer *checkpointer;         /* the writer's: the store's */
	struct mapped_file mapped[2];              /* a reader's: the file, its log */
	bool recorded;                             /* the writer's: this batch has written events */
	bool is_lending;                           /* the writer's: a row function of a call that writes is called */
	bool has_met_damage;                       /* its cache may hold pages of a file that was damaged for a time */
	atomic_uint_fast64_t commits;              /* the writer's */
};

enum session_role { SESSION_READER, SESSION_WRITER };

/* Opens the file. NULL and *error where that fails. `options` must outlive the session. */
MUST_CHECK struct sqlite_session *session_open(const char *path, enum session_role role,
					       const struct store_options *options, struct dm_error *error);
void session_close(struct sqlite_session *session);

/* Prepares one statement, unless it is prepared; gives SQLite's code. */
MUST_CHECK int session_prepare_statement(struct sqlite_session *session, const struct sqlite_statement_text *text);

/* Prepares all statements of a table, unless they are. */
MUST_CHECK enum dm_status session_prepare(struct sqlite_session *session, const struct sqlite_statement_text *texts,
					  struct dm_error *error);

/* The status of SQLite's error code, with its sentence in *error. */
enum dm_status session_failure(struct sqlite_session *session, int code, struct dm_error *error);

/* Runs a statement that gives no rows. */
MUST_CHECK enum dm_status session_step_done(struct sqlite_session *session, sqlite3_stmt *statement,
					    struct dm_error *error);

/* Resets a statement whose last sqlite3_step gave `code`. DM_OK if that was SQLITE_DONE or SQLITE_ROW. */
MUST_CHECK enum dm_status session_finish(struct sqlite_session *session, sqlite3_stmt *statement, int code,
					 struct dm_error *error);

void bind_text(sqlite3_stmt *statement, int index, struct dm_text text); /* must live until the statement is reset */
struct dm_text column_text(sqlite3_stmt *statement, int column);         /* lives until the next step */

/* Times as Django stores them: "YYYY-MM-DD HH:MM:SS[.ffffff]" in UTC, or NULL. */
void bind_time(sqlite3_stmt *statement, int index, int64_t microseconds);
int64_t column_time(sqlite3_stmt *statement, int column, int64_t when_null);

#endif
