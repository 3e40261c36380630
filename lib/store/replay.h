/* SPDX-License-Identifier: MIT */
/* replay.h - what a send is given whose idempotency key was used before. */
#ifndef REPLAY_H
#define REPLAY_H

#include "attributes.h"
#include "directmessages.h"

/* How many old keys a new one removes at most, on average: they go as long as keys come, and no send pays for many. */
#define KEYS_REMOVED "2"

/* A stored key, and its message as it is now, without content. */
struct stored_key {
	int64_t recipient_id;
	struct dm_text fingerprint; /* of the content */
	int64_t at;                 /* when the message was sent */
	bool has_message;           /* a message has the id: another one, perhaps, since Django can empty its tables */
	struct dm_message message;
};

/* Gives the send the key's message. DM_KEY_REUSED, DM_KEY_GONE. */
enum dm_status replay_give(struct dm_operation *send, const struct stored_key *key);

#endif
