/* SPDX-License-Identifier: MIT */
/* session.c - one connection to the file with its prepared statements. */
#include "session.h"

#include "clock.h"
#include "failure.h"
#include "timestamp.h"
#include "user_table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Writers don't block readers. A read runs on a thread that serves other requests too, so it waits only for what ends
 * soon: another process that recovers the log. */
#define READER_BUSY_MS 250

/* cache_size: a negative number is KiB. wal_autocheckpoint: pages, of 4 KiB each, in the log before they are written
 * back, where no checkpointer does that. With a large log, pages that change often are written back once, at the price
 * of a file of up to 64 MiB beside the database. A log that a large transaction or a slow reader has made larger is cut
 * to that. */
static const char writer_setup[] = "PRAGMA journal_mode=WAL;"
				   "PRAGMA synchronous=FULL;"
				   "PRAGMA cache_size=-65536;"
				   "PRAGMA wal_autocheckpoint=16384;"
				   "PRAGMA journal_size_limit=67108864;"
				   "PRAGMA temp_store=MEMORY;";
static const char reader_setup[] = "PRAGMA query_only=ON;"
				   "PRAGMA cache_size=-65536;"
				   "PRAGMA temp_store=MEMORY;";

/* SQLite says "full" of a disk, and of a table that has given its largest id. */
static enum dm_status refuse_full(struct sqlite_session *session, struct dm_error *error)
{
	static const char sql[] = "SELECT name FROM sqlite_sequence WHERE seq = 9223372036854775807";
	enum dm_status status;
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(session->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		status = fail(error, DM_UNAVAILABLE,
			      "the ids of the table %.60s are used up: 9223372036854775807 was given; give that row "
			      "another id, and set the table's seq in sqlite_sequence to the largest id in use",
			      (const char *)sqlite3_column_text(statement, 0));
	else
		status = fail(error, DM_UNAVAILABLE, "the disk of the database is full; make room, then try again");
	sqlite3_finalize(statement);
	return status;
}

/* What SQLite, or the system, says. SQLite says nothing of a code that we made up. */
static const char *reason(struct sqlite_session *session, int code)
{
	int number = sqlite3_system_errno(session->db);

	if (sqlite3_errcode(session->db) == SQLITE_OK)
		return sqlite3_errstr(code);
	if (((code & 0xFF) == SQLITE_IOERR || (code & 0xFF) == SQLITE_CANTOPEN) && number != 0)
		return strerror(number);
	return sqlite3_errmsg(session->db);
}

enum dm_status session_failure(struct sqlite_session *session, int code, struct dm_error *error)
{
	const char *why = reason(session, code);

	switch (code & 0xFF) {
	case SQLITE_ERROR:
		if (strncmp(why, "no such", 7) == 0)
			return fail(error, DM_SCHEMA, "the database's schema is not up to date (%s); run 'migrate'",
				    why);
		return fail(error, DM_INTERNAL, "unexpected database error: %s", why);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(error, DM_BUSY, "the database is locked by another process; try again later");
	case SQLITE_FULL:
		return refuse_full(session, error);
	case SQLITE_READONLY:
		return fail(error, DM_UNAVAILABLE,
			    "the database can't be written (%s); check the permissions of the file and of its folder",
			    why);
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		session->has_met_damage = true;
		return fail(
			error, DM_UNAVAILABLE,
			"the file is not an SQLite database, or it is damaged (%s); name another file, or restore it",
			why);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_PROTOCOL:
		return fail(error, DM_UNAVAILABLE,
			    "the database can't be read or written (%s); check the file and its disk", why);
	case SQLITE_NOMEM:
		return fail(error, DM_NO_MEMORY, "out of memory");
	case SQLITE_TOOBIG:
		return fail(error, DM_INVALID, "the content is larger than the database can hold");
	case SQLITE_SCHEMA:
		return fail(error, DM_SCHEMA, "the database's schema has changed (%s); run 'migrate'", why);
	default:
		return fail(error, DM_INTERNAL, "unexpected database error %d: %s", code, why);
	}
}

/* Runs the pragmas. Unlike other statements, a change to WAL does not wait for locks, so that is done here. */
static int set_up(struct sqlite_session *session, enum session_role role)
{
	const char *setup = role == SESSION_WRITER ? writer_setup : reader_setup;
	int64_t deadline = clock_monotonic() + session->options->busy_timeout_ms * INT64_C(1000);
	int code;

	/* Busy by another process's recovery of the log as well, which has an extended code. */
	while (((code = sqlite3_exec(session->db, setup, NULL, NULL, NULL)) & 0xFF) == SQLITE_BUSY &&
	       clock_monotonic() < deadline)
		sqlite3_sleep(10);
	return code;
}

/* Where SQLite may not write a file, or the system has no descriptor left for it, it silently opens the file, or its
 * log, for reading only, and leaves it so. To notice that, the log is opened now, and not by the first write. */
static int refuse_read_only(struct sqlite_session *session, enum session_role role)
{
	int code;

	if (role != SESSION_WRITER)
		return SQLITE_OK;
	if (sqlite3_db_readonly(session->db, "main") == 1)
		return SQLITE_READONLY;
	code = sqlite3_exec(session->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		return sqlite3_exec(session->db, "ROLLBACK", NULL, NULL, NULL);
	return (code & 0xFF) == SQLITE_READONLY ? code : SQLITE_OK; /* the first write reports other failures */
}

/* Makes the file, if there is none, readable for its owner only. SQLite gives the log and its index the file's mode. A
 * file that exists keeps its mode, and is not opened here: closing it would end SQLite's locks. */
static void create_private(const char *path)
{
	int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

	if (file >= 0)
		close(file);
}

struct sqlite_session *session_open(const char *path, enum session_role role, const struct store_options *options,
				    struct dm_error *error)
{
	bool create = options->create && role == SESSION_WRITER;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0);
	int busy = options->busy_timeout_ms;
	struct sqlite_session *session = calloc(1, sizeof(*session));
	int code;

	if (!session) {
		fail(error, DM_NO_MEMORY, "out of memory");
		return NULL;
	}
	session->options = options;
	if (create)
		create_private(path);
	code = sqlite3_open_v2(path, &session->db, flags, NULL);
	if (!session->db) {
		fail(error, DM_NO_MEMORY, "out of memory");
		session_close(session);
		return NULL;
	}
	sqlite3_extended_result_codes(session->db, 1);
	if (code == SQLITE_OK)
		code = set_up(session, role);
	if (code == SQLITE_OK)
		code = refuse_read_only(session, role);
	sqlite3_busy_timeout(session->db, role == SESSION_READER && busy > READER_BUSY_MS ? READER_BUSY_MS : busy);
	if (code != SQLITE_OK) {
		session_failure(session, code, error);
		session_close(session);
		return NULL;
	}
	return session;
}

void session_close(struct sqlite_session *session)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(session->statements[i]);
	sqlite3_close(session->db);
	free(session);
}

int session_prepare_statement(struct sqlite_session *session, const struct sqlite_statement_text *text)
{
	sqlite3_stmt **statement = &session->statements[text->id];
	char *sql;
	int code;

	if (*statement)
		return SQLITE_OK;
	sql = user_table_expand(session->options->users, text->sql);
	if (!sql)
		return SQLITE_NOMEM;
	code = sqlite3_prepare_v3(session->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
	free(sql);
	return code;
}

enum dm_status session_prepare(struct sqlite_session *session, const struct sqlite_statement_text *texts,
			       struct dm_error *error)
{
	for (; texts->sql; texts++) {
		int code = session_prepare_statement(session, texts);

		if (code == SQLITE_ERROR)
			return fail(error, DM_SCHEMA, "the database's schema is not up to date (%s); run 'migrate'",
				    sqlite3_errmsg(session->db));
		if (code != SQLITE_OK)
			return session_failure(session, code, error);
	}
	return DM_OK;
}

/* A value was bound as NULL for lack of memory, so the statement did something else than it should. */
static _Thread_local bool binding_failed;

/* A failure to read a column shows only when the statement is reset. */
enum dm_status session_finish(struct sqlite_session *session, sqlite3_stmt *statement, int code, struct dm_error *error)
{
	enum dm_status status = DM_OK;
	int ended;

	if (binding_failed)
		code = SQLITE_NOMEM;
	binding_failed = false;
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		status = session_failure(session, code, error);
	ended = sqlite3_reset(statement);
	if (status == DM_OK && ended != SQLITE_OK)
		status = session_failure(session, ended, error);
	return status;
}

enum dm_status session_step_done(struct sqlite_session *session, sqlite3_stmt *statement, struct dm_error *error)
{
	return session_finish(session, statement, sqlite3_step(statement), error);
}

void bind_text(sqlite3_stmt *statement, int index, struct dm_text text)
{
	/* A NULL pointer would bind NULL, not the empty text. */
	int code = sqlite3_bind_text64(statement, index, text.data ? text.data : "", text.length, SQLITE_STATIC,
				       SQLITE_UTF8);

	binding_failed = binding_failed || code == SQLITE_NOMEM;
}

struct dm_text column_text(sqlite3_stmt *statement, int column)
{
	const char *data = (const char *)sqlite3_column_text(statement, column);

	return (struct dm_text){data ? data : "", (size_t)sqlite3_column_bytes(statement, column)};
}

void bind_time(sqlite3_stmt *statement, int index, int64_t microseconds)
{
	char text[TIMESTAMP_SIZE];
	size_t length = timestamp_format(microseconds, ' ', text);
	int code = sqlite3_bind_text(statement, index, text, (int)length, SQLITE_TRANSIENT);

	binding_failed = binding_failed || code == SQLITE_NOMEM;
}

int64_t column_time(sqlite3_stmt *statement, int column, int64_t when_null)
{
	struct dm_text text;
	int64_t microseconds;

	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return when_null;
	text = column_text(statement, column);
	/* A text that neither Django nor we could have written shows as 1970. */
	return timestamp_parse((struct span){text.data, text.length}, &microseconds) ? microseconds : 0;
}
