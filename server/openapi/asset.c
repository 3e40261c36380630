/* SPDX-License-Identifier: MIT */
/* asset.c - finds a file that is part of the program. */
#include "asset.h"

/* Made by `embed`. */
extern const struct asset assets[];
extern const size_t assets_count;

const struct asset *asset_find(struct span name)
{
	for (size_t i = 0; i < assets_count; i++)
		if (span_equal(name, span_from(assets[i].name)))
			return &assets[i];
	return NULL;
}
