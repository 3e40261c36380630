/* SPDX-License-Identifier: MIT */
/* feed.h - reads the event log and puts events into the streams; used by the hub's thread. */
#ifndef FEED_H
#define FEED_H

#include "position.h"
#include "stream.h"

struct feed {
	dm *handle;
	struct streams *streams;
	struct dm_event_position end; /* all live streams have every event up to here */
	struct position_key key;      /* of positions, read with the end */
	bool knows_end;               /* false while no stream is open */
	bool owes_reset;              /* to the live streams, as soon as the end is known */
	int64_t read_at;              /* the log is not read for the live streams before; by the monotonic clock */
	bool owes_read;               /* a round came before that */
	bool failed_this_round;       /* a read of the database failed in this round */
	bool failure_logged;          /* and was logged; the next success is logged too */
	struct text *text;            /* the text written last; NULL: no memory */
	struct buffer nowhere;        /* discards what is written; stands in for `text` */
};

/* Borrows the handle and the streams. */
void feed_init(struct feed *feed, dm *handle, struct streams *streams);
void feed_release(struct feed *feed);

/* One round: sends new events to the live streams, advances some of the pending streams, and sends the heartbeats that
 * are due. */
void feed_round(struct feed *feed);

/* Whether the next round has work to do at once. */
bool feed_is_busy(const struct feed *feed);

/* When a round is due because the last one left the log unread; by the monotonic clock, INT64_MAX: none is. */
int64_t feed_due_at(const struct feed *feed);

#endif
