/* SPDX-License-Identifier: MIT */
/* migrations.c - the numbered steps of the schema. A step that was released is never changed; add another. */
#include "migrations.h"

#include "django_schema.h"
#include "inbox_fill.h"
#include "user_table.h"

/* 1 where a table has all these columns. */
#define HAS_COLUMNS(table, count, columns) \
	"(SELECT count(*) FROM pragma_table_info('" table "') WHERE name IN (" columns ")) = " count

/* Visible messages by sender and by recipient, so that hidden ones cost nothing; and the unread ones. */
static const char indexes[] =
	"CREATE INDEX IF NOT EXISTS directmessages_sent ON directmessages_message (sender_id, recipient_id, sent_at)"
	" WHERE hidden_for_sender IS NULL;"
	"CREATE INDEX IF NOT EXISTS directmessages_received ON directmessages_message (recipient_id, sender_id, sent_at)"
	" WHERE hidden_for_recipient IS NULL;"
	"CREATE INDEX IF NOT EXISTS directmessages_unread ON directmessages_message (recipient_id, sender_id)"
	" WHERE read_at IS NULL AND hidden_for_recipient IS NULL;";

/* There is no index but the primary key, so that writing costs little. The row of kind 0 is the position before the
 * first event. The newest row is never deleted, so even without AUTOINCREMENT no id is given twice. */
static const char event_log[] =
	"CREATE TABLE directmessages_event (id integer NOT NULL PRIMARY KEY, kind integer NOT NULL,"
	" message_id integer NOT NULL, sender_id integer NOT NULL, recipient_id integer NOT NULL, at integer NOT NULL);"
	"INSERT INTO directmessages_event (kind, message_id, sender_id, recipient_id, at)"
	" SELECT 0, 0, 0, 0, CAST(strftime('%s', 'now') AS integer) * 1000000;";

static const char tickets[] =
	"CREATE TABLE directmessages_ticket (ticket varchar(40) NOT NULL PRIMARY KEY, key varchar(40) NOT NULL,"
	" expires_at integer NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX directmessages_ticket_expires ON directmessages_ticket (expires_at);"
	"CREATE INDEX directmessages_ticket_key ON directmessages_ticket (key, expires_at);";

/* The outbox. Deliveries have one index, of those that wait, so that one that is claimed at once costs only its row. No
 * id of theirs is given twice: the result of a delivery whose endpoint was deleted meanwhile must not count for
 * another. */
static const char webhooks[] =
	"CREATE TABLE directmessages_webhook (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, url text NOT NULL,"
	" description text NOT NULL, secret text NOT NULL, old_secret text NOT NULL, old_secret_until integer NOT NULL,"
	" events integer NOT NULL, position integer NOT NULL, created_at integer NOT NULL, is_active bool NOT NULL,"
	" disabled_why text NOT NULL, failing_since integer NOT NULL);"
	"CREATE TABLE directmessages_delivery (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, webhook_id integer NOT NULL,"
	" name text NOT NULL, kind integer NOT NULL, message_id integer NOT NULL, at integer NOT NULL,"
	" state integer NOT NULL, attempts integer NOT NULL, next_at integer NOT NULL, finished_at integer NOT NULL,"
	" http_status integer NOT NULL, error text NOT NULL);"
	"CREATE INDEX directmessages_delivery_due ON directmessages_delivery (webhook_id, next_at) WHERE state = 0;";

/* The counterparts of step 2: what a user has hidden, for administrators. A message costs nothing here until it is
 * hidden.
 */
static const char hidden_indexes[] =
	"CREATE INDEX IF NOT EXISTS directmessages_sent_hidden ON directmessages_message (sender_id, recipient_id, sent_at)"
	" WHERE hidden_for_sender IS NOT NULL;"
	"CREATE INDEX IF NOT EXISTS directmessages_received_hidden ON directmessages_message (recipient_id, sender_id, sent_at)"
	" WHERE hidden_for_recipient IS NOT NULL;";

/* What distinguishes an event from another one at the same place in a restored file: a number of its own, and one of
 * the log. Rows from before these steps have only the log's. */
static const char numbers_of_events[] = "ALTER TABLE directmessages_event ADD COLUMN nonce integer NOT NULL DEFAULT 0;";
static const char number_of_log[] = "CREATE TABLE directmessages_event_log (epoch integer NOT NULL);"
				    "INSERT INTO directmessages_event_log (epoch) VALUES (random());";

/* Who wrote the message: 0 this server, 1 a Django project on the same database (contrib/django). A server from before
 * this step goes on writing, and its events are 0. A delivery has it too, since its event may be trimmed. */
static const char origin_of_events[] = "ALTER TABLE directmessages_event ADD COLUMN origin integer NOT NULL DEFAULT 0;";
static const char origin_of_deliveries[] =
	"ALTER TABLE directmessages_delivery ADD COLUMN origin integer NOT NULL DEFAULT 0;";

/* What clients get as positions is encrypted with this key (server/wire/position.c). SQLite adds no column whose
 * default is random, so the table is made again. */
static const char key_of_positions[] =
	"CREATE TABLE directmessages_event_log_keyed (epoch integer NOT NULL,"
	" position_key blob NOT NULL DEFAULT (randomblob(32)));"
	"INSERT INTO directmessages_event_log_keyed (epoch) SELECT epoch FROM directmessages_event_log;"
	"DROP TABLE directmessages_event_log;"
	"ALTER TABLE directmessages_event_log_keyed RENAME TO directmessages_event_log;";

/* The conversations of each user, by the last message that the user can see, and how far this goes. It is filled by the
 * step behind it, and again if that table is made anew. */
static const char inbox[] =
	"CREATE TABLE directmessages_inbox (user_id integer NOT NULL, partner_id integer NOT NULL, last_at datetime NOT NULL,"
	" last_id integer NOT NULL, PRIMARY KEY (user_id, partner_id)) WITHOUT ROWID;"
	"CREATE INDEX directmessages_inbox_order ON directmessages_inbox (user_id, last_at, last_id);"
	"CREATE TABLE directmessages_inbox_fold (folded integer NOT NULL, mark_at datetime, is_filled bool NOT NULL);"
	"INSERT INTO directmessages_inbox_fold (folded, is_filled) VALUES (0, false);";

/* The keys of sends that can be repeated, each with its message and what was sent. Old ones are removed by their times.
 */
static const char idempotency_keys[] =
	"CREATE TABLE directmessages_idempotency_key (user_id integer NOT NULL, key varchar(255) NOT NULL,"
	" message_id integer NOT NULL, recipient_id integer NOT NULL, fingerprint blob NOT NULL, at integer NOT NULL,"
	" PRIMARY KEY (user_id, key)) WITHOUT ROWID;"
	"CREATE INDEX directmessages_idempotency_key_at ON directmessages_idempotency_key (at);";

/* Whom a user blocks, since when (microseconds since 1970). The first index is for the list, the other for who is
 * blocked: erasing, and whoever looks at the data. */
static const char blocks[] =
	"CREATE TABLE directmessages_block (user_id integer NOT NULL, blocked_id integer NOT NULL,"
	" blocked_at integer NOT NULL, PRIMARY KEY (user_id, blocked_id));"
	"CREATE INDEX directmessages_block_newest ON directmessages_block (user_id, blocked_at, blocked_id);"
	"CREATE INDEX directmessages_block_blocked ON directmessages_block (blocked_id, user_id);";

/* The trace (W3C Trace Context) of the request that has caused an event, for its deliveries. Without one it costs
 * nothing. */
static const char trace_of_events[] = "ALTER TABLE directmessages_event ADD COLUMN traceparent text;";
static const char trace_of_deliveries[] = "ALTER TABLE directmessages_delivery ADD COLUMN traceparent text;";

/* Conversations that users have started lately (microseconds since 1970), where that is limited. */
static const char new_partners[] =
	"CREATE TABLE directmessages_new_partner (user_id integer NOT NULL, partner_id integer NOT NULL,"
	" started_at integer NOT NULL, PRIMARY KEY (user_id, partner_id));"
	"CREATE INDEX directmessages_new_partner_started ON directmessages_new_partner (user_id, started_at);"
	"CREATE INDEX directmessages_new_partner_partner ON directmessages_new_partner (partner_id);";

const struct migration migrations[] = {
	{
		.number = 1,
		.name = "Django's tables",
		.satisfied = "SELECT EXISTS (SELECT 1 FROM pragma_table_info({'table'}, {'schema'})) AND " HAS_TOKENS
			     " AND " HAS_MESSAGES,
		.possible =
			"SELECT {'users'} = '\"auth_user\"' AND count(*) = 0 FROM sqlite_master WHERE type IN ('table', 'view') AND (name LIKE 'auth\\_%' ESCAPE '\\'"
			" OR name IN ('django_migrations', 'django_content_type', 'authtoken_token',"
			" 'directmessages_message'))",
		.refusal = USER_TABLE_REFUSAL,
		.sql = django_tables,
	},
	{
		.number = 2,
		.name = "indexes of conversations and unread messages",
		.satisfied =
			"SELECT count(*) = 3 FROM sqlite_master WHERE type = 'index' AND tbl_name = 'directmessages_message'"
			" AND name IN ('directmessages_sent', 'directmessages_received', 'directmessages_unread')",
		.sql = indexes,
	},
	{
		.number = 3,
		.name = "the event log",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_event", "6",
						   "'id', 'kind', 'message_id', 'sender_id', 'recipient_id', 'at'"),
		.sql = event_log,
	},
	{
		.number = 4,
		.name = "tickets",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_ticket", "3", "'ticket', 'key', 'expires_at'"),
		.sql = tickets,
	},
	{
		.number = 5,
		.name = "webhooks and their deliveries",
		.satisfied = "SELECT count(*) = 3 FROM sqlite_master WHERE name IN ('directmessages_webhook',"
			     " 'directmessages_delivery', 'directmessages_delivery_due')",
		.sql = webhooks,
	},
	{
		.number = 6,
		.name = "numbers of events",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_event", "1", "'nonce'"),
		.sql = numbers_of_events,
	},
	{
		.number = 7,
		.name = "the event log's own number",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_event_log", "1", "'epoch'"),
		.sql = number_of_log,
	},
	{
		.number = 8,
		.name = "the origin of events",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_event", "1", "'origin'"),
		.sql = origin_of_events,
	},
	{
		.number = 9,
		.name = "the origin of deliveries",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_delivery", "1", "'origin'"),
		.sql = origin_of_deliveries,
	},
	{
		.number = 10,
		.name = "indexes of hidden messages",
		.satisfied = "SELECT count(*) = 2 FROM sqlite_master WHERE type = 'index'"
			     " AND name IN ('directmessages_sent_hidden', 'directmessages_received_hidden')",
		.sql = hidden_indexes,
	},
	{
		.number = 11,
		.name = "the key of positions",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_event_log", "1", "'position_key'"),
		.sql = key_of_positions,
	},
	{
		.number = 12,
		.name = "idempotency keys",
		.satisfied =
			"SELECT " HAS_COLUMNS("directmessages_idempotency_key", "6",
					      "'user_id', 'key', 'message_id', 'recipient_id', 'fingerprint', 'at'"),
		.sql = idempotency_keys,
	},
	{
		.number = 13,
		.name = "blocks",
		.satisfied = "SELECT count(*) = 3 FROM sqlite_master WHERE name IN ('directmessages_block',"
			     " 'directmessages_block_newest', 'directmessages_block_blocked')",
		.sql = blocks,
	},
	{
		.number = 14,
		.name = "the inbox",
		.satisfied = "SELECT count(*) = 3 FROM sqlite_master WHERE name IN ('directmessages_inbox',"
			     " 'directmessages_inbox_order', 'directmessages_inbox_fold')",
		.sql = inbox,
	},
	{
		.number = 15,
		.name = "messages in the inbox",
		.satisfied = "SELECT is_filled FROM directmessages_inbox_fold",
		.begin = SQL_INBOX_FILL_BEGIN,
		.piece = SQL_INBOX_FILL,
		.left = SQL_INBOX_FILL_LEFT,
		.sql = SQL_INBOX_FILL_END "UPDATE directmessages_inbox_fold SET is_filled = true",
	},
	{
		.number = 16,
		.name = "the trace of events",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_event", "1", "'traceparent'"),
		.sql = trace_of_events,
	},
	{
		.number = 17,
		.name = "the trace of deliveries",
		.satisfied = "SELECT " HAS_COLUMNS("directmessages_delivery", "1", "'traceparent'"),
		.sql = trace_of_deliveries,
	},
	{
		.number = 18,
		.name = "new partners",
		.satisfied = "SELECT count(*) = 3 FROM sqlite_master WHERE name IN ('directmessages_new_partner',"
			     " 'directmessages_new_partner_started', 'directmessages_new_partner_partner')",
		.sql = new_partners,
	},
};
const size_t migrations_count = ARRAY_LENGTH(migrations);
