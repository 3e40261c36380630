/* SPDX-License-Identifier: MIT */
/* asset.h - files that are part of the program: put into it by `embed` when it is built. */
#ifndef ASSET_H
#define ASSET_H

#include "span.h"

struct asset {
	const char *name; /* of the file without folders; of a page's file, the path where it is served */
	const char *type; /* for Content-Type */
	struct asset_form {
		struct span data;
		const char *etag; /* quoted */
	} plain, gzip;
};

/* NULL where the build has no such file. */
const struct asset *asset_find(struct span name);

#endif
