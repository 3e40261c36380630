/* SPDX-License-Identifier: MIT */
/* migrations.c - the numbered steps of the schema. A step that was released is never changed; add another. */
#include "migrate.h"

/* True where a table has all these columns. */
#define HAS_COLUMNS(table, count, columns) \
	"(SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('" table "') AND attnum > 0" \
	" AND NOT attisdropped AND attname IN (" columns ")) = " count

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
		/* clang-format off */
		.satisfied =
			"SELECT " HAS_COLUMNS("auth_user", "11",
			"'id', 'password', 'last_login', 'is_superuser', 'username', 'last_name', 'email', 'is_staff', "
			"'is_active', 'date_joined', 'first_name'") " AND "
			HAS_COLUMNS("authtoken_token", "3", "'key', 'created', 'user_id'") " AND "
			HAS_COLUMNS("directmessages_message", "8", "'id', 'content', 'sent_at', 'read_at', 'recipient_id', "
			"'sender_id', 'hidden_for_sender', 'hidden_for_recipient'"),
		/* clang-format on */
		.possible = "SELECT count(*) = 0 FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')"
			    " AND pg_table_is_visible(oid) AND (relname LIKE 'auth\\_%'"
			    " OR relname IN ('django_migrations', 'django_content_type', 'authtoken_token',"
			    " 'directmessages_message'))",
		.refusal =
			"the database has some of Django's tables, but not all that is needed of auth_user, authtoken_token and "
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
