/* SPDX-License-Identifier: MIT */
/* directmessages_events.h - reading and trimming the event log, which record_events has been kept with. */
#ifndef DIRECTMESSAGES_EVENTS_H
#define DIRECTMESSAGES_EVENTS_H

#include "directmessages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads on from *position, over at most `limit` places of the log (0: all), and moves *position to the last of them;
 * *places (may be NULL) tells how many there were: fewer than limit means that the end is reached. Fewer rows may be
 * lent: events of messages that were deleted since are passed over, and with user_id > 0 those of messages neither to
 * nor from that user. DM_NOT_FOUND where the log does not hold *position: it was trimmed, or never was. */
DM_CHECK enum dm_status dm_events(dm *handle, int64_t user_id, struct dm_event_position *position, size_t limit,
				  int64_t *places, dm_event_row *row, void *context, struct dm_error *error);

/* The position of the newest event: what happens from now on comes behind it. */
DM_CHECK enum dm_status dm_events_newest(dm *handle, struct dm_event_position *position, struct dm_error *error);

/* Removes events before the time, and all but the newest `keep` (0: no such limit); some thousands at a time, so that
 * sending does not wait long: *removed tells how many, call it again until that is 0. The newest always stays. */
DM_CHECK enum dm_status dm_events_trim(dm *handle, int64_t before, size_t keep, int64_t *removed,
				       struct dm_error *error);

#ifdef __cplusplus
}
#endif

#endif
