/* SPDX-License-Identifier: MIT */
/* rules.c - what content, users and webhooks are allowed, and who may message whom. */
#include "rules.h"

#include "failure.h"
#include "secret.h"
#include "utf8.h"

#include <string.h>
#include <strings.h>

/* Less than the limits of SQLite (1,000,000,000 bytes a row) and PostgreSQL (1 GiB a field). */
#define MAX_CONTENT_BYTES 900000000

static bool is_listed(const struct rules *rules, int64_t user_id)
{
	for (size_t i = 0; i < rules->allowed_recipients_count; i++)
		if (rules->allowed_recipients[i] == user_id)
			return true;
	return false;
}

static enum dm_status check_content(const struct rules *rules, struct dm_text content, struct dm_error *error)
{
	if (content.length == 0)
		return fail(error, DM_INVALID, "content is required");
	if (content.length > MAX_CONTENT_BYTES)
		return fail(error, DM_INVALID, "content is larger than a database can hold.");
	if (!utf8_valid(content.data, content.length))
		return fail(error, DM_INVALID, "content is not valid UTF-8.");
	if (memchr(content.data, '\0', content.length))
		return fail(error, DM_INVALID, "Null characters are not allowed.");
	if (content.length > rules->max_content_length &&
	    utf8_count(content.data, content.length) > rules->max_content_length)
		return fail(error, DM_INVALID, "Ensure this field has no more than %zu characters.",
			    rules->max_content_length);
	return DM_OK;
}

enum dm_status rules_check_send(const struct rules *rules, const struct dm_op_send *send, struct dm_error *error)
{
	enum dm_status status = check_content(rules, send->content, error);

	if (status != DM_OK)
		return status;
	if (send->sender_id == send->recipient_id)
		return fail(error, DM_SELF, "You can't send messages to yourself.");
	if (!send->unrestricted && rules->allowed_recipients_count > 0 && !is_listed(rules, send->sender_id) &&
	    !is_listed(rules, send->recipient_id))
		return fail(error, DM_NOT_ALLOWED, "You are not allowed to message this user.");
	return DM_OK;
}

bool rules_limit_partners(const struct rules *rules, const struct dm_op_send *send)
{
	return rules->partners_period > 0 && !send->unrestricted && !is_listed(rules, send->sender_id);
}

enum dm_status rules_check_block(int64_t user_id, int64_t blocked_id, struct dm_error *error)
{
	if (user_id == blocked_id)
		return fail(error, DM_SELF, "You can't block yourself.");
	return DM_OK;
}

static bool is_name_character(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("@.+-_", c) ||
	       c >= 0x80;
}

static bool is_text(struct dm_text text, size_t max_characters)
{
	if (text.length == 0)
		return true;
	return utf8_valid(text.data, text.length) && !memchr(text.data, '\0', text.length) &&
	       utf8_count(text.data, text.length) <= max_characters;
}

static enum dm_status check_username(struct dm_text username, struct dm_error *error)
{
	bool is_good = username.length > 0 && is_text(username, 150);

	for (size_t i = 0; is_good && i < username.length; i++)
		is_good = is_name_character((unsigned char)username.data[i]);
	if (is_good)
		return DM_OK;
	return fail(error, DM_INVALID, "a user name is 1 to 150 letters, digits and @ . + - _; choose such a name");
}

static enum dm_status check_person(struct dm_text email, struct dm_text first_name, struct dm_text last_name,
				   struct dm_error *error)
{
	if (!is_text(email, 254))
		return fail(error, DM_INVALID, "an e-mail address is UTF-8 text of at most 254 characters; shorten it");
	if (!is_text(first_name, 150) || !is_text(last_name, 150))
		return fail(error, DM_INVALID,
			    "a first or last name is UTF-8 text of at most 150 characters; shorten it");
	return DM_OK;
}

enum dm_status rules_check_new_user(const struct dm_op_user_create *user, struct dm_error *error)
{
	enum dm_status status = check_username(user->username, error);

	return status == DM_OK ? check_person(user->email, user->first_name, user->last_name, error) : status;
}

enum dm_status rules_check_user_put(const struct dm_op_user_put *user, struct dm_error *error)
{
	bool may_make = !user->only_change && user->username.data;
	enum dm_status status = may_make ? check_username(user->username, error) : DM_OK;

	return status == DM_OK ? check_person(user->email, user->first_name, user->last_name, error) : status;
}

static bool is_http_url(struct dm_text url)
{
	static const char *const schemes[] = {"http://", "https://"};
	bool has_scheme = false;

	for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
		size_t length = strlen(schemes[i]);

		has_scheme |= url.length > length && strncasecmp(url.data, schemes[i], length) == 0;
	}
	for (size_t i = 0; has_scheme && i < url.length; i++)
		if (url.data[i] <= ' ' || url.data[i] >= 0x7F)
			return false;
	return has_scheme && url.length <= 2000;
}

enum dm_status rules_check_secret(struct dm_text secret, struct dm_error *error)
{
	unsigned char key[SECRET_MAX_KEY_SIZE];
	bool is_good = secret_decode((struct span){secret.data, secret.length}, key) > 0;

	explicit_bzero(key, sizeof(key));
	if (is_good)
		return DM_OK;
	return fail(error, DM_INVALID,
		    "a webhook's secret is whsec_ and the base64 of 24 to 64 bytes; give such a secret");
}

static enum dm_status check_url(struct dm_text url, struct dm_error *error)
{
	if (is_http_url(url))
		return DM_OK;
	return fail(error, DM_INVALID,
		    "a webhook's URL is http:// or https:// and at most 2000 printable ASCII characters in all;"
		    " give such a URL");
}

static enum dm_status check_description(struct dm_text description, struct dm_error *error)
{
	if (is_text(description, 200))
		return DM_OK;
	return fail(error, DM_INVALID, "a description is UTF-8 text of at most 200 characters; shorten it");
}

static enum dm_status check_events(unsigned events, struct dm_error *error)
{
	if (events != 0 && (events & ~DM_WEBHOOK_ALL_EVENTS) == 0)
		return DM_OK;
	return fail(error, DM_INVALID,
		    "a webhook wants message_sent, message_read or message_unread; choose from these");
}

enum dm_status rules_check_new_webhook(const struct dm_op_webhook_create *webhook, struct dm_error *error)
{
	enum dm_status status = check_url(webhook->url, error);

	if (status == DM_OK)
		status = check_description(webhook->description, error);
	if (status == DM_OK)
		status = check_events(webhook->events, error);
	return status == DM_OK ? rules_check_secret(webhook->secret, error) : status;
}

enum dm_status rules_check_webhook_update(const struct dm_op_webhook_update *change, struct dm_error *error)
{
	enum dm_status status = change->url.data ? check_url(change->url, error) : DM_OK;

	if (status == DM_OK)
		status = check_description(change->description, error);
	if (status == DM_OK && change->events != 0)
		status = check_events(change->events, error);
	return status == DM_OK && change->secret.data ? rules_check_secret(change->secret, error) : status;
}
