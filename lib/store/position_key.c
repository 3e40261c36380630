/* SPDX-License-Identifier: MIT */
/* position_key.c - the event log's secret, as both stores read it. */
#include "position_key.h"

#include "failure.h"

#include <string.h>

enum dm_status position_key_copy(struct dm_operation *operation, struct dm_text key)
{
	if (key.length != DM_POSITION_KEY_BYTES)
		return fail(
			&operation->error, DM_SCHEMA,
			"the event log has no key for positions; drop the table directmessages_event_log, then run: "
			"directmessages migrate");
	memcpy(operation->events_newest.position_key, key.data, DM_POSITION_KEY_BYTES);
	return DM_OK;
}
