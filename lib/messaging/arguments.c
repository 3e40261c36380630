/* SPDX-License-Identifier: MIT */
/* arguments.c - checks what a caller gives: operations, texts, structs with a size. */
#include "arguments.h"

#include "failure.h"
#include "operation_kinds.h"
#include "traceparent.h"

#include <limits.h>

#define MAX_LANES 1024
#define MAX_KEY_LENGTH 255

/* No struct of ours will be as large. A larger size is memory that nobody has set. */
#define MAX_STRUCT_SIZE 4096

/* ---- texts and functions ------------------------------------------------------------------------------------- */

static enum dm_status lacks(struct dm_error *error, const char *what)
{
	return fail(error, DM_INVALID, "the operation has no %s; its kind needs it", what);
}

static bool is_text(struct dm_text text)
{
	return text.length == 0 || (text.data && text.length <= INT_MAX);
}

enum dm_status arguments_check_texts(const struct dm_text *texts, size_t count, struct dm_error *error)
{
	for (size_t i = 0; i < count; i++)
		if (!is_text(texts[i]))
			return fail(error, DM_INVALID,
				    "a text has a length but no data, or is longer than 2 GiB; give its bytes");
	return DM_OK;
}

/* ---- operations ---------------------------------------------------------------------------------------------- */

static enum dm_status check_claim(const struct dm_operation *operation, struct dm_error *error)
{
	int64_t until = operation->deliveries_claim.until;

	if (until > 0 && until < INT64_MAX / 2)
		return DM_OK;
	return fail(error, DM_INVALID, "`until` is not a time; give microseconds since 1970 at which the claim ends");
}

static enum dm_status check_outcome(const struct dm_operation *operation, struct dm_error *error)
{
	if ((unsigned)operation->delivery_result.outcome <= DM_OUTCOME_RELEASED)
		return DM_OK;
	return fail(error, DM_INVALID, "there is no such outcome of a delivery; give a dm_delivery_outcome");
}

static enum dm_status check_state(enum dm_delivery_state state, struct dm_error *error)
{
	if ((unsigned)state <= DM_DELIVERY_FAILED)
		return DM_OK;
	return fail(error, DM_INVALID, "there is no such state of a delivery; give a dm_delivery_state");
}

static enum dm_status check_state_of_all(const struct dm_operation *operation, struct dm_error *error)
{
	return check_state(operation->deliveries.state, error);
}

static enum dm_status check_state_of_page(const struct dm_operation *operation, struct dm_error *error)
{
	return check_state(operation->deliveries_find.state, error);
}

static enum dm_status check_recipient_of_token(const struct dm_operation *operation, struct dm_error *error)
{
	return arguments_check_texts(&operation->authenticate.recipient_name, 1, error);
}

static enum dm_status check_recipient_of_user(const struct dm_operation *operation, struct dm_error *error)
{
	return arguments_check_texts(&operation->active_user.recipient_name, 1, error);
}

static enum dm_status check_key(const struct dm_operation *operation, struct dm_error *error)
{
	const char *key = operation->send.idempotency_key;
	size_t length = 0;

	while (key && length <= MAX_KEY_LENGTH && key[length] >= ' ' && key[length] <= '~')
		length++;
	if (!key || (length > 0 && length <= MAX_KEY_LENGTH && key[length] == '\0'))
		return DM_OK;
	return fail(error, DM_INVALID, "an idempotency key is 1 to 255 printable ASCII characters; give such a key");
}

static enum dm_status check_find(const struct dm_operation *operation, struct dm_error *error)
{
	if (operation->messages_find.partner_id == 0 || operation->messages_find.user_id != 0)
		return DM_OK;
	return fail(error, DM_INVALID, "a partner is named, but no user; name both of a conversation");
}

static enum dm_status check_erase(const struct dm_operation *operation, struct dm_error *error)
{
	if ((unsigned)operation->user_erase.messages <= DM_ERASE_KEEP)
		return DM_OK;
	return fail(error, DM_INVALID, "messages can be blanked, deleted or kept; give a dm_erase_messages");
}

static enum dm_status check_purge(const struct dm_operation *operation, struct dm_error *error)
{
	if (operation->messages_purge.hidden_by_both || operation->messages_purge.before != 0)
		return DM_OK;
	return fail(error, DM_INVALID, "this would purge all messages; say which: hidden by both, or before a time");
}

static enum dm_status check_active(enum dm_active active, struct dm_error *error)
{
	if ((unsigned)active <= DM_ACTIVE_NO)
		return DM_OK;
	return fail(error, DM_INVALID, "`active` is not a dm_active; give one");
}

static enum dm_status check_active_user(const struct dm_operation *operation, struct dm_error *error)
{
	return check_active(operation->user_put.active, error);
}

static enum dm_status check_active_webhook(const struct dm_operation *operation, struct dm_error *error)
{
	return check_active(operation->webhook_update.active, error);
}

static enum dm_status check_inbox(const struct dm_operation *operation, struct dm_error *error)
{
	if (operation->inbox.limit > DM_MAX_INBOX)
		return fail(error, DM_INVALID, "a page of an inbox has at most %d entries; ask for fewer",
			    DM_MAX_INBOX);
	if (operation->inbox.max_preview > DM_MAX_PREVIEW)
		return fail(error, DM_INVALID, "a preview has at most %d characters; ask for fewer", DM_MAX_PREVIEW);
	return DM_OK;
}

static enum dm_status refuse(const struct dm_operation *operation, struct dm_error *error)
{
	(void)operation;
	return fail(error, DM_INVALID, "there is no such kind of operation; give a dm_operation_kind");
}

/* What a kind needs from the caller. Places are offsets in struct dm_operation; 0: none. */
struct kind_needs {
	size_t function; /* a function that must not be NULL */
	const char *function_name;
	size_t texts; /* the first of texts_count texts in a row */
	size_t texts_count;
	enum dm_status (*check)(const struct dm_operation *operation, struct dm_error *error);
};

#define FUNCTION(member, name) .function = offsetof(struct dm_operation, member.name), .function_name = #name

/* One text, or several in a row. If a field of another size stands between them, this does not compile. */
#define TEXT(member, name) TEXTS(member, name, name)
#define DISTANCE(member, first, last) \
	(offsetof(struct dm_operation, member.last) - offsetof(struct dm_operation, member.first))
#define TEXTS(member, first, last) \
	.texts = offsetof(struct dm_operation, member.first), \
	.texts_count = 1 + DISTANCE(member, first, last) / sizeof(struct dm_text) + \
		       0 * sizeof(char[DISTANCE(member, first, last) % sizeof(struct dm_text) == 0 ? 1 : -1])

#define NEEDS(ROW) \
	ROW(DM_OP_NONE, .check = refuse) \
	ROW(DM_OP_AUTHENTICATE, TEXT(authenticate, key), .check = check_recipient_of_token) \
	ROW(DM_OP_USER_BY_ID, 0) \
	ROW(DM_OP_USER_BY_NAME, TEXT(user_by_name, username)) \
	ROW(DM_OP_USERS, FUNCTION(users, on_user)) \
	ROW(DM_OP_UNREAD_COUNT, 0) \
	ROW(DM_OP_UNREAD_BY_PARTNER, FUNCTION(unread_by_partner, on_unread)) \
	ROW(DM_OP_UNREAD_MESSAGES, FUNCTION(unread_messages, on_message)) \
	ROW(DM_OP_PARTNERS, FUNCTION(partners, on_user)) \
	ROW(DM_OP_CONVERSATION, FUNCTION(conversation, on_message)) \
	ROW(DM_OP_MESSAGE, FUNCTION(message, on_message)) \
	ROW(DM_OP_ALL_MESSAGES, FUNCTION(all_messages, on_message)) \
	ROW(DM_OP_EVENTS, FUNCTION(events, on_event)) \
	ROW(DM_OP_EVENTS_NEWEST, 0) \
	ROW(DM_OP_EVENTS_TRIM, 0) \
	ROW(DM_OP_TICKET_CREATE, TEXT(ticket_create, key)) \
	ROW(DM_OP_TICKET_REDEEM, TEXT(ticket_redeem, ticket)) \
	ROW(DM_OP_SEND, TEXT(send, content), .check = check_key) \
	ROW(DM_OP_MARK_CONVERSATION_READ, 0) \
	ROW(DM_OP_MARK_READ, 0) \
	ROW(DM_OP_HIDE, 0) \
	ROW(DM_OP_USER_CREATE, TEXTS(user_create, username, password_hash)) \
	ROW(DM_OP_USER_SET_ACTIVE, TEXT(user_set_active, username)) \
	ROW(DM_OP_USER_PUT, TEXTS(user_put, username, last_name), .check = check_active_user) \
	ROW(DM_OP_USER_DELETE, TEXT(user_delete, username)) \
	ROW(DM_OP_TOKEN_CREATE, TEXT(token_create, username)) \
	ROW(DM_OP_TOKEN_REVOKE, TEXT(token_revoke, username)) \
	ROW(DM_OP_CHECK_SCHEMA, 0) \
	ROW(DM_OP_WEBHOOK_CREATE, TEXTS(webhook_create, url, secret)) \
	ROW(DM_OP_WEBHOOKS, FUNCTION(webhooks, on_webhook)) \
	ROW(DM_OP_WEBHOOK_DELETE, 0) \
	ROW(DM_OP_WEBHOOK_ENABLE, 0) \
	ROW(DM_OP_WEBHOOK_ROTATE, TEXT(webhook_rotate, secret)) \
	ROW(DM_OP_DELIVERIES, FUNCTION(deliveries, on_delivery), .check = check_state_of_all) \
	ROW(DM_OP_DELIVERIES_CLAIM, FUNCTION(deliveries_claim, on_delivery), .check = check_claim) \
	ROW(DM_OP_DELIVERY_RESULT, TEXTS(delivery_result, error, disabled_reason), .check = check_outcome) \
	ROW(DM_OP_DELIVERY_REQUEUE, 0) \
	ROW(DM_OP_DELIVERIES_TRIM, 0) \
	ROW(DM_OP_OUTBOX, 0) \
	ROW(DM_OP_ACTIVE_USER, TEXT(active_user, username), .check = check_recipient_of_user) \
	ROW(DM_OP_MESSAGES_FIND, FUNCTION(messages_find, on_message), .check = check_find) \
	ROW(DM_OP_USER_MESSAGES, FUNCTION(user_messages, on_message)) \
	ROW(DM_OP_USER_ERASE, .check = check_erase) \
	ROW(DM_OP_MESSAGE_DELETE, 0) \
	ROW(DM_OP_MESSAGES_PURGE, .check = check_purge) \
	ROW(DM_OP_EVENTS_NEW_EPOCH, 0) \
	ROW(DM_OP_WEBHOOK_UPDATE, TEXTS(webhook_update, url, secret), .check = check_active_webhook) \
	ROW(DM_OP_DELIVERIES_FIND, FUNCTION(deliveries_find, on_delivery), .check = check_state_of_page) \
	ROW(DM_OP_DELIVERIES_REQUEUE, 0) \
	ROW(DM_OP_BLOCK, 0) \
	ROW(DM_OP_UNBLOCK, 0) \
	ROW(DM_OP_BLOCKS, FUNCTION(blocks, on_blocked)) \
	ROW(DM_OP_INBOX, FUNCTION(inbox, on_entry), .check = check_inbox) \
	ROW(DM_OP_INBOX_FOLD, 0) \
	ROW(DM_OP_INBOX_MEND, 0) \
	ROW(DM_OP_MARK_ALL_READ, 0) \
	ROW(DM_OP_MARK_UNREAD, 0) \
	ROW(DM_OP_HIDE_CONVERSATION, 0)

static const struct kind_needs needs[] = {NEEDS(KIND_ROW)};
KINDS_ARE_COMPLETE(NEEDS);

static bool has_function(const struct dm_operation *operation, size_t offset)
{
	void (*function)(void);

	memcpy(&function, (const char *)operation + offset, sizeof(function));
	return function != NULL;
}

static enum dm_status check_traceparent(struct dm_text text, struct dm_error *error)
{
	if (text.length == 0 || (text.data && text.length == TRACEPARENT_LENGTH &&
				 traceparent_is_good((struct span){text.data, text.length})))
		return DM_OK;
	return fail(
		error, DM_INVALID,
		"the traceparent has not the form of W3C Trace Context, of 55 characters; give a good one, or none");
}

enum dm_status arguments_check(const struct dm_operation *operation, struct dm_error *error)
{
	const struct kind_needs *need = &needs[operation_index(operation)];
	enum dm_status status = DM_OK;

	if (need->function && !has_function(operation, need->function))
		return lacks(error, need->function_name);
	if (need->texts)
		status = arguments_check_texts((const struct dm_text *)((const char *)operation + need->texts),
					       need->texts_count, error);
	if (status == DM_OK && need->check)
		status = need->check(operation, error);
	return status == DM_OK ? check_traceparent(operation->traceparent, error) : status;
}

/* ---- structs that begin with their size ---------------------------------------------------------------------- */

static bool is_zero(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

bool arguments_size_is_valid(size_t size)
{
	return size >= sizeof(size) && size <= MAX_STRUCT_SIZE;
}

enum dm_status arguments_copy(void *own, size_t own_size, const void *given, const char *name, struct dm_error *error)
{
	size_t size = *(const size_t *)given;

	if (!arguments_size_is_valid(size))
		return fail(error, DM_INVALID,
			    "the size in a struct %s can't be %zu; set its member `size` to sizeof(struct %s)", name,
			    size, name);
	if (size > own_size && !is_zero((const char *)given + own_size, size - own_size))
		return fail(error, DM_INVALID,
			    "this struct %s sets an option that the library, version " DIRECTMESSAGES_VERSION
			    ", does not know; install a newer library",
			    name);
	memset(own, 0, own_size);
	memcpy(own, given, size < own_size ? size : own_size);
	return DM_OK;
}

enum dm_status arguments_check_recipients(const int64_t *user_ids, size_t count, struct dm_error *error)
{
	if (count > 0 && (!user_ids || count > SIZE_MAX / 2 / sizeof(*user_ids)))
		return fail(error, DM_INVALID, "the allowed recipients have a count but no array; give both");
	return DM_OK;
}

enum dm_status arguments_copy_options(struct dm_options *own, const struct dm_options *given, struct dm_error *error)
{
	enum dm_status status;

	if (!given)
		return fail(error, DM_INVALID, "no options are given; give DM_OPTIONS_INIT for the defaults");
	status = arguments_copy(own, sizeof(*own), given, "dm_options", error);
	if (status != DM_OK)
		return status;
	if (own->lanes > MAX_LANES)
		return fail(error, DM_INVALID, "%zu lanes are too many; give at most %d", own->lanes, MAX_LANES);
	return arguments_check_recipients(own->allowed_recipients, own->allowed_recipients_count, error);
}
