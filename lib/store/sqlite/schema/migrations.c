/* SPDX-License-Identifier: MIT */
/* migrations.c - the numbered steps of the schema. A step that was released is never changed; add another. */
#include "migrate.h"

#include "django_migrations.h"
#include "user_table.h"

/* Django's own tables, to the byte as Django 4.2 to 6.0 makes them with django.contrib.auth, rest_framework.authtoken
 * and the reference's three migrations, and its record of these, so that a Django project finds its work done. The one
 * addition is the CHECK at the end of directmessages_message. */
static const char django_tables[] =
	"CREATE TABLE \"django_migrations\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"app\" "
	"varchar(255) NOT NULL, \"name\" varchar(255) NOT NULL, \"applied\" datetime NOT NULL);"
	"CREATE TABLE \"django_content_type\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "
	"\"app_label\" varchar(100) NOT NULL, \"model\" varchar(100) NOT NULL);"
	"CREATE TABLE \"auth_permission\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "
	"\"content_type_id\" integer NOT NULL REFERENCES \"django_content_type\" (\"id\") DEFERRABLE "
	"INITIALLY DEFERRED, \"codename\" varchar(100) NOT NULL, \"name\" varchar(255) NOT NULL);"
	"CREATE TABLE \"auth_group\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"name\" "
	"varchar(150) NOT NULL UNIQUE);"
	"CREATE TABLE \"auth_group_permissions\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "
	"\"group_id\" integer NOT NULL REFERENCES \"auth_group\" (\"id\") DEFERRABLE INITIALLY DEFERRED, "
	"\"permission_id\" integer NOT NULL REFERENCES \"auth_permission\" (\"id\") DEFERRABLE INITIALLY "
	"DEFERRED);"
	"CREATE TABLE \"auth_user\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"password\" "
	"varchar(128) NOT NULL, \"last_login\" datetime NULL, \"is_superuser\" bool NOT NULL, \"username\" "
	"varchar(150) NOT NULL UNIQUE, \"last_name\" varchar(150) NOT NULL, \"email\" varchar(254) NOT NULL, "
	"\"is_staff\" bool NOT NULL, \"is_active\" bool NOT NULL, \"date_joined\" datetime NOT NULL, "
	"\"first_name\" varchar(150) NOT NULL);"
	"CREATE TABLE \"auth_user_groups\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, \"user_id\" "
	"integer NOT NULL REFERENCES \"auth_user\" (\"id\") DEFERRABLE INITIALLY DEFERRED, \"group_id\" "
	"integer NOT NULL REFERENCES \"auth_group\" (\"id\") DEFERRABLE INITIALLY DEFERRED);"
	"CREATE TABLE \"auth_user_user_permissions\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "
	"\"user_id\" integer NOT NULL REFERENCES \"auth_user\" (\"id\") DEFERRABLE INITIALLY DEFERRED, "
	"\"permission_id\" integer NOT NULL REFERENCES \"auth_permission\" (\"id\") DEFERRABLE INITIALLY "
	"DEFERRED);"
	"CREATE TABLE \"authtoken_token\" (\"key\" varchar(40) NOT NULL PRIMARY KEY, \"created\" datetime "
	"NOT NULL, \"user_id\" integer NOT NULL UNIQUE REFERENCES \"auth_user\" (\"id\") DEFERRABLE "
	"INITIALLY DEFERRED);"
	"CREATE TABLE \"directmessages_message\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "
	"\"content\" text NOT NULL, \"read_at\" datetime NULL, \"recipient_id\" integer NOT NULL REFERENCES "
	"\"auth_user\" (\"id\") DEFERRABLE INITIALLY DEFERRED, \"sender_id\" integer NOT NULL REFERENCES "
	"\"auth_user\" (\"id\") DEFERRABLE INITIALLY DEFERRED, \"sent_at\" datetime NOT NULL, "
	"\"hidden_for_recipient\" datetime NULL, \"hidden_for_sender\" datetime NULL, CONSTRAINT "
	"\"directmessages_not_to_self\" CHECK (\"sender_id\" <> \"recipient_id\"));"
	"CREATE INDEX \"auth_group_permissions_group_id_b120cbf9\" ON \"auth_group_permissions\" "
	"(\"group_id\");"
	"CREATE UNIQUE INDEX \"auth_group_permissions_group_id_permission_id_0cd325b0_uniq\" ON "
	"\"auth_group_permissions\" (\"group_id\", \"permission_id\");"
	"CREATE INDEX \"auth_group_permissions_permission_id_84c5c92e\" ON \"auth_group_permissions\" "
	"(\"permission_id\");"
	"CREATE INDEX \"auth_permission_content_type_id_2f476e4b\" ON \"auth_permission\" "
	"(\"content_type_id\");"
	"CREATE UNIQUE INDEX \"auth_permission_content_type_id_codename_01ab375a_uniq\" ON "
	"\"auth_permission\" (\"content_type_id\", \"codename\");"
	"CREATE INDEX \"auth_user_groups_group_id_97559544\" ON \"auth_user_groups\" (\"group_id\");"
	"CREATE INDEX \"auth_user_groups_user_id_6a12ed8b\" ON \"auth_user_groups\" (\"user_id\");"
	"CREATE UNIQUE INDEX \"auth_user_groups_user_id_group_id_94350c0c_uniq\" ON \"auth_user_groups\" "
	"(\"user_id\", \"group_id\");"
	"CREATE INDEX \"auth_user_user_permissions_permission_id_1fbb5f2c\" ON "
	"\"auth_user_user_permissions\" (\"permission_id\");"
	"CREATE INDEX \"auth_user_user_permissions_user_id_a95ead1b\" ON \"auth_user_user_permissions\" "
	"(\"user_id\");"
	"CREATE UNIQUE INDEX \"auth_user_user_permissions_user_id_permission_id_14a6b632_uniq\" ON "
	"\"auth_user_user_permissions\" (\"user_id\", \"permission_id\");"
	"CREATE INDEX \"directmessages_message_recipient_id_9b79a385\" ON \"directmessages_message\" "
	"(\"recipient_id\");"
	"CREATE INDEX \"directmessages_message_sender_id_5eeeffb9\" ON \"directmessages_message\" "
	"(\"sender_id\");"
	"CREATE UNIQUE INDEX \"django_content_type_app_label_model_76bd3d3b_uniq\" ON "
	"\"django_content_type\" (\"app_label\", \"model\");"
	"INSERT INTO django_migrations (app, name, applied) SELECT column1, column2, strftime('%Y-%m-%d %H:%M:%f000', 'now') FROM (VALUES " DJANGO_MIGRATIONS
	");";

/* 1 where a table has all these columns. */
#define HAS_COLUMNS(table, count, columns) \
	"(SELECT count(*) FROM pragma_table_info('" table "') WHERE name IN (" columns ")) = " count

#define HAS_TOKENS HAS_COLUMNS("authtoken_token", "3", "'key', 'created', 'user_id'")
#define HAS_MESSAGES \
	HAS_COLUMNS("directmessages_message", "8", \
		    "'id', 'content', 'sent_at', 'read_at', 'recipient_id', 'sender_id', 'hidden_for_sender'," \
		    " 'hidden_for_recipient'")

/* Visible messages by either end, so that hidden ones cost nothing, and the unread ones. */
static const char indexes[] =
	"CREATE INDEX IF NOT EXISTS directmessages_sent ON directmessages_message (sender_id, recipient_id, sent_at)"
	" WHERE hidden_for_sender IS NULL;"
	"CREATE INDEX IF NOT EXISTS directmessages_received ON directmessages_message (recipient_id, sender_id, sent_at)"
	" WHERE hidden_for_recipient IS NULL;"
	"CREATE INDEX IF NOT EXISTS directmessages_unread ON directmessages_message (recipient_id, sender_id)"
	" WHERE read_at IS NULL AND hidden_for_recipient IS NULL;";

/* Nothing but the primary key, so that writing costs little. The row of kind 0 is the beginning: it is the position
 * before the first event. The newest row is never removed, so an id never comes again, without AUTOINCREMENT. */
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

/* The outbox. Of deliveries there is one index, of those that wait: a delivery that is taken at once costs a row. Their
 * ids never come again: the end of a delivery whose webhook was deleted meanwhile is not to end another's. */
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

/* What tells one event from another that a restored file has at the same place: a number of its own, and one of the
 * log. Rows from before these steps have but the log's. */
static const char numbers_of_events[] = "ALTER TABLE directmessages_event ADD COLUMN nonce integer NOT NULL DEFAULT 0;";
static const char number_of_log[] = "CREATE TABLE directmessages_event_log (epoch integer NOT NULL);"
				    "INSERT INTO directmessages_event_log (epoch) VALUES (random());";

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
};
const size_t migrations_count = ARRAY_LENGTH(migrations);
