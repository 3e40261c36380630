/* SPDX-License-Identifier: MIT */
/* migrations.c - the numbered steps of the schema. A step that was released is never changed; add another. */
#include "migrate.h"

/* True where a table has all these columns. */
#define HAS_COLUMNS(table, count, columns) \
	"(SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('" table "') AND attnum > 0" \
	" AND NOT attisdropped AND attname IN (" columns ")) = " count

#define HAS_TOKENS HAS_COLUMNS("authtoken_token", "3", "'key', 'created', 'user_id'")
#define HAS_MESSAGES \
	HAS_COLUMNS("directmessages_message", "8", \
		    "'id', 'content', 'sent_at', 'read_at', 'recipient_id', 'sender_id', 'hidden_for_sender'," \
		    " 'hidden_for_recipient'")

/* Visible messages by either end in the order of a page, so that hidden ones cost nothing, and the unread ones. */
static const struct migration_index indexes[] = {
	{"directmessages_sent",
	 "directmessages_message (sender_id, recipient_id, sent_at, id) WHERE hidden_for_sender IS NULL"},
	{"directmessages_received",
	 "directmessages_message (recipient_id, sender_id, sent_at, id) WHERE hidden_for_recipient IS NULL"},
	{"directmessages_unread", "directmessages_message (recipient_id, sender_id) WHERE read_at IS NULL"
				  " AND hidden_for_recipient IS NULL"},
	{0},
};

const struct migration pg_migrations[] = {
	{
		.number = 1,
		.name = "Django's tables",
		.satisfied = "SELECT to_regclass({'users'}) IS NOT NULL AND " HAS_TOKENS " AND " HAS_MESSAGES,
		.possible = "SELECT {'users'} = '\"auth_user\"' AND NOT EXISTS (SELECT 1 FROM pg_class"
			    " WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(oid)"
			    " AND (relname LIKE 'auth\\_%' OR relname IN ('django_migrations', 'django_content_type',"
			    " 'authtoken_token', 'directmessages_message')))",
		.refusal =
			"the database has not all that is needed of Django's tables: the users', authtoken_token and "
			"directmessages_message; run the Django project's own 'manage.py migrate' first",
		.sql = pg_django_tables,
	},
	{
		.number = 2,
		.name = "indexes of conversations and unread messages",
		.satisfied =
			"SELECT count(*) = 3 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
			" WHERE i.indrelid = to_regclass('directmessages_message') AND i.indisvalid AND c.relname IN"
			" ('directmessages_sent', 'directmessages_received', 'directmessages_unread')",
		.indexes = indexes,
	},
};
const size_t pg_migrations_count = ARRAY_LENGTH(pg_migrations);
