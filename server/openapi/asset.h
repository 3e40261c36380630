/* SPDX-License-Identifier: MIT */
/* asset.h - files that are part of the program: put into it by `embed` when it is built. */
#ifndef ASSET_H
#define ASSET_H

#include "span.h"

struct asset {
	const char *name; /* of the file, without folders */
	const char *type; /* for Content-Type */
	const char *etag; /* quoted */
	struct span plain;
	struct span gzip;
};

/* NULL where the build has no such file. */
const struct asset *asset_find(struct span name);

#endif
