/* SPDX-License-Identifier: MIT */
/* origins.h - a list of origins: of the web pages that may do something from a browser. */
#ifndef ORIGINS_H
#define ORIGINS_H

#include "attributes.h"
#include "span.h"

struct origins {
	bool is_any;          /* the list is `*`: every origin, but never `null` */
	struct span *entries; /* each ends with a NUL; owned */
	size_t count;
	char *text; /* what the entries point into; owned */
};

/* Reads origins with commas between them, or `*` alone; NULL: no origin. Each must be written as browsers write it:
 * scheme://host or scheme://host:port. Returns NULL, or what is wrong with the entry *wrong, which completes "which
 * ..."; without memory *wrong has no data. Release the list in either case. */
MUST_CHECK const char *origins_parse(struct origins *origins, const char *text, struct span *wrong);
void origins_release(struct origins *origins);

/* What Access-Control-Allow-Origin says to a page of this origin: "*", the origin, or NULL if it is not listed. The
 * text lives as long as the list. */
const char *origins_match(const struct origins *origins, struct span origin);

#endif
