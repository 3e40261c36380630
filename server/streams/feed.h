/* SPDX-License-Identifier: MIT */
/* feed.h - from the event log into the streams; the hub's thread's own. */
#ifndef FEED_H
#define FEED_H

#include "stream.h"

struct feed {
	dm *handle;
	struct streams *streams;
	struct dm_event_position end; /* all streams that are live have all up to here */
	bool knows_end;               /* not while there is no stream to know it for */
	bool fails;                   /* the log could not be read in this round */
	bool has_failed;              /* nor since that was last told */
	struct text *text;            /* the last one that was written; NULL where there was no memory */
	struct buffer nowhere;        /* takes nothing */
};

void feed_init(struct feed *feed, dm *handle, struct streams *streams);
void feed_release(struct feed *feed);

/* One round: what is new goes to the live streams, some of those who join or replay go on, heartbeats that are due are
 * sent to those who still may listen. */
void feed_round(struct feed *feed);

/* Whether the next round has something to do already. */
bool feed_is_busy(const struct feed *feed);

#endif
