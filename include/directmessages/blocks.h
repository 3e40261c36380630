/* SPDX-License-Identifier: MIT */
/* blocks.h - users whom a user does not want to hear from. The rules for all functions are in directmessages.h.
 *
 * While A blocks B, neither can send to the other (dm_send: DM_NOT_ALLOWED), whoever the allowed recipients are. A
 * keeps the messages from before, but those from B do not count as unread for A, and are not marked as read when A
 * lists the conversation. B is not told. */
#ifndef DIRECTMESSAGES_BLOCKS_H
#define DIRECTMESSAGES_BLOCKS_H

#include "core.h"
#include "users.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Only ever lent. */
struct dm_blocked {
	struct dm_user user; /* who is blocked */
	int64_t blocked_at;
};

/* Receives one lent row. Returning false ends the listing early, which is no failure. It may call the library. */
typedef bool dm_blocked_row(void *context, const struct dm_blocked *blocked);

/* Blocks a user, for the user `user_id`. Blocking the user again changes nothing. After it has returned no message
 * between the two is stored, by whatever process that uses this library: a send that began before is waited for. After
 * DM_BUSY or DM_UNAVAILABLE the block may be in force all the same; call it again. DM_SELF; DM_NOT_FOUND: one of them
 * does not exist. */
DM_CHECK enum dm_status dm_block(dm *handle, int64_t user_id, int64_t blocked_id, struct dm_error *error);

/* Ends the block, if there is one. DM_SELF. */
DM_CHECK enum dm_status dm_unblock(dm *handle, int64_t user_id, int64_t blocked_id, struct dm_error *error);

/* Lends the users whom the user blocks, newest first; not those who do not exist any more. */
DM_CHECK enum dm_status dm_blocks(dm *handle, int64_t user_id, dm_blocked_row *row, void *context,
				  struct dm_error *error);

#ifdef __cplusplus
}
#endif
#endif
