/* SPDX-License-Identifier: MIT */
/* negotiate.h - media types, matched as Django REST Framework matches them. */
#ifndef NEGOTIATE_H
#define NEGOTIATE_H

#include "span.h"

/* Whether "type/subtype; parameters", in which either may be '*', covers a media type, given as its two halves. */
bool media_type_covers(struct span header, struct span type, struct span subtype);

struct media_type {
	struct span type, subtype;
};

/* The index of the media type that an Accept header asks for: one that its most exact entry covers, of several the
 * first offered. `count`: none. Weights are ignored, as in the reference. */
size_t accepts_which(struct span accept, const struct media_type *offered, size_t count);

/* Whether one of an Accept header's entries covers "type/subtype". Weights are ignored, as in the reference. */
bool accepts(struct span accept, struct span type);

/* Whether an Accept-Encoding header allows gzip: it, or else '*', is listed with a weight other than 0. */
bool accepts_gzip(struct span accept_encoding);

#endif
