/* SPDX-License-Identifier: MIT */
/* inbox_calls.c - the calls of inbox.h: each runs operations and waits. */
#include "service.h"

#include "arguments.h"
#include "clock.h"
#include "failure.h"

#include <time.h>

/* How long a call puts the table of inboxes in order before it gives up, in microseconds. */
#define MAX_SETTLING INT64_C(30000000)

/* A caller's row function, and how many entries it may still get. */
struct inbox_rows {
	dm_inbox_row *row;
	void *context;
	size_t left;
	bool enough;
};

static bool pass_on(void *context, const struct dm_inbox_entry *entry)
{
	struct inbox_rows *rows = context;

	rows->left--;
	rows->enough = !rows->row(rows->context, entry) || rows->left == 0;
	return !rows->enough;
}

static enum dm_status fold(dm *handle, bool *more, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_INBOX_FOLD};
	enum dm_status status = service_run(handle, &operation, error);

	*more = operation.inbox_fold.more;
	return status;
}

static enum dm_status mend(dm *handle, const struct dm_op_inbox *page, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_INBOX_MEND,
					 .inbox_mend = {.user_id = page->user_id,
							.has_position = page->has_position,
							.position = page->position,
							.row_id = page->row_id}};

	return service_run(handle, &operation, error);
}

/* Lends one page; does first what it lacks. */
static enum dm_status lend_page(dm *handle, struct dm_operation *operation, struct dm_error *error)
{
	static const struct dm_error too_much = {DM_BUSY, "the table of inboxes is behind; try again later"};
	int64_t deadline = clock_monotonic() + MAX_SETTLING;
	enum dm_status status;
	bool more;

	while ((status = service_run(handle, operation, error)) == DM_OK &&
	       operation->inbox.lack != DM_INBOX_LACKS_NOTHING) {
		if (clock_monotonic() > deadline)
			return report(error, too_much.status, &too_much);
		status = operation->inbox.lack == DM_INBOX_LACKS_FOLD ? fold(handle, &more, error)
								      : mend(handle, &operation->inbox, error);
		if (status != DM_OK)
			break;
	}
	return status;
}

/* Without a thread that folds nobody else may do so. What is left of much is done a page at a time. */
static enum dm_status fold_first(dm *handle, struct dm_error *error)
{
	bool more;

	return handle && !handle->folder ? fold(handle, &more, error) : DM_OK;
}

enum dm_status dm_inbox(dm *handle, int64_t user_id, const struct dm_inbox_options *options, dm_inbox_row *row,
			void *context, struct dm_error *error)
{
	struct dm_inbox_options wanted = DM_INBOX_OPTIONS_INIT;
	struct dm_error own = {0};
	struct inbox_rows rows = {.row = row, .context = context};
	struct dm_operation operation = {.kind = DM_OP_INBOX, .context = &rows};
	struct dm_op_inbox *page = &operation.inbox;
	enum dm_status status;

	if (options && arguments_copy(&wanted, sizeof(wanted), options, "dm_inbox_options", &own) != DM_OK)
		return report(error, own.status, &own);
	rows.left = wanted.limit > 0 ? wanted.limit : SIZE_MAX;
	*page = (struct dm_op_inbox){.user_id = user_id,
				     .unread_only = wanted.unread_only,
				     .blocked_only = wanted.blocked_only,
				     .has_position = wanted.has_position,
				     .position = wanted.position,
				     .row_id = wanted.row_id,
				     .max_preview = wanted.max_preview,
				     .on_entry = row ? pass_on : NULL};
	status = fold_first(handle, error);
	if (status != DM_OK)
		return status;
	do {
		page->limit = rows.left < DM_MAX_INBOX ? rows.left : 0;
		status = lend_page(handle, &operation, error);
		page->has_position = true;
		page->position = page->next_position;
		page->row_id = page->next_row_id;
	} while (status == DM_OK && page->more && !rows.enough);
	return status;
}

enum dm_status dm_inbox_entry(dm *handle, int64_t user_id, int64_t partner_id, size_t max_preview, dm_inbox_row *row,
			      void *context, struct dm_error *error)
{
	static const struct dm_error nobody = {DM_NOT_FOUND, "there is no such user"};
	struct dm_operation operation = {
		.kind = DM_OP_INBOX,
		.context = context,
		.inbox = {.user_id = user_id, .partner_id = partner_id, .max_preview = max_preview, .on_entry = row}};

	if (partner_id == 0) /* the operation would take this for all */
		return report(error, nobody.status, &nobody);
	return service_run(handle, &operation, error);
}
