/* SPDX-License-Identifier: MIT */
/* administration_calls.c - the calls of administration.h: each runs operations and waits. */
#include "service.h"

#include "arguments.h"
#include "failure.h"

/* How many bytes of content one operation lends. */
#define FIND_BYTES ((size_t)1 << 20)

/* ---- messages ------------------------------------------------------------------------------------------------ */

/* A caller's row function, and how many rows it may still get. */
struct found_rows {
	dm_stored_message_row *row;
	void *context;
	size_t left;
	bool enough;
};

static bool pass_on(void *context, const struct dm_stored_message *message)
{
	struct found_rows *rows = context;

	rows->left--;
	rows->enough = !rows->row(rows->context, message) || rows->left == 0;
	return !rows->enough;
}

enum dm_status dm_messages_find(dm *handle, const struct dm_message_search *search, dm_stored_message_row *row,
				void *context, struct dm_error *error)
{
	struct dm_message_search wanted = DM_MESSAGE_SEARCH_INIT;
	struct dm_error own = {0};
	struct found_rows rows = {.row = row, .context = context};
	struct dm_operation operation = {.kind = DM_OP_MESSAGES_FIND, .context = &rows};
	struct dm_op_messages_find *find = &operation.messages_find;
	enum dm_status status;

	if (search && arguments_copy(&wanted, sizeof(wanted), search, "dm_message_search", &own) != DM_OK)
		return report(error, own.status, &own);
	rows.left = wanted.limit > 0 ? wanted.limit : SIZE_MAX;
	*find = (struct dm_op_messages_find){.user_id = wanted.user_id,
					     .partner_id = wanted.partner_id,
					     .since = wanted.since,
					     .until = wanted.until,
					     .max_bytes = FIND_BYTES,
					     .on_message = row ? pass_on : NULL};
	do {
		find->limit = rows.left < DM_MAX_FIND ? rows.left : DM_MAX_FIND;
		find->has_position = find->more;
		find->position = find->next_position;
		find->row_id = find->next_row_id;
		status = service_run(handle, &operation, error);
	} while (status == DM_OK && find->more && !rows.enough);
	return status;
}

enum dm_status dm_send_unrestricted(dm *handle, int64_t sender_id, int64_t recipient_id, struct dm_text content,
				    struct dm_message *sent, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_SEND,
					 .send = {.sender_id = sender_id,
						  .recipient_id = recipient_id,
						  .content = content,
						  .unrestricted = true}};
	enum dm_status status = service_run(handle, &operation, error);

	if (sent)
		*sent = operation.send.message;
	return status;
}

enum dm_status dm_message_delete(dm *handle, int64_t message_id, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_MESSAGE_DELETE, .message_delete = {.message_id = message_id}};

	return service_run(handle, &operation, error);
}

enum dm_status dm_messages_purge(dm *handle, const struct dm_purge_options *options, int64_t *removed,
				 struct dm_error *error)
{
	struct dm_purge_options wanted;
	struct dm_error own = {0};
	struct dm_operation operation = {.kind = DM_OP_MESSAGES_PURGE};
	struct dm_op_messages_purge *purge = &operation.messages_purge;
	enum dm_status status;
	int64_t all = 0;
	bool goes_on;

	if (removed)
		*removed = 0;
	if (!options)
		return service_refuse_null(error);
	if (arguments_copy(&wanted, sizeof(wanted), options, "dm_purge_options", &own) != DM_OK)
		return report(error, own.status, &own);
	*purge = (struct dm_op_messages_purge){
		.hidden_by_both = wanted.hidden_by_both, .dry_run = wanted.dry_run, .before = wanted.before};
	do {
		purge->after = purge->next_after;
		status = service_run(handle, &operation, error);
		goes_on = status == DM_OK && purge->next_after != 0;
		all += purge->removed;
		if (status == DM_OK && wanted.on_progress)
			goes_on = wanted.on_progress(wanted.context, all, goes_on ? purge->next_after : purge->last_id,
						     purge->last_id) &&
				  goes_on;
	} while (goes_on);
	if (removed)
		*removed = status == DM_OK ? all : 0;
	return status;
}

/* ---- one person's data --------------------------------------------------------------------------------------- */

enum dm_status dm_user_messages(dm *handle, int64_t user_id, dm_stored_message_row *row, void *context,
				struct dm_error *error)
{
	struct dm_operation operation = {
		.kind = DM_OP_USER_MESSAGES,
		.context = context,
		.user_messages = {.user_id = user_id, .max_bytes = FIND_BYTES, .on_message = row}};
	enum dm_status status;

	do
		status = service_run(handle, &operation, error);
	while (status == DM_OK && operation.user_messages.more);
	return status;
}

static void add_up(struct dm_erased *all, const struct dm_erased *piece)
{
	all->blanked += piece->blanked;
	all->hidden += piece->hidden;
	all->deleted += piece->deleted;
}

enum dm_status dm_user_erase(dm *handle, int64_t user_id, enum dm_erase_messages messages,
			     bool (*on_progress)(void *context, const struct dm_erased *erased), void *context,
			     struct dm_erased *erased, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_USER_ERASE,
					 .user_erase = {.user_id = user_id, .messages = messages}};
	struct dm_erased all = {0};
	enum dm_status status;
	bool goes_on;

	do {
		status = service_run(handle, &operation, error);
		add_up(&all, &operation.user_erase.erased);
		goes_on = status == DM_OK && operation.user_erase.more;
		if (status == DM_OK && on_progress)
			goes_on = on_progress(context, &all) && goes_on;
	} while (goes_on);
	if (erased)
		*erased = status == DM_OK ? all : (struct dm_erased){0};
	return status;
}
