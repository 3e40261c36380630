/* SPDX-License-Identifier: MIT */
/* position.h - a place in the event log as clients have it: a text that tells them nothing. */
#ifndef POSITION_H
#define POSITION_H

#include "attributes.h"
#include "directmessages.h"
#include "span.h"

#include <nettle/siv-cmac.h>

/* All positions have this length. */
#define POSITION_LENGTH 64

struct position_key {
	struct siv_cmac_aes128_ctx cipher;
};

/* From the log's secret (dm_op_events_newest.position_key). */
void position_key_set(struct position_key *key, const unsigned char secret[DM_POSITION_KEY_BYTES]);

/* Writes the position's text, without a NUL. The same position and salt always give the same text, on each server of
 * the database; others give one that has nothing in common with it. */
void position_seal(const struct position_key *key, const struct dm_event_position *position, uint64_t salt,
		   char text[POSITION_LENGTH]);

/* Parses a text of position_seal, whatever its salt, or the numbers themselves as before texts were sealed: "ID-MARK"
 * on SQLite, "TRANSACTION-ID-MARK" on PostgreSQL. False: it is neither, or was made with another log's key. */
MUST_CHECK bool position_parse(const struct position_key *key, struct span text, struct dm_event_position *position);

#endif
