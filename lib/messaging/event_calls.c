/* SPDX-License-Identifier: MIT */
/* event_calls.c - the calls of events.h that read and trim the log: each runs an operation and waits. */
#include "service.h"

enum dm_status dm_events(dm *handle, int64_t user_id, struct dm_event_position *position, size_t limit, int64_t *count,
			 dm_event_row *row, void *context, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS,
					 .context = context,
					 .events = {.user_id = user_id, .limit = limit, .on_event = row}};
	enum dm_status status;

	if (count)
		*count = 0;
	if (!position)
		return service_refuse_null(error);
	operation.events.after = *position;
	status = service_run(handle, &operation, error);
	if (status == DM_OK)
		*position = operation.events.position;
	if (count)
		*count = operation.events.count;
	return status;
}

enum dm_status dm_events_newest(dm *handle, struct dm_event_position *position, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS_NEWEST};
	enum dm_status status = service_run(handle, &operation, error);

	if (position)
		*position = operation.events_newest.position;
	return status;
}

enum dm_status dm_events_trim(dm *handle, int64_t before, size_t keep, int64_t *removed, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS_TRIM, .events_trim = {.before = before, .keep = keep}};
	enum dm_status status = service_run(handle, &operation, error);

	if (removed)
		*removed = operation.events_trim.removed;
	return status;
}

enum dm_status dm_events_new_epoch(dm *handle, struct dm_error *error)
{
	struct dm_operation operation = {.kind = DM_OP_EVENTS_NEW_EPOCH};

	return service_run(handle, &operation, error);
}
