/* SPDX-License-Identifier: MIT */
/* marking_calls.c - the calls of messages.h that mark and hide at will: each runs an operation, piece by piece. */
#include "service.h"

/* Where a message stands in its conversation. */
struct message_place {
	int64_t sent_at, id;
};

static bool keep_place(void *context, const struct dm_message *message)
{
	*(struct message_place *)context = (struct message_place){message->sent_at, message->id};
	return false;
}

/* DM_NOT_FOUND: the message is not one between the two users. */
static enum dm_status find_place(dm *handle, int64_t user_id, int64_t partner_id, int64_t message_id,
				 struct message_place *place, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_MESSAGE,
					 .context = place,
					 .message = {.message_id = message_id,
						     .user_id = user_id,
						     .partner_id = partner_id,
						     .with_hidden = true,
						     .on_message = keep_place}};

	return service_run(handle, &operation, error);
}

/* Runs all pieces, whose counts are added up in *count: 0 if one of them fails, as after every failure. `more` and
 * `piece` are results of the operation. */
static enum dm_status run_pieces(dm *handle, struct dm_operation *operation, const bool *more, const int64_t *piece,
				 int64_t *count, struct dm_error *error)
{
	enum dm_status status;
	int64_t sum = 0;

	do {
		status = service_run(handle, operation, error);
		sum += *piece;
	} while (status == DM_OK && *more);
	if (count)
		*count = status == DM_OK ? sum : 0;
	return status;
}

static enum dm_status mark_read(dm *handle, const struct dm_op_mark_conversation_read *marking, int64_t *marked,
				struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_MARK_CONVERSATION_READ, .mark_conversation_read = *marking};

	return run_pieces(handle, &operation, &operation.mark_conversation_read.more,
			  &operation.mark_conversation_read.marked, marked, error);
}

enum dm_status dm_mark_conversation_read(dm *handle, int64_t user_id, int64_t partner_id, int64_t *marked,
					 struct dm_error *error)
{
	return mark_read(handle, &(struct dm_op_mark_conversation_read){.user_id = user_id, .partner_id = partner_id},
			 marked, error);
}

enum dm_status dm_mark_read_up_to(dm *handle, int64_t user_id, int64_t partner_id, int64_t message_id, int64_t *marked,
				  struct dm_error *error)
{
	struct message_place last;
	enum dm_status status = find_place(handle, user_id, partner_id, message_id, &last, error);

	if (marked)
		*marked = 0;
	if (status != DM_OK)
		return status;
	return mark_read(handle,
			 &(struct dm_op_mark_conversation_read){.user_id = user_id,
								.partner_id = partner_id,
								.has_last = true,
								.last_sent_at = last.sent_at,
								.last_id = last.id},
			 marked, error);
}

enum dm_status dm_mark_all_read(dm *handle, int64_t user_id, int64_t *marked, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_MARK_ALL_READ, .mark_all_read = {.user_id = user_id}};

	return run_pieces(handle, &operation, &operation.mark_all_read.more, &operation.mark_all_read.marked, marked,
			  error);
}

static enum dm_status mark_unread(dm *handle, const struct dm_op_mark_unread *marking, int64_t *marked,
				  struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_MARK_UNREAD, .mark_unread = *marking};

	return run_pieces(handle, &operation, &operation.mark_unread.more, &operation.mark_unread.marked, marked,
			  error);
}

enum dm_status dm_mark_unread(dm *handle, int64_t user_id, int64_t partner_id, int64_t *marked, struct dm_error *error)
{
	return mark_unread(handle, &(struct dm_op_mark_unread){.user_id = user_id, .partner_id = partner_id}, marked,
			   error);
}

enum dm_status dm_mark_unread_from(dm *handle, int64_t user_id, int64_t partner_id, int64_t message_id, int64_t *marked,
				   struct dm_error *error)
{
	struct message_place first;
	enum dm_status status = find_place(handle, user_id, partner_id, message_id, &first, error);

	if (marked)
		*marked = 0;
	if (status != DM_OK)
		return status;
	return mark_unread(handle,
			   &(struct dm_op_mark_unread){.user_id = user_id,
						       .partner_id = partner_id,
						       .has_first = true,
						       .first_sent_at = first.sent_at,
						       .first_id = first.id},
			   marked, error);
}

enum dm_status dm_hide_conversation(dm *handle, int64_t user_id, int64_t partner_id, int64_t *hidden,
				    struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_HIDE_CONVERSATION,
					 .hide_conversation = {.user_id = user_id, .partner_id = partner_id}};

	return run_pieces(handle, &operation, &operation.hide_conversation.more, &operation.hide_conversation.hidden,
			  hidden, error);
}
