/* SPDX-License-Identifier: MIT */
/* mailbox.h - what other threads post to the hub's thread, and what wakes it. */
#ifndef MAILBOX_H
#define MAILBOX_H

#include "stream.h"

#include <pthread.h>

struct mailbox {
	int wakeup;            /* an eventfd, readable once the hub's thread is to wake; -1: none */
	atomic_bool awake;     /* wakeup was written to since it was last read */
	pthread_mutex_t mutex; /* guards the members below */
	struct stream *first, **last;
	bool ending, stopping;
};

/* What the hub's thread finds in its mailbox. */
struct mail {
	struct stream *first; /* in the order of posting, linked by next_of_mail */
	bool ending;          /* all streams are to end */
	bool stopping;        /* the thread is to end */
};

/* Adds the eventfd to the epoll set, with a NULL pointer as its data. False: no file descriptor; release it all the
 * same. */
MUST_CHECK bool mailbox_init(struct mailbox *mailbox, int epoll);
void mailbox_release(struct mailbox *mailbox);

/* From any thread. */
void mailbox_wake(struct mailbox *mailbox);
void mailbox_post(struct mailbox *mailbox, struct stream *stream, enum stream_mail mail);
void mailbox_post_ending(struct mailbox *mailbox);
void mailbox_post_stopping(struct mailbox *mailbox);

/* From the hub's thread: empties the mailbox; resets the eventfd after it was readable. */
struct mail mailbox_empty(struct mailbox *mailbox);
void mailbox_reset_wakeup(struct mailbox *mailbox);

#endif
