/* SPDX-License-Identifier: MIT */
/* checker.h - finds out whose streams have to end: the token was revoked, or the user is not active or not there any
 * more; used by the hub's thread. */
#ifndef CHECKER_H
#define CHECKER_H

#include "mailbox.h"

/* Callers that are looked up at once. On PostgreSQL look-ups that wait together are one statement. */
#define CHECKER_PIECE 256

struct check {
	struct checker *checker;
	struct stream *stream;
	int64_t user_id;               /* whom the token stands for now */
	struct dm_operation operation; /* belongs to the store while the piece is under way */
};

struct checker {
	const struct hub_options *options;
	struct streams *streams;
	struct mailbox *mailbox; /* woken when the piece is done */
	int64_t every;           /* microseconds: how often a stream is checked */
	int64_t not_before;      /* microseconds, monotonic: the next piece */
	bool has_failed;         /* the database could not be asked; one look-up tries whether it can again */
	size_t count;            /* of the piece; 0: none is under way */
	pthread_mutex_t mutex;   /* guards the next member */
	size_t left;             /* of the piece: not done */
	pthread_cond_t done;
	struct check checks[CHECKER_PIECE];
};

/* Borrows all three. */
void checker_init(struct checker *checker, const struct hub_options *options, struct streams *streams,
		  struct mailbox *mailbox);
void checker_release(struct checker *checker);

/* Ends the streams that the piece has found, and begins the next piece if one is due. Does not wait for it. */
void checker_run(struct checker *checker);

/* Waits for the piece that is under way, whose operations are part of the checker. */
void checker_wait(struct checker *checker);

#endif
