/* SPDX-License-Identifier: MIT */
/* jwks.h - keys of JWTs from a URL: a thread of their own fetches them, and again before they are stale, after a
 * failure, or when a JWT names a key that is not among them. No request does; it may wait for one that is not known.
 */
#ifndef JWKS_H
#define JWKS_H

#include "attributes.h"
#include "jwks_counts.h"

#include <stdbool.h>
#include <sys/queue.h>

struct bearer;
struct jwks;

struct jwks_options {
	const char *url;       /* the texts are borrowed */
	const char *ca_file;   /* a PEM file of trusted certificate authorities; NULL: those of the system */
	struct bearer *bearer; /* whose keys they are */
	struct jwks_counts *counts;
};

/* https, or http to this machine itself; a host, no user name or password. */
MUST_CHECK bool jwks_url_is_valid(const char *url);

/* The first fetch begins at once. NULL: no memory, or no thread. */
MUST_CHECK struct jwks *jwks_start(const struct jwks_options *options);

/* Nobody may ask any more. */
void jwks_stop(struct jwks *jwks);

/* Who waits for a key. */
struct jwks_waiter {
	void (*wake)(void *context); /* called once on the thread of the keys; then the waiter may be gone */
	void *context;
	bool is_current; /* the result: the keys are as the URL gives them; false: they can't be had, so nobody knows
			    whether it has the key */

	LIST_ENTRY(jwks_waiter) others; /* for jwks.c */
};

/* Asks for a key that isn't known. True: a fetch is under way, and `wake` will be called within JWKS_TIMEOUT_MS. False:
 * there is nothing to wait for. In either case look at the keys once more; then is_current says what it means if they
 * still lack it. Callable on any thread. */
MUST_CHECK bool jwks_ask(struct jwks *jwks, struct jwks_waiter *waiter);

#endif
