/* SPDX-License-Identifier: MIT */
/* session.h - one connection to the file with its prepared statements, used by one thread at a time. */
#ifndef SESSION_H
#define SESSION_H

#include "failure.h"
#include "file_watch.h"
#include "store.h"

#include <sqlite3.h>
#include <stdatomic.h>

enum statement {
	BEGIN_READ,
	BEGIN_WRITE,
	COMMIT,
	ROLLBACK,
	USER_BY_TOKEN,
	USER_BY_ID,
	USER_BY_NAME,
	USERS,
	USER_INSERT,
	USER_SET_ACTIVE,
	TOKEN_OF_USER,
	TOKEN_REPLACE,
	TOKEN_DELETE,
	MESSAGE_INSERT,
	MESSAGE_BY_ID,
	MESSAGE_MARK_READ,
	MESSAGE_HIDE_FOR_SENDER,
	MESSAGE_HIDE_FOR_RECIPIENT,
	MESSAGES_NEWEST,
	MESSAGES_LAST_ID,
	MESSAGES_NEWEST_OF_USER,
	UNREAD_COUNT,
	UNREAD_BY_PARTNER,
	UNREAD_MESSAGES,
	UNREAD_EXISTS,
	CONVERSATION_UNREAD_IDS,
	CONVERSATION_OLDER,
	CONVERSATION_OLDER_TIES,
	CONVERSATION_NEWER,
	CONVERSATION_NEWER_TIES,
	CONVERSATION_ROW_TIME,
	PARTNERS_DOWN,
	PARTNERS_UP,
	EVENT_INSERT,
	EVENTS_FROM,
	EVENTS_NEWEST,
	EVENTS_OLD,
	EVENTS_TRIM,
	TICKET_CREATE,
	TICKET_EXISTS,
	TICKET_TAKE,
	TICKETS_EXPIRE,
	TICKETS_LIMIT,
	WEBHOOK_INSERT,
	WEBHOOKS_ALL,
	WEBHOOK_DELETE,
	WEBHOOK_DELETE_DELIVERIES,
	WEBHOOK_ENABLE,
	WEBHOOK_ROTATE,
	WEBHOOK_SUCCEEDED,
	WEBHOOK_IS_FAILING,
	WEBHOOK_DISABLE,
	WEBHOOK_FAIL_DELIVERIES,
	DELIVERIES_LIST,
	DELIVERY_STATE,
	DELIVERY_AGAIN,
	DELIVERY_DELIVERED,
	DELIVERY_RETRY,
	DELIVERY_FAILED,
	DELIVERY_RELEASED,
	DELIVERIES_WINDOW,
	DELIVERIES_TRIM,
	OUTBOX_PENDING,
	OUTBOX_BEHIND,
	CLAIM_PLACE,
	CLAIM_IS_TAKEN,
	CLAIM_DUE,
	CLAIM_END,
	CLAIM_NEW,
	CLAIM_ADVANCE,
	CLAIM_ROWS,
	STATEMENT_COUNT
};

/* The SQL of one noun's file, by statement; the names of the user table as in user_table_expand. */
struct statement_text {
	enum statement id;
	const char *sql;
};

extern const struct statement_text session_statements[], user_statements[], token_statements[], message_statements[],
	conversation_statements[], partner_statements[], event_statements[], ticket_statements[], webhook_statements[],
	delivery_statements[], claim_statements[];
extern const size_t session_statements_count, user_statements_count, token_statements_count, message_statements_count,
	conversation_statements_count, partner_statements_count, event_statements_count, ticket_statements_count,
	webhook_statements_count, delivery_statements_count, claim_statements_count;

struct session {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT]; /* NULL until session_prepare */
	struct session *next;                      /* in the pool of readers */
	const struct store_options *options;       /* the store's */
	struct file_watch *file;                   /* the store's; NULL: of a session for the schema */
	int64_t last_sent_at;                      /* the writer's: of the message stored last */
	bool recorded;                             /* the writer's: this batch has written events */
	atomic_uint_fast64_t commits;              /* the writer's */
};

enum session_role { SESSION_READER, SESSION_WRITER };

/* Opens the file; NULL and *error where that fails. */
MUST_CHECK struct session *session_open(const char *path, enum session_role role, const struct store_options *options,
					struct dm_error *error);
void session_close(struct session *session);

/* Prepares one statement, unless it is; gives SQLite's code. */
MUST_CHECK int session_prepare_statement(struct session *session, const struct statement_text *text);

/* Prepares every statement once; a mistake in one, or a missing table, shows here and not in a request. */
MUST_CHECK enum dm_status session_prepare(struct session *session, struct dm_error *error);

/* What SQLite's error code means to us, with its sentence in *error. */
enum dm_status session_failure(struct session *session, int code, struct dm_error *error);

/* Runs a statement that gives no rows. */
MUST_CHECK enum dm_status session_step_done(struct session *session, sqlite3_stmt *statement, struct dm_error *error);

/* Ends a statement after its last sqlite3_step gave `code`; DM_OK where that was SQLITE_DONE or SQLITE_ROW. */
MUST_CHECK enum dm_status session_finish(struct session *session, sqlite3_stmt *statement, int code,
					 struct dm_error *error);

void bind_text(sqlite3_stmt *statement, int index, struct dm_text text); /* lent until the statement is reset */
struct dm_text column_text(sqlite3_stmt *statement, int column);         /* lent until the next step */

/* Times as Django stores them: "YYYY-MM-DD HH:MM:SS[.ffffff]" in UTC, or NULL. */
void bind_time(sqlite3_stmt *statement, int index, int64_t microseconds);
int64_t column_time(sqlite3_stmt *statement, int column, int64_t when_null);

#endif
