/* SPDX-License-Identifier: MIT */
/* calls.c - the plain calls of directmessages.h and directmessages_events.h: each is an operation that is waited for.
 */
#include "service.h"

#include "arguments.h"
#include "directmessages_events.h"
#include "failure.h"
#include "password.h"

#include <stdlib.h>
#include <string.h>

/* For a call that was given NULL for what it gives, or needs. */
static enum dm_status refuse_null(struct dm_error *error)
{
	static const struct dm_error refused = {DM_INVALID, "a pointer that this call needs is NULL; give one"};

	return report(error, refused.status, &refused);
}

enum dm_status dm_send(dm *handle, int64_t sender_id, int64_t recipient_id, struct dm_text content,
		       struct dm_message *sent, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_SEND, .user_id = sender_id, .partner_id = recipient_id, .text = content};
	enum dm_status status = service_run(handle, &operation, error);

	if (status == DM_OK && sent)
		*sent = operation.message;
	return status;
}

enum dm_status dm_unread_messages(dm *handle, int64_t user_id, dm_message_row *row, void *context,
				  struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_UNREAD_MESSAGES, .user_id = user_id, .on_message = row, .context = context};

	return service_run(handle, &operation, error);
}

enum dm_status dm_unread_count(dm *handle, int64_t user_id, int64_t *count, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_UNREAD_COUNT, .user_id = user_id};
	enum dm_status status = service_run(handle, &operation, error);

	if (count)
		*count = operation.count;
	return status;
}

enum dm_status dm_mark_read(dm *handle, int64_t message_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_MARK_READ, .message_id = message_id};

	return service_run(handle, &operation, error);
}

/* A message's text on its way to the caller, and who wrote it. */
struct read_text {
	int64_t sender_id;
	char *text;
	size_t length;
};

static bool put_text(struct read_text *read, struct dm_text before, const char *between, struct dm_text after)
{
	size_t gap = strlen(between);

	read->length = before.length + gap + after.length;
	read->text = malloc(read->length + 1);
	if (!read->text)
		return false;
	if (before.length > 0)
		memcpy(read->text, before.data, before.length);
	memcpy(read->text + before.length, between, gap);
	if (after.length > 0)
		memcpy(read->text + before.length + gap, after.data, after.length);
	read->text[read->length] = '\0';
	return true;
}

static bool copy_content(void *context, const struct dm_message *message)
{
	struct read_text *read = context;

	read->sender_id = message->sender_id;
	put_text(read, (struct dm_text){"", 0}, "", message->content);
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

static enum dm_status read_message(dm *handle, int64_t message_id, bool formatted, char **text, size_t *length,
				   struct dm_error *error)
{
	static const struct dm_error no_memory = {DM_NO_MEMORY, "out of memory"};
	struct read_text read = {0};
	struct dm_operation get = {
		.kind = DM_OP_MESSAGE, .message_id = message_id, .on_message = copy_content, .context = &read};
	enum dm_status status = text ? dm_mark_read(handle, message_id, error) : refuse_null(error);

	if (status == DM_OK)
		status = service_run(handle, &get, error);
	if (status == DM_OK && read.text && formatted)
		status = dm_user_by_id(handle, read.sender_id, put_email_before, &read, error);
	if (status == DM_OK && !read.text)
		status = report(error, DM_NO_MEMORY, &no_memory);
	if (status != DM_OK) {
		free(read.text);
		return status;
	}
	*text = read.text;
	if (length)
		*length = read.length;
	return DM_OK;
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

enum dm_status dm_conversations(dm *handle, int64_t user_id, dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_PARTNERS, .user_id = user_id, .on_user = row, .context = context};

	return service_run(handle, &operation, error);
}

enum dm_status dm_conversation(dm *handle, int64_t user_id, int64_t partner_id,
			       const struct dm_conversation_options *options, dm_message_row *row, void *context,
			       struct dm_error *error)
{
	static const struct dm_conversation_options defaults = {0};
	const struct dm_conversation_options *chosen = options ? options : &defaults;
	struct dm_operation mark = {.kind = DM_OP_MARK_CONVERSATION_READ, .user_id = user_id, .partner_id = partner_id};
	struct dm_operation list = {.kind = DM_OP_CONVERSATION,
				    .user_id = user_id,
				    .partner_id = partner_id,
				    .page = {.reverse = !chosen->newest_first, .limit = chosen->limit},
				    .on_message = row,
				    .context = context};
	enum dm_status status = DM_OK;

	if (chosen->mark_read)
		do
			status = service_run(handle, &mark, error);
		while (status == DM_OK && mark.marking.more);
	return status == DM_OK ? service_run(handle, &list, error) : status;
}

enum dm_status dm_unread_by_partner(dm *handle, int64_t user_id, dm_unread_row *row, void *context,
				    struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_UNREAD_BY_PARTNER, .user_id = user_id, .on_unread = row, .context = context};

	return service_run(handle, &operation, error);
}

enum dm_status dm_delete_message(dm *handle, int64_t user_id, int64_t message_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_HIDE, .user_id = user_id, .message_id = message_id};

	return service_run(handle, &operation, error);
}

enum dm_status dm_all_messages(dm *handle, int64_t user_id, size_t limit, dm_message_row *row, void *context,
			       struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_ALL_MESSAGES,
					 .user_id = user_id,
					 .page = {.limit = limit},
					 .on_message = row,
					 .context = context};

	return service_run(handle, &operation, error);
}

enum dm_status dm_events(dm *handle, int64_t user_id, struct dm_event_position *position, size_t limit, int64_t *places,
			 dm_event_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS,
					 .user_id = user_id,
					 .event = position ? *position : (struct dm_event_position){0, 0},
					 .page = {.limit = limit},
					 .on_event = row,
					 .context = context};
	enum dm_status status = position ? service_run(handle, &operation, error) : refuse_null(error);

	if (position)
		*position = operation.event;
	if (places)
		*places = operation.count;
	return status;
}

enum dm_status dm_events_newest(dm *handle, struct dm_event_position *position, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS_NEWEST};
	enum dm_status status = service_run(handle, &operation, error);

	if (position)
		*position = operation.event;
	return status;
}

enum dm_status dm_events_trim(dm *handle, int64_t before, size_t keep, int64_t *removed, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS_TRIM, .page = {.position = before, .limit = keep}};
	enum dm_status status = service_run(handle, &operation, error);

	if (removed)
		*removed = operation.count;
	return status;
}

enum dm_status dm_user_create(dm *handle, const struct dm_new_user *user, int64_t *id, struct dm_error *error)
{
	char password[PASSWORD_SIZE];
	struct dm_operation operation = {.kind = DM_OP_USER_CREATE, .new_user = user};
	struct dm_error own = {0};
	enum dm_status status = arguments_check(&operation, &own);

	if (status == DM_OK)
		status = rules_check_new_user(user, &own); /* before the password, which takes its time */
	if (status == DM_OK && !password_encode(user->password, password))
		status = fail(&own, DM_UNAVAILABLE, "the system gives no random numbers; try again later");
	if (status != DM_OK)
		return report(error, status, &own);
	operation.text = (struct dm_text){password, strlen(password)};
	status = service_run(handle, &operation, error);
	if (status == DM_OK && id)
		*id = operation.count;
	return status;
}

enum dm_status dm_user_by_id(dm *handle, int64_t user_id, dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_USER_BY_ID, .user_id = user_id, .on_user = row, .context = context};

	return service_run(handle, &operation, error);
}

enum dm_status dm_user_by_name(dm *handle, struct dm_text username, dm_user_row *row, void *context,
			       struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_USER_BY_NAME, .text = username, .on_user = row, .context = context};

	return service_run(handle, &operation, error);
}

enum dm_status dm_users(dm *handle, dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_USERS, .on_user = row, .context = context};

	return service_run(handle, &operation, error);
}

enum dm_status dm_user_set_active(dm *handle, struct dm_text username, bool active, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_USER_SET_ACTIVE, .text = username, .flag = active};

	return service_run(handle, &operation, error);
}

enum dm_status dm_token_create(dm *handle, struct dm_text username, bool reset, char key[DM_TOKEN_LENGTH + 1],
			       struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_TOKEN_CREATE, .text = username, .flag = reset};
	enum dm_status status = key ? service_run(handle, &operation, error) : refuse_null(error);

	if (status == DM_OK)
		memcpy(key, operation.key, DM_TOKEN_LENGTH + 1);
	return status;
}

enum dm_status dm_token_revoke(dm *handle, struct dm_text username, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_TOKEN_REVOKE, .text = username};

	return service_run(handle, &operation, error);
}

enum dm_status dm_authenticate(dm *handle, struct dm_text key, dm_user_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_AUTHENTICATE, .partner_id = -1, .text = key, .on_user = row, .context = context};

	return service_run(handle, &operation, error);
}
