/* SPDX-License-Identifier: MIT */
/* poster.h - signed HTTP POSTs to endpoints, many at once, in one thread. */
#ifndef POSTER_H
#define POSTER_H

#include "address_guard.h"

#include <sys/queue.h>

#define POST_ERROR_SIZE 192

#define POSTER_MAX_PATH 4095

struct poster;

struct poster_options {
	struct address_guard guard;
	int timeout_ms; /* for a whole request */
	char ca_file[POSTER_MAX_PATH +
		     1]; /* a PEM file of trusted certificate authorities; empty: those of the system */
};

/* One request. The caller fills in the first part, which must live until on_ended is called or the post is cancelled.
 */
struct post {
	const char *url;
	struct span id; /* "msg_..." */
	struct span body;
	const char *secret, *old_secret; /* both sign; old_secret may be NULL */
	struct span traceparent;         /* what the message's request came with; empty: none */
	int max_ms; /* for the whole request, if that is less than the options' timeout; 0: no such limit */
	void (*on_ended)(struct post *post);

	/* The results: */
	unsigned status;             /* of the response; 0: there was none */
	int64_t retry_after;         /* its Retry-After in seconds; 0: none */
	char error[POST_ERROR_SIZE]; /* why the attempt failed; empty after a status of 200 to 299, whatever happens to
					the rest of the response */

	struct { /* the poster's */
		struct poster *poster;
		void *easy;
		void *headers;
		size_t received, head_received;
		bool is_refused; /* by the address guard */
		int64_t head_at; /* when the response's head was complete, monotonic; 0: not yet */
		LIST_ENTRY(post) with_head;
	} internal;
};

/* Whether the URL can be an endpoint's: http or https, a host, no user name or password. */
enum poster_url { POSTER_URL_IS_GOOD, POSTER_URL_IS_BAD, POSTER_URL_LACKS_MEMORY };
MUST_CHECK enum poster_url poster_check_url(const char *url);

/* What is said of a bad one, with a %.200s for it. */
#define POSTER_BAD_URL \
	"'%.200s' is not a valid endpoint URL; give http://... or https://... without a user name or password"

/* Copies the options. NULL: no memory, or libcurl cannot be initialized. */
MUST_CHECK struct poster *poster_new(const struct poster_options *options);

/* Copies the options, for posts that are started from now on. The address guard counts for those under way, too. */
void poster_set_options(struct poster *poster, const struct poster_options *options);

/* No post may be under way. */
void poster_free(struct poster *poster);

/* Starts the request, signed with the current time. False: no memory, or the secret is not valid; on_ended is not
 * called.
 */
MUST_CHECK bool poster_start(struct poster *poster, struct post *post);

/* Ends the request early; on_ended is not called. */
void poster_cancel(struct poster *poster, struct post *post);

/* Advances all requests and calls on_ended for those that have ended. Then waits until one can advance, poster_wake is
 * called, or wait_ms milliseconds are over. */
void poster_run(struct poster *poster, int wait_ms);

/* Callable on any thread. */
void poster_wake(struct poster *poster);

#endif
