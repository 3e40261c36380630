/* SPDX-License-Identifier: MIT */
/* send_refusal.h - why the database refuses a send. */
#ifndef SEND_REFUSAL_H
#define SEND_REFUSAL_H

#include "attributes.h"
#include "directmessages.h"

/* Statements give them as numbers. */
enum send_refusal {
	SEND_ACCEPTED = 0,
	SEND_WITHOUT_USER = 1, /* the sender or the recipient does not exist */
	SEND_TO_BLOCKED = 2,   /* the sender blocks the recipient */
	SEND_TO_BLOCKER = 3,   /* the recipient blocks the sender */
	SEND_LIMITED = 4       /* the sender has too many new partners; available_in says for how long */
};

/* The failure of the send, in the wire contract's words; returns its status. */
enum dm_status send_refused(struct dm_operation *operation, enum send_refusal refusal);

/* Seconds until a new partner of that time is so long ago that it does not count. */
int64_t partners_wait(const struct dm_op_send *send, int64_t started_at, int64_t now);

#endif
