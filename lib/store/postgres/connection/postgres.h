/* SPDX-License-Identifier: MIT */
/* postgres.h - what all sessions on one PostgreSQL database share: how to connect, time limits, the SQL. */
#ifndef POSTGRES_H
#define POSTGRES_H

#include "failure.h"
#include "store.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

enum statement {
	BEGIN_WRITE,
	COMMIT,
	ROLLBACK,
	SET_LIMITS,
	USERS_FREE,
	USER_BY_TOKEN,
	USER_BY_ID,
	USER_BY_NAME,
	USERS,
	USER_INSERT,
	USER_SET_ACTIVE,
	TOKEN_CREATE,
	TOKEN_DELETE,
	MESSAGES_INSERT,
	MESSAGE_BY_ID,
	MESSAGE_MARK_READ,
	MESSAGE_HIDE,
	MESSAGES_NEWEST,
	MESSAGES_NEWEST_OF_USER,
	UNREAD_COUNT,
	UNREAD_BY_PARTNER,
	UNREAD_MESSAGES,
	UNREAD_EXISTS,
	CONVERSATION_MARK_READ,
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
	EVENTS_FROM,
	EVENTS_NEWEST,
	EVENTS_OLD,
	EVENTS_TRIM,
	EVENTS_NOTIFY,
	TICKET_CREATE,
	TICKET_EXISTS,
	TICKET_TAKE,
	WEBHOOK_INSERT,
	WEBHOOKS_ALL,
	WEBHOOK_DELETE,
	WEBHOOK_ENABLE,
	WEBHOOK_ROTATE,
	DELIVERIES_LIST,
	DELIVERY_AGAIN,
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

/* The same look-up for many at once, where the statement is one: its parameters are arrays, and each row ends with the
 * number (from 1) of the element that it belongs to. */
#define MERGED(look_up) ((enum statement)((look_up) + STATEMENT_COUNT))

/* On which servers tell each other that the event log has grown. */
#define EVENTS_CHANNEL "directmessages_event"

/* The SQL of one noun's file, by statement. */
struct statement_text {
	enum statement id;
	const char *sql;
	bool only_when_asked; /* it is not prepared */
	bool is_look_up;      /* it gives a row at most, and may be MERGED */
};

/* How long things may take, in microseconds. Together they are what an operation may wait: the store's busy_timeout_ms
 * (L). The server ends a statement before the socket's limit ends the connection, so that the rest of a batch goes on.
 */
struct limits {
	int64_t queue;      /* L/4: in the lane's queue; then it is refused */
	int64_t lock;       /* L/4: of a statement, for a lock of another transaction; see write_lock */
	int64_t write_lock; /* the same of a batch of writes, where there are lanes for reads: short, for what has to
			       wait longer is set apart */
	int64_t statement;  /* L/2: of a statement */
	int64_t batch;      /* 3/4 L: of a batch, with connecting anew; then the connection is given up */
	int64_t connect;    /* the URL's connect_timeout, else a second more than L: of a host; not positive: none */
};

/* Of the URL, or of what libpq takes in its place; NULL where it says nothing. */
struct host {
	char *name, *address, *port;
};

/* The place of the last connection that takes writes. */
struct home {
	const struct host *host; /* NULL: there was none yet */
	char address[80];        /* numbers; "": as libpq finds it */
};

struct session;

/* The thread that connects sessions, so that no lane has to. */
struct keeper {
	pthread_t thread;
	bool is_running;
	pthread_mutex_t
		mutex; /* guards all below, and each session's link, and its connection while it is not LINK_UP */
	pthread_cond_t changed;
	struct session *sessions;
	unsigned failures;       /* since a connection was made */
	struct dm_error failure; /* of the last attempt to connect */
	int64_t next_attempt;    /* by the monotonic clock */
	bool stopping;
};

struct postgres {
	struct store_options options; /* its url is not kept */
	char *url;
	char *name;           /* a URL that says which database it is, and no more */
	char *server_options; /* the connection's "options": ours, then those of the URL or PGOPTIONS */
	struct limits limits;
	char *texts[TEXT_COUNT]; /* owned; NULL where a statement can't be merged */
	bool only_when_asked[TEXT_COUNT];
	char names[TEXT_COUNT][8]; /* of the prepared statements */
	struct host *hosts;
	size_t hosts_count;
	struct keeper keeper;
	atomic_uint moves;      /* of the home: a session of before is to move too */
	atomic_uint suspicions; /* how often a connection was given up because it was silent: others may be dead too */
	pthread_mutex_t mutex;  /* guards all below */
	struct home home;
	int64_t read_only_at; /* when one that can only be read was taken because others did not answer */
	int64_t last_sent_at; /* of the message stored last */
	uint64_t commits;
	struct session *spare; /* sessions for calls that come from a lane's own thread, not in use */
};

/* Takes the URL and the options; DM_INVALID where libpq can't read the URL. */
MUST_CHECK enum dm_status postgres_init(struct postgres *postgres, const struct store_options *options,
					struct dm_error *error);
void postgres_release(struct postgres *postgres);

/* What a failed result means to us, with its sentence in *error. */
enum dm_status postgres_failure(const PGresult *result, struct dm_error *error);

/* The same of a connection that could not be made or has broken. */
enum dm_status postgres_connection_failure(const PGconn *connection, struct dm_error *error);

/* What to do with a transaction in which a statement failed: the server has rolled it back for certain. */
enum postgres_remedy {
	REMEDY_NONE,      /* the server can't do it now: all of it has failed */
	REMEDY_LEAVE_OUT, /* the statement's own fault: the rest works without it */
	REMEDY_WAIT,      /* a row that another transaction holds: the rest works without what needs it */
	REMEDY_REPEAT,    /* a clash with another transaction: the same again works */
	REMEDY_RECONNECT, /* the session is of no use any more: the same again works on another */
	REMEDY_ELSEWHERE  /* the server may only be read: another may take it (session_elsewhere) */
};
enum postgres_remedy postgres_remedy(const PGresult *result);

#endif
