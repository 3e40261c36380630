/* SPDX-License-Identifier: MIT */
/* django_schema.h - what both backends know of Django's tables, which our first migration makes, or Django before us.
 */
#ifndef DJANGO_SCHEMA_H
#define DJANGO_SCHEMA_H

/* SQL conditions: the tables have all columns that we use. A backend defines HAS_COLUMNS(table, count, columns). */
#define HAS_TOKENS HAS_COLUMNS("authtoken_token", "3", "'key', 'created', 'user_id'")
#define HAS_MESSAGES \
	HAS_COLUMNS("directmessages_message", "8", \
		    "'id', 'content', 'sent_at', 'read_at', 'recipient_id', 'sender_id', 'hidden_for_sender'," \
		    " 'hidden_for_recipient'")

/* Which of Django's own migrations make these tables: put on record, so that Django takes the tables for its own. The
 * rows of an SQL VALUES: app, name. */
#define DJANGO_MIGRATIONS \
	"('contenttypes', '0001_initial'), " \
	"('contenttypes', '0002_remove_content_type_name'), " \
	"('auth', '0001_initial'), " \
	"('auth', '0002_alter_permission_name_max_length'), " \
	"('auth', '0003_alter_user_email_max_length'), " \
	"('auth', '0004_alter_user_username_opts'), " \
	"('auth', '0005_alter_user_last_login_null'), " \
	"('auth', '0006_require_contenttypes_0002'), " \
	"('auth', '0007_alter_validators_add_error_messages'), " \
	"('auth', '0008_alter_user_username_max_length'), " \
	"('auth', '0009_alter_user_last_name_max_length'), " \
	"('auth', '0010_alter_group_name_max_length'), " \
	"('auth', '0011_update_proxy_permissions'), " \
	"('auth', '0012_alter_user_first_name_max_length'), " \
	"('authtoken', '0001_initial'), " \
	"('authtoken', '0002_auto_20160226_1747'), " \
	"('authtoken', '0003_tokenproxy'), " \
	"('authtoken', '0004_alter_tokenproxy_options'), " \
	"('directmessages', '0001_initial'), " \
	"('directmessages', '0002_alter_message_sent_at'), " \
	"('directmessages', '0003_message_hidden_for_recipient_and_more')"

#endif
