/* SPDX-License-Identifier: MIT */
/* statements.h - the names of all statements, and their SQL for one database. */
#ifndef STATEMENTS_H
#define STATEMENTS_H

#include "attributes.h"
#include "user_table.h"

/* What else the statement looks up with who is calling. Each count is a statement of its own: a request that does not
 * ask for it would pay for its plan. */
enum caller_kind {
	TO_ID, /* the recipient, by id */
	TO_NAME,
	COUNT_UNREAD_TO_ID,
	COUNT_UNREAD_TO_NAME,
	HAS_UNREAD_FROM_ID,
	HAS_UNREAD_FROM_NAME,
	CALLER_KINDS
};

enum pg_statement {
	BEGIN_WRITE,
	COMMIT,
	ROLLBACK,
	SET_LIMITS,
	PLACE,
	PLACE_REPLAYED,
	USERS_FREE,
	/* Who is calling. Behind each of the three, the others of CALLER_KINDS. */
	USER_BY_TOKEN,
	ACTIVE_USER_BY_ID = USER_BY_TOKEN + CALLER_KINDS,
	ACTIVE_USER_BY_NAME = ACTIVE_USER_BY_ID + CALLER_KINDS,
	LAST_CALLER = ACTIVE_USER_BY_NAME + CALLER_KINDS - 1,
	USER_BY_ID,
	USER_BY_NAME,
	USERS,
	USER_INSERT,
	USER_SET_ACTIVE,
	USER_PUT,
	USER_CHANGE_BY_NAME,
	USER_CHANGE_BY_ID,
	USER_DELETE_BY_NAME,
	USER_DELETE_BY_ID,
	TOKEN_CREATE,
	TOKEN_CREATE_BY_ID,
	TOKEN_DELETE,
	TOKEN_DELETE_BY_ID,
	MESSAGES_INSERT,
	MESSAGES_INSERT_LIMITED,
	MESSAGES_INSERT_ONCE,
	MESSAGE_BY_ID,
	MESSAGE_MARK_READ,
	MESSAGE_HIDE,
	CONVERSATION_HIDE,
	VISIBLE_EXISTS,
	MESSAGES_NEWEST,
	MESSAGES_NEWEST_OF_USER,
	MESSAGE_DELETE,
	FIND_ALL,
	FIND_OF_USER,
	FIND_OF_PAIR,
	STORED_SENT,
	STORED_SENT_HIDDEN,
	STORED_RECEIVED,
	STORED_RECEIVED_HIDDEN,
	ERASE_CLOSE,
	ERASE_BLOCKS,
	ERASE_INBOX,
	BLANK_SENT,
	BLANK_SENT_HIDDEN,
	HIDE_RECEIVED,
	DELETE_SENT,
	DELETE_SENT_HIDDEN,
	DELETE_RECEIVED,
	DELETE_RECEIVED_HIDDEN,
	ERASE_KEYS,
	ERASE_USER,
	PURGE,
	UNREAD_COUNT,
	UNREAD_COUNT_FROM,
	UNREAD_BY_PARTNER,
	UNREAD_MESSAGES,
	UNREAD_EXISTS,
	ANY_UNREAD_EXISTS,
	CONVERSATION_MARK_READ,
	ALL_MARK_READ,
	MARK_UNREAD_FROM,
	MARK_NEWEST_UNREAD,
	RECEIVED_EXISTS,
	NEWEST_IS_READ,
	CONVERSATION_OLDER,
	CONVERSATION_OLDER_THAN_ROW,
	CONVERSATION_NEWER,
	CONVERSATION_NEWER_THAN_ROW,
	LONG_CONVERSATION_OLDER,
	LONG_CONVERSATION_OLDER_THAN_ROW,
	LONG_CONVERSATION_NEWER,
	LONG_CONVERSATION_NEWER_THAN_ROW,
	PARTNERS_DOWN,
	PARTNERS_UP,
	PARTNERS_LOCK,
	PARTNERS_EXPIRE,
	PARTNERS_TAKE,
	BLOCK_INSERT,
	BLOCK_DELETE,
	BLOCKS_DOWN,
	BLOCKS_UP,
	SENDS_UNDER_WAY,
	INBOX_WALK,
	INBOX_OF_UNREAD,
	INBOX_OF_BLOCKED,
	INBOX_ENTRY,
	INBOX_FOLD,
	INBOX_MEND,
	EVENTS_FROM,
	EVENTS_NEWEST,
	EVENTS_OLD,
	EVENTS_TRIM,
	EVENTS_NEW_EPOCH,
	TICKET_CREATE,
	TICKET_EXISTS,
	TICKET_REDEEM,
	WEBHOOK_INSERT,
	WEBHOOKS_ALL,
	WEBHOOK_DELETE,
	WEBHOOK_UPDATE,
	DELIVERIES_LIST,
	DELIVERIES_FIND,
	DELIVERY_REQUEUE,
	DELIVERIES_REQUEUE,
	DELIVERY_DELIVERED,
	DELIVERY_RETRY,
	DELIVERY_FAILED,
	DELIVERY_RELEASED,
	DELIVERIES_TRIM,
	OUTBOX,
	CLAIM,
	STATEMENT_COUNT,
	TEXT_COUNT = 2 * STATEMENT_COUNT
};

/* The statement that runs a look-up for many at once, where is_look_up. Its parameters are arrays; each row ends with
 * the number, from 1, of the element that it belongs to. */
#define MERGED(look_up) ((enum pg_statement)((look_up) + STATEMENT_COUNT))

/* The SQL of a statement. Names of the user table are written as in user_table_expand. */
struct pg_statement_text {
	enum pg_statement id;
	const char *sql; /* NULL ends a table of these */
	bool is_rare;    /* it is sent as text, and never prepared */
	bool is_look_up; /* it gives one row at most, and may be MERGED */
};

/* The statements of a database, by id. */
struct statements {
	char *texts[TEXT_COUNT];        /* owned; NULL where a statement can't be merged */
	bool is_unprepared[TEXT_COUNT]; /* sent as text each time */
	char names[TEXT_COUNT][8];      /* of the prepared ones */
};

/* Adds a table of texts for this user table. With `unprepared` none of them is prepared. False where there is no
 * memory.
 */
MUST_CHECK bool statements_add(struct statements *statements, const struct pg_statement_text *texts,
			       const struct user_table *users, bool unprepared);
void statements_release(struct statements *statements);

#endif
