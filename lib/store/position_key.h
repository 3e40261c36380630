/* SPDX-License-Identifier: MIT */
/* position_key.h - the event log's secret, as both stores read it. */
#ifndef POSITION_KEY_H
#define POSITION_KEY_H

#include "directmessages.h"

/* Gives the key to a DM_OP_EVENTS_NEWEST, and returns its status. Where the log has lost it, as with its row, that is a
 * failure: positions must not be made with a key that anybody knows. */
enum dm_status position_key_copy(struct dm_operation *operation, struct dm_text key);

#endif
