/* SPDX-License-Identifier: MIT */
/* poster.h - signed HTTP POSTs to endpoints, many at once, in one thread; the only user of libcurl. */
#ifndef POSTER_H
#define POSTER_H

#include "address_guard.h"

#include <sys/queue.h>

#define POST_ERROR_SIZE 192

struct poster;

struct poster_options {
	struct address_guard guard;
	int timeout_ms;      /* of a whole request */
	const char *ca_file; /* PEM, who may sign certificates; NULL: whom the system trusts */
};

/* One request. All but the results is the caller's and lives until `finished` was called, or the post was cancelled. */
struct post {
	const char *url;
	struct span id; /* "msg_..." */
	struct span body;
	const char *secret, *old_secret; /* old_secret may be NULL */
	void (*finished)(struct post *post);

	unsigned status;             /* of the answer; 0: none came */
	int64_t retry_after;         /* seconds that the answer asks for; 0: it does not */
	char error[POST_ERROR_SIZE]; /* why it was not taken; empty where it was, by a status of 200 to 299. What
					becomes of the answer's body makes no difference */

	struct { /* the poster's */
		struct poster *poster;
		void *easy;
		void *headers;
		size_t received, head_received;
		bool refused;
		int64_t answered_at; /* the head of its answer was complete; 0: not yet */
		LIST_ENTRY(post) answered;
	} internal;
};

/* Whether requests can be made to it at all: http or https, a host, no user name or password in it. */
MUST_CHECK bool poster_url_is_valid(const char *url);

/* NULL where there is no memory, or libcurl is not to be had. */
MUST_CHECK struct poster *poster_new(const struct poster_options *options);
void poster_free(struct poster *poster); /* no post may be under way */

/* Begins a request, with the time of now. False where there is no memory, or the secret is not valid. */
MUST_CHECK bool poster_start(struct poster *poster, struct post *post);

/* Ends it early; `finished` is not called. */
void poster_cancel(struct poster *poster, struct post *post);

/* Moves all requests on, calls `finished` of those that ended, then waits until something can move, poster_wake is
 * called or the time is over. */
void poster_run(struct poster *poster, int wait_ms);

/* From any thread. */
void poster_wake(struct poster *poster);

#endif
