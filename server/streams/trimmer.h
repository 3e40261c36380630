/* SPDX-License-Identifier: MIT */
/* trimmer.h - removes old events from the event log, now and then; used by the hub's thread. */
#ifndef TRIMMER_H
#define TRIMMER_H

#include "mailbox.h"

struct trimmer {
	const struct hub_options *options;
	struct mailbox *mailbox; /* woken when there is more to remove */
	int64_t due_at;          /* microseconds, monotonic: the next trim */
	pthread_mutex_t mutex;   /* guards the two flags */
	pthread_cond_t ended;
	bool is_under_way;
	bool has_more;
	struct dm_operation operation; /* belongs to the store while a trim is under way */
};

/* Borrows the options and the mailbox. */
void trimmer_init(struct trimmer *trimmer, const struct hub_options *options, struct mailbox *mailbox);
void trimmer_release(struct trimmer *trimmer);

/* Starts a trim if one is due. Does not wait for it: a write may take long, and the streams must go on. */
void trimmer_run(struct trimmer *trimmer);

/* Waits for the trim that is under way, whose operation is part of the trimmer. */
void trimmer_wait(struct trimmer *trimmer);

#endif
