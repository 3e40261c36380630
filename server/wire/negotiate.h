/* SPDX-License-Identifier: MIT */
/* negotiate.h - media types, matched as Django REST Framework matches them. */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include "span.h"

/* Whether "type/subtype; parameters" (with '*' as a wildcard for either) covers a media type given as its two halves.
 */
bool media_type_covers(struct span header, struct span type, struct span subtype);

struct media_type {
	struct span type, subtype;
};

/* Which of the `count` offered an Accept header asks for: what its most exact media type covers, of several the first
 * offered; `count` where it is none. Weights are not looked at, as in the reference. */
size_t accepts_which(struct span accept, const struct media_type *offered, size_t count);

/* Whether one of an Accept header's media types covers "type/subtype". Weights are not looked at, as in the reference.
 */
bool accepts(struct span accept, struct span type);

/* Whether an Accept-Encoding header allows gzip: it is named, or '*' is, with a weight that is not 0. */
bool accepts_gzip(struct span accept_encoding);

#endif
