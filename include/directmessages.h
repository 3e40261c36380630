/* SPDX-License-Identifier: MIT */
/* directmessages.h - private messages between users, embedded. Beside it: directmessages_events, _stats, _webhooks.h.
 *
 * Every function is thread-safe on one handle. Times are microseconds since 1970-01-01 UTC. Texts are UTF-8, counted in
 * bytes and not NUL-terminated unless said otherwise. Failures are a status, and a sentence in a struct dm_error for
 * those who pass one (NULL is fine everywhere). What else a call can't do without is DM_INVALID where it is NULL; a
 * count that nobody wants may be NULL. The library never logs and never exits.
 *
 * What the rules mean is defined by the Django library drf-directmessages; "reference" below means its service object.
 */
#ifndef DIRECTMESSAGES_H
#define DIRECTMESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define DM_API __attribute__((visibility("default")))
#define DM_CHECK __attribute__((visibility("default"), warn_unused_result))
#else
#define DM_API
#define DM_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- vocabulary ---------------------------------------------------------------------------------------------- */

enum dm_status {
	DM_OK = 0,
	DM_NOT_FOUND,   /* no such user, message or token; also: the message is not the caller's */
	DM_EXISTS,      /* the user name is taken */
	DM_INVALID,     /* an argument that can never work: bad UTF-8, a NUL in content, content too long, a bad name */
	DM_SELF,        /* nobody messages oneself */
	DM_NOT_ALLOWED, /* the allowed recipients forbid it */
	DM_INACTIVE,    /* the token is good, its user is not active */
	DM_BUSY,        /* the store is locked or has too much waiting; the same call may work later */
	DM_UNAVAILABLE, /* the store can't be reached, is full, read-only or damaged; mend the cause, then try again */
	DM_SCHEMA,      /* the database's schema is not up to date (or newer than this library) */
	DM_NO_MEMORY,
	DM_INTERNAL /* a defect of the library */
};

/* A failure in words, NUL-terminated. The first failure of a call is the one reported. */
struct dm_error {
	enum dm_status status;
	char message[248];
};

/* Bytes that somebody else owns. Where a function or a receiver is lent one, it is valid until that call returns. */
struct dm_text {
	const char *data;
	size_t length;
};

/* read_at of a message that nobody has read yet. */
#define DM_UNREAD INT64_MIN

struct dm_message {
	int64_t id;
	int64_t sender_id;
	int64_t recipient_id;
	int64_t sent_at;
	int64_t read_at; /* DM_UNREAD while unread */
	struct dm_text content;
};

struct dm_user {
	int64_t id;
	struct dm_text username;
	struct dm_text first_name;
	struct dm_text last_name;
	struct dm_text email;
	bool is_active;
};

/* How many unread messages one partner has sent to a user. */
struct dm_unread {
	int64_t partner_id;
	struct dm_text partner_username;
	int64_t count;
};

typedef struct dm dm; /* an open database; opaque */

/* ---- open and close ------------------------------------------------------------------------------------------ */

/* A custom user model's table. NULL is the name that auth_user has; "-" says that there is no such column, and its
 * values are then empty (and every user active). Names may hold no quotes. Copied by dm_open. */
struct dm_user_table {
	const char *table;    /* "auth_user"; a dot parts a schema from the table */
	const char *id;       /* "id": the key, an integer or bigint */
	const char *username; /* "username": unique */
	const char *first_name;
	const char *last_name;
	const char *email;
	const char *is_active;
};

#define DM_CONTENT_UNLIMITED SIZE_MAX
struct dm_options {
	/* "sqlite:///relative.db", "sqlite:////absolute.db", or libpq's
	 * "postgresql://user:password@host:port/database", with all that libpq reads from a URL and its environment;
	 * NULL means "sqlite:///directmessages.db". */
	const char *database;
	/* Who may be messaged by everybody, and may message everybody; none means no restriction (the reference's
	 * DIRECTMESSAGES_ALLOWED_RECIPIENTS). Copied by dm_open. */
	const int64_t *allowed_recipients;
	size_t allowed_recipients_count;
	size_t max_content_length; /* in characters (code points); 0 means 65536, DM_CONTENT_UNLIMITED none */
	int busy_timeout_ms;       /* how long a call waits for a locked, slow or silent database; 0 means 5000 */
	size_t max_waiting;        /* operations that may wait at once before DM_BUSY; 0 means 4096 */
	size_t lanes;              /* PostgreSQL: connections, one of which writes; 0 means 4. 1 does both */
	bool unprepared;           /* PostgreSQL: no prepared statements, for a pooler that can't keep them */
	bool create;               /* create the file where there is none (its tables come from dm_migrate) */
	/* Write an event for each message sent or marked as read, in the same commit: see "the event log". Costs a row
	 * each, so it is off unless asked for. */
	bool record_events;
	struct dm_user_table user_table;
};

/* Opens a database; *out is the caller's, to be closed by dm_close. Does not look at the schema: see dm_check_schema.
 * Fails with DM_INVALID (the URL, a name of the user table), DM_UNAVAILABLE (no such file, no database, no permission)
 * or DM_BUSY. PostgreSQL is not asked before the first call: it may come later, and go, and come back; meanwhile calls
 * give DM_UNAVAILABLE. */
DM_CHECK enum dm_status dm_open(const struct dm_options *options, dm **out, struct dm_error *error);

/* Finishes the operations that wait, then closes. No other call on the handle may be running. NULL is fine. */
DM_API void dm_close(dm *handle);

DM_API const char *dm_version(void); /* "MAJOR.MINOR.PATCH" */

/* Tells whether the schema is what this library needs: DM_OK, or DM_SCHEMA with a sentence that names what is due. */
DM_CHECK enum dm_status dm_check_schema(dm *handle, struct dm_error *error);

/* Brings the schema up to date, each numbered step in its own transaction; safe to run twice and by two processes at
 * once. on_step (may be NULL) is called after each step that was applied. */
DM_CHECK enum dm_status dm_migrate(dm *handle, void (*on_step)(void *context, int number, const char *name),
				   void *context, struct dm_error *error);

/* ---- messages: what the reference's service object offers ---------------------------------------------------- */

/* Receives one lent row; returning false ends the listing early (which is no failure). It may call the library. */
typedef bool dm_message_row(void *context, const struct dm_message *message);
typedef bool dm_user_row(void *context, const struct dm_user *user);
typedef bool dm_unread_row(void *context, const struct dm_unread *unread);

/* Stores a message durably, then signals message_sent. `sent` (may be NULL) gets the message; its content is the
 * caller's own `content`. DM_SELF, DM_NOT_ALLOWED, DM_INVALID, DM_NOT_FOUND (either user). Reference: send_message. */
DM_CHECK enum dm_status dm_send(dm *handle, int64_t sender_id, int64_t recipient_id, struct dm_text content,
				struct dm_message *sent, struct dm_error *error);

/* Every unread message to the user that the user has not hidden, oldest first. Reference: get_unread_messages. */
DM_CHECK enum dm_status dm_unread_messages(dm *handle, int64_t user_id, dm_message_row *row, void *context,
					   struct dm_error *error);

/* How many those are. Reference: get_unread_message_count. */
DM_CHECK enum dm_status dm_unread_count(dm *handle, int64_t user_id, int64_t *count, struct dm_error *error);

/* Marks a message as read and gives its content, or "email: content" with the sender's e-mail address. *text is
 * NUL-terminated and the caller's, to be freed with free(). DM_NOT_FOUND. It does not ask who reads: that is the
 * calling program's to know, as in the reference (read_message, read_message_formatted). */
DM_CHECK enum dm_status dm_read_message(dm *handle, int64_t message_id, char **text, size_t *length,
					struct dm_error *error);
DM_CHECK enum dm_status dm_read_message_formatted(dm *handle, int64_t message_id, char **text, size_t *length,
						  struct dm_error *error);

/* Marks one message as read, then signals message_read if it was unread. DM_NOT_FOUND. Reference: mark_as_read. */
DM_CHECK enum dm_status dm_mark_read(dm *handle, int64_t message_id, struct dm_error *error);

/* The users with whom the user has at least one visible message, highest id first. Reference: get_conversations. */
DM_CHECK enum dm_status dm_conversations(dm *handle, int64_t user_id, dm_user_row *row, void *context,
					 struct dm_error *error);

struct dm_conversation_options {
	size_t limit;      /* at most so many messages; 0 means all */
	bool newest_first; /* otherwise oldest first */
	bool mark_read;    /* first mark every visible unread message from the partner as read, and signal each */
};

/* The messages between the two that the user can see, by (sent_at, id); the rows show the marking. options may be
 * NULL. Reference: get_conversation. Unlike there, mark_read covers the whole conversation, not only `limit` of it. */
DM_CHECK enum dm_status dm_conversation(dm *handle, int64_t user_id, int64_t partner_id,
					const struct dm_conversation_options *options, dm_message_row *row,
					void *context, struct dm_error *error);

/* Unread messages to the user by partner, ascending by partner id. Reference: get_unread_counts_per_conversation. */
DM_CHECK enum dm_status dm_unread_by_partner(dm *handle, int64_t user_id, dm_unread_row *row, void *context,
					     struct dm_error *error);

/* Hides a message for one of its two users; doing it again is DM_OK. DM_NOT_FOUND where it does not exist or is not
 * the user's. Reference: delete_message. */
DM_CHECK enum dm_status dm_delete_message(dm *handle, int64_t user_id, int64_t message_id, struct dm_error *error);

/* The newest messages of everybody, or of one user (user_id > 0), newest first, hidden ones too: an administrator's
 * view, never to be shown to a user. limit 0 means all. */
DM_CHECK enum dm_status dm_all_messages(dm *handle, int64_t user_id, size_t limit, dm_message_row *row, void *context,
					struct dm_error *error);

/* ---- users and tokens ---------------------------------------------------------------------------------------- */

struct dm_new_user {
	struct dm_text username; /* 1 to 150 characters: letters, digits and @ . + - _ (Django's rule) */
	struct dm_text email;
	struct dm_text first_name;
	struct dm_text last_name;
	struct dm_text password; /* data NULL: none, the user can't log in with one */
};

/* Creates an active user; the password is kept as Django's pbkdf2_sha256. DM_EXISTS, DM_INVALID: also where the user
 * table is a project's own that lacks columns of Django's AbstractUser, or has others that want a value. */
DM_CHECK enum dm_status dm_user_create(dm *handle, const struct dm_new_user *user, int64_t *id, struct dm_error *error);

/* Finds one user and lends it to row. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_user_by_id(dm *handle, int64_t user_id, dm_user_row *row, void *context,
				      struct dm_error *error);
DM_CHECK enum dm_status dm_user_by_name(dm *handle, struct dm_text username, dm_user_row *row, void *context,
					struct dm_error *error);

/* Every user, ascending by id. */
DM_CHECK enum dm_status dm_users(dm *handle, dm_user_row *row, void *context, struct dm_error *error);

/* An inactive user's token is refused. DM_NOT_FOUND; DM_INVALID where the user table has no such column. */
DM_CHECK enum dm_status dm_user_set_active(dm *handle, struct dm_text username, bool active, struct dm_error *error);

/* A token is 40 lower-case hex digits, as Django REST Framework's. */
#define DM_TOKEN_LENGTH 40

/* Gives the user's token, creating it where there is none; with reset a new one replaces it. key gets 40 digits and a
 * NUL. DM_NOT_FOUND. */
DM_CHECK enum dm_status dm_token_create(dm *handle, struct dm_text username, bool reset, char key[DM_TOKEN_LENGTH + 1],
					struct dm_error *error);

/* Removes the user's token. DM_NOT_FOUND where the user, or the token, does not exist. */
DM_CHECK enum dm_status dm_token_revoke(dm *handle, struct dm_text username, struct dm_error *error);

/* Lends the token's user to row. DM_NOT_FOUND, DM_INACTIVE. */
DM_CHECK enum dm_status dm_authenticate(dm *handle, struct dm_text key, dm_user_row *row, void *context,
					struct dm_error *error);

/* A ticket stands for a token where only a URL can be given: it looks like one, and is good once, for so long. A token
 * has at most 100 at once: one more takes the place of the oldest. */
#define DM_TICKET_SECONDS 30

/* ---- signals ------------------------------------------------------------------------------------------------- */

enum dm_signal {
	DM_MESSAGE_SENT,   /* a message is stored */
	DM_MESSAGE_READ,   /* a message that was unread is marked as read; the message shows its read_at */
	DM_EVENTS_RECORDED /* the event log has grown, once a commit; message is NULL, from_user and to are 0 */
};

/* Called after the commit, before the call that caused it returns, on a thread of the library's. The message is lent;
 * from_user is its sender, to its recipient. A receiver may call the library again. While it runs, other writes wait:
 * long work belongs on a thread of the receiver's own. */
typedef void dm_receiver(void *context, enum dm_signal signal, const struct dm_message *message, int64_t from_user,
			 int64_t to);

/* Connects a receiver; the pair (receiver, context) may be connected once per signal (DM_EXISTS). */
DM_CHECK enum dm_status dm_connect(dm *handle, enum dm_signal signal, dm_receiver *receiver, void *context,
				   struct dm_error *error);

/* Disconnects it. When this returns the receiver is not running and will not run again (called from within a receiver
 * it does not wait for that very call). False where it was not connected. */
DM_API bool dm_disconnect(dm *handle, enum dm_signal signal, dm_receiver *receiver, void *context);

/* ---- the event log -------------------------------------------------------------------------------------------- */

/* Signals tell this process of what it did itself, once. The log keeps what every process that opened the database with
 * record_events has done, in the order of commits, until it is trimmed: for those who come later, or again. It is read
 * by what directmessages_events.h declares. */

/* A place in the log, which is that of an event in it. Don't compute with it: keep it, give it back. */
struct dm_event_position {
	int64_t transaction; /* 0 on SQLite */
	int64_t id;
	int64_t mark; /* of this event alone, in this log: another log's event at the same place has another */
};

struct dm_event {
	struct dm_event_position position;
	enum dm_signal signal;                        /* DM_MESSAGE_SENT or DM_MESSAGE_READ */
	int64_t at;                                   /* when it was sent, or read */
	struct dm_message message;                    /* as it was then: of DM_MESSAGE_SENT read_at is DM_UNREAD */
	bool hidden_for_sender, hidden_for_recipient; /* as it is now */
};

/* Receives one lent event; returning false ends the reading early, just behind this event. */
typedef bool dm_event_row(void *context, const struct dm_event *event);

/* ---- operations: for event loops that can't wait ------------------------------------------------------------- */

/* The plain calls above submit an operation and wait for it. A program with an event loop submits its own: it fills
 * in what the kind asks for, and gets `done` called exactly once: before dm_submit returns (what is answered from
 * memory or by a short read), or later on a thread of the library's. The struct, and every text in it, stays the
 * caller's and must live until `done` has been called; `done` may free it.
 *
 * DM_OP_AUTHENTICATE counts 1 where partner_id is a user as well; below 0 that is not looked up. */
enum dm_operation_kind {
	DM_OP_AUTHENTICATE,           /* text: a token's key, partner_id -> on_user, count; DM_NOT_FOUND, DM_INACTIVE */
	DM_OP_USER_BY_ID,             /* user_id -> on_user; DM_NOT_FOUND */
	DM_OP_USER_BY_NAME,           /* text -> on_user; DM_NOT_FOUND */
	DM_OP_USERS,                  /* -> on_user */
	DM_OP_UNREAD_COUNT,           /* user_id -> count */
	DM_OP_UNREAD_BY_PARTNER,      /* user_id -> on_unread */
	DM_OP_UNREAD_MESSAGES,        /* user_id -> on_message */
	DM_OP_PARTNERS,               /* user_id, page -> on_user */
	DM_OP_CONVERSATION,           /* user_id, partner_id, page -> on_message */
	DM_OP_MESSAGE,                /* message_id -> on_message; DM_NOT_FOUND */
	DM_OP_ALL_MESSAGES,           /* user_id (0: everybody), page.limit -> on_message */
	DM_OP_EVENTS,                 /* user_id, event, page -> on_event, event, count, flag; see dm_events */
	DM_OP_EVENTS_NEWEST,          /* -> event */
	DM_OP_EVENTS_TRIM,            /* page.position: before, page.limit: keep -> count */
	DM_OP_TICKET_CREATE,          /* text: a token's key -> key: the ticket; see DM_TICKET_SECONDS */
	DM_OP_TICKET_TAKE,            /* text: the ticket -> key: the token's; DM_NOT_FOUND */
	DM_OP_SEND,                   /* user_id, partner_id, text -> message */
	DM_OP_MARK_CONVERSATION_READ, /* user_id, partner_id, marking -> count, marking */
	DM_OP_MARK_READ,              /* message_id -> count; DM_NOT_FOUND */
	DM_OP_HIDE,                   /* user_id, message_id; DM_NOT_FOUND */
	DM_OP_USER_CREATE,            /* new_user, text: the encoded password -> count: the id; DM_EXISTS */
	DM_OP_USER_SET_ACTIVE,        /* text: the name, flag; DM_NOT_FOUND */
	DM_OP_TOKEN_CREATE,           /* text: the name, flag: reset -> key; DM_NOT_FOUND */
	DM_OP_TOKEN_REVOKE,           /* text: the name; DM_NOT_FOUND */
	DM_OP_CHECK_SCHEMA,           /* asks the database again what dm_check_schema asks; DM_SCHEMA */
	/* clang-format off */ /* what these take and give is in `webhook`: see directmessages_webhooks.h */
	DM_OP_WEBHOOK_CREATE, DM_OP_WEBHOOKS, DM_OP_WEBHOOK_DELETE, DM_OP_WEBHOOK_ENABLE, DM_OP_WEBHOOK_ROTATE, DM_OP_OUTBOX,
	DM_OP_DELIVERIES, DM_OP_DELIVERIES_CLAIM, DM_OP_DELIVERY_RECORD, DM_OP_DELIVERY_RETRY, DM_OP_DELIVERIES_TRIM
	/* clang-format on */
};

/* A piece of an ordered list. Messages are ordered by (sent_at, id), partners by id; both newest (highest) first. */
struct dm_page {
	bool reverse;      /* towards the newer end, rows ascending */
	bool has_position; /* start beyond `position`: a sent_at, or a partner's id */
	int64_t position;
	int64_t row_id;  /* messages: the id of the row to start beyond; 0: none. It breaks ties at equal times */
	uint64_t offset; /* rows to skip first, where row_id does not say it better */
	size_t limit;    /* at most so many rows; 0 means all */
	size_t bytes;    /* of content; the message behind them is lent without its own (data NULL), as the last; an
			    event behind them is not lent but sets the operation's flag; 0 means all */
};

/* Marking a conversation is done in pieces, so that others' writes come between. Zero this, and submit the operation
 * again while it was DM_OK and there is more; after a failure it begins anew. What is stored meanwhile may be left. */
struct dm_marking {
	bool more;
	int64_t read_at, from_time, from_id, last; /* the library's */
};

struct dm_operation {
	enum dm_operation_kind kind;
	int64_t user_id; /* who acts */
	int64_t partner_id;
	int64_t message_id;
	struct dm_text text;
	bool flag;
	const struct dm_new_user *new_user;
	struct dm_page page;
	struct dm_event_position event;
	struct dm_marking marking;
	struct dm_webhook_call *webhook;

	dm_message_row *on_message;
	dm_user_row *on_user;
	dm_unread_row *on_unread;
	dm_event_row *on_event;
	void (*done)(struct dm_operation *operation); /* must be given to dm_submit */
	void *context;                                /* the caller's; given to the row functions */
	enum dm_status status;                        /* from here on: the outcome */
	struct dm_error error;
	int64_t count;
	struct dm_message message;
	char key[DM_TOKEN_LENGTH + 1];

	struct { /* the library's */
		struct dm_operation *next;
		int64_t queued_at, again_at;
		struct dm *handle;
		bool is_heard, is_long; /* of messages marked as read; it lists long ones */
		void *changed, *waiter; /* these, for the signals; who waits for it */
	} internal;
};

DM_API void dm_submit(dm *handle, struct dm_operation *operation);
/* The same, but returns after `done` (may be NULL) has returned. */
DM_API void dm_run(dm *handle, struct dm_operation *operation);

/* Brackets several reads of one thread, which are then cheaper on SQLite: they share the view of the first of them. A
 * write that the thread submits ends the bracket, so that what it reads next can show it. They don't nest. False, and
 * of no effect, where reads call `done` later, as writes do (PostgreSQL). */
DM_API bool dm_begin_reads(dm *handle);
DM_API void dm_end_reads(dm *handle);

#ifdef __cplusplus
}
#endif
#endif
