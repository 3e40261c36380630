/* SPDX-License-Identifier: MIT */
/* message_calls.c - the calls of messages.h: each runs an operation and waits. */
#include "service.h"

#include "arguments.h"
#include "failure.h"

#include <stdlib.h>

enum dm_status dm_send(dm *handle, int64_t sender_id, int64_t recipient_id, struct dm_text content,
		       struct dm_message *sent, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_SEND, .send = {.sender_id = sender_id, .recipient_id = recipient_id, .content = content}};
	enum dm_status status = service_run(handle, &operation, error);

	if (sent)
		*sent = operation.send.message;
	return status;
}

enum dm_status dm_send_once(dm *handle, int64_t sender_id, int64_t recipient_id, struct dm_text content,
			    const char *key, struct dm_message *sent, bool *replayed, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_SEND,
					 .send = {.sender_id = sender_id,
						  .recipient_id = recipient_id,
						  .content = content,
						  .idempotency_key = key}};
	enum dm_status status = key ? service_run(handle, &operation, error) : service_refuse_null(error);

	if (sent)
		*sent = operation.send.message;
	if (replayed)
		*replayed = operation.send.replayed;
	return status;
}

enum dm_status dm_unread_messages(dm *handle, int64_t user_id, dm_message_row *row, void *context,
				  struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_UNREAD_MESSAGES,
					 .context = context,
					 .unread_messages = {.user_id = user_id, .on_message = row}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_unread_count(dm *handle, int64_t user_id, int64_t *count, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_UNREAD_COUNT, .unread_count = {.user_id = user_id}};
	enum dm_status status = service_run(handle, &operation, error);

	if (count)
		*count = operation.unread_count.count;
	return status;
}

enum dm_status dm_unread_count_from(dm *handle, int64_t user_id, int64_t partner_id, int64_t *count,
				    struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_UNREAD_COUNT,
					 .unread_count = {.user_id = user_id, .partner_id = partner_id}};
	enum dm_status status = service_run(handle, &operation, error);

	if (count)
		*count = operation.unread_count.count;
	return status;
}

enum dm_status dm_unread_by_partner(dm *handle, int64_t user_id, dm_unread_row *row, void *context,
				    struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_UNREAD_BY_PARTNER,
					 .context = context,
					 .unread_by_partner = {.user_id = user_id, .on_unread = row}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_get_message(dm *handle, int64_t user_id, int64_t message_id, dm_message_row *row, void *context,
			      struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_MESSAGE,
					 .context = context,
					 .message = {.message_id = message_id, .user_id = user_id, .on_message = row}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_mark_read(dm *handle, int64_t message_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_MARK_READ, .mark_read = {.message_id = message_id}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_hide_message(dm *handle, int64_t user_id, int64_t message_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_HIDE, .hide = {.user_id = user_id, .message_id = message_id}};

	return service_run(handle, &operation, error);
}

/* ---- a message's text ---------------------------------------------------------------------------------------- */

/* The text of a message, which becomes the caller's, and its sender. */
struct read_text {
	int64_t sender_id;
	char *text; /* NULL: no memory */
	size_t length;
};

static void put_text(struct read_text *read, struct dm_text before, const char *between, struct dm_text after)
{
	size_t gap = strlen(between);

	read->length = before.length + gap + after.length;
	read->text = malloc(read->length + 1);
	if (!read->text)
		return;
	if (before.length > 0)
		memcpy(read->text, before.data, before.length);
	memcpy(read->text + before.length, between, gap);
	if (after.length > 0)
		memcpy(read->text + before.length + gap, after.data, after.length);
	read->text[read->length] = '\0';
}

static bool copy_content(void *context, const struct dm_message *message)
{
	struct read_text *read = context;

	read->sender_id = message->sender_id;
	put_text(read, DM_TEXT(""), "", message->content);
	return false;
}

static bool put_email_before(void *context, const struct dm_user *user)
{
	struct read_text *read = context;
	char *content = read->text;

	put_text(read, user->email, ": ", (struct dm_text){content, read->length});
	free(content);
	return false;
}

/* Marks the message as read and gives its content, or "email: content", in *read: NULL after a failure. */
static enum dm_status read_text(dm *handle, int64_t message_id, bool formatted, struct read_text *read,
				struct dm_error *error)
{
	static const struct dm_error no_memory = {DM_NO_MEMORY, "out of memory"};
	struct dm_operation get = {.kind = DM_OP_MESSAGE,
				   .context = read,
				   .message = {.message_id = message_id, .on_message = copy_content}};
	enum dm_status status = dm_mark_read(handle, message_id, error);

	if (status == DM_OK)
		status = service_run(handle, &get, error);
	if (status == DM_OK && read->text && formatted)
		status = dm_user_by_id(handle, read->sender_id, put_email_before, read, error);
	if (status == DM_OK && !read->text)
		status = report(error, DM_NO_MEMORY, &no_memory);
	if (status != DM_OK) {
		free(read->text);
		*read = (struct read_text){0};
	}
	return status;
}

static enum dm_status read_message(dm *handle, int64_t message_id, bool formatted, char **text, size_t *length,
				   struct dm_error *error)
{
	struct read_text read = {0};
	enum dm_status status =
		text ? read_text(handle, message_id, formatted, &read, error) : service_refuse_null(error);

	if (text)
		*text = read.text;
	if (length)
		*length = read.length;
	return status;
}

enum dm_status dm_read_message(dm *handle, int64_t message_id, char **text, size_t *length, struct dm_error *error)
{
	return read_message(handle, message_id, false, text, length, error);
}

enum dm_status dm_read_message_formatted(dm *handle, int64_t message_id, char **text, size_t *length,
					 struct dm_error *error)
{
	return read_message(handle, message_id, true, text, length, error);
}

/* ---- conversations ------------------------------------------------------------------------------------------- */

enum dm_status dm_conversations(dm *handle, int64_t user_id, dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_PARTNERS, .context = context, .partners = {.user_id = user_id, .on_user = row}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_conversation(dm *handle, int64_t user_id, int64_t partner_id,
			       const struct dm_conversation_options *options, dm_message_row *row, void *context,
			       struct dm_error *error)
{
	struct dm_conversation_options chosen = DM_CONVERSATION_OPTIONS_INIT;
	struct dm_operation list = {.kind = DM_OP_CONVERSATION,
				    .context = context,
				    .conversation = {.user_id = user_id, .partner_id = partner_id, .on_message = row}};
	struct dm_error own = {0};

	if (options && arguments_copy(&chosen, sizeof(chosen), options, "dm_conversation_options", &own) != DM_OK)
		return report(error, own.status, &own);
	if (chosen.mark_read) {
		enum dm_status status = dm_mark_conversation_read(handle, user_id, partner_id, NULL, error);

		if (status != DM_OK)
			return status;
	}
	list.conversation.page.reverse = !chosen.newest_first;
	list.conversation.page.limit = chosen.limit;
	return service_run(handle, &list, error);
}

enum dm_status dm_all_messages(dm *handle, int64_t user_id, size_t limit, dm_message_row *row, void *context,
			       struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_ALL_MESSAGES,
					 .context = context,
					 .all_messages = {.user_id = user_id, .limit = limit, .on_message = row}};

	return service_run(handle, &operation, error);
}
