/* SPDX-License-Identifier: MIT */
/* freshness.h - how far a standby must have come before it may answer a read.
 *
 * A place is a position in the primary's write-ahead log. Now and then the primary is asked for its place, with what it
 * is asked anyway: a sample. It lies behind all that was committed before it was asked for.
 *
 * For each user it is noted when something was last written for them by this process, or shown to them. The standby
 * must have a sample that was asked for since. A note is kept for each hash of a user's id, and is only replaced by a
 * later one: so none is ever forgotten, and there is nothing to grow. Two users with one hash wait for one another's
 * writes, which costs no more than a read on the primary.
 *
 * What others write, another server for example, is not known here. So the sample must not be older than the maximum
 * lag either. Where there is none the primary is asked.
 *
 * All times are microseconds of the monotonic clock. */
#ifndef FRESHNESS_H
#define FRESHNESS_H

#include "attributes.h"

#include <stdbool.h>
#include <stdint.h>

struct freshness;

/* A place that no standby reaches. */
#define PLACE_BEYOND UINT64_MAX

/* NULL where there is no memory. */
MUST_CHECK struct freshness *freshness_new(int64_t max_lag);
void freshness_free(struct freshness *freshness); /* NULL is fine */

/* Until now something was written for the user, or for anybody, or was shown to the user: before they are told. */
void freshness_note(struct freshness *freshness, int64_t user_id, int64_t now);
void freshness_note_all(struct freshness *freshness, int64_t now);

/* Whether the primary should be asked for its place with what it is asked now. */
MUST_CHECK bool freshness_wants_sample(struct freshness *freshness, int64_t now);

/* The primary's place, and when it was asked for. 0: it does not know it, and nothing is kept. */
void freshness_sample(struct freshness *freshness, uint64_t place, int64_t asked_at);

/* The place that a standby must have reached to answer a read for the user now; PLACE_BEYOND: the primary must answer.
 */
MUST_CHECK uint64_t freshness_needed(struct freshness *freshness, int64_t user_id, int64_t now);

/* A standby at this place has answered reads: another one must not be behind it. */
void freshness_shown(struct freshness *freshness, uint64_t place);

/* A standby has answered a read. */
void freshness_answered(struct freshness *freshness);

/* The primary is to answer `count` reads that a standby could not. */
void freshness_fell_back(struct freshness *freshness, uint64_t count);

/* Standbys are left alone for a while: there was none. */
void freshness_pause(struct freshness *freshness, int64_t now);
MUST_CHECK bool freshness_is_paused(struct freshness *freshness, int64_t now);

/* The timeline of the primary, 0 where it isn't known: a standby of another one may have what was lost when its primary
 * was replaced. */
void freshness_set_timeline(struct freshness *freshness, int64_t timeline);
MUST_CHECK int64_t freshness_timeline(struct freshness *freshness);

void freshness_count(struct freshness *freshness, uint64_t *answered, uint64_t *fell_back);

#endif
