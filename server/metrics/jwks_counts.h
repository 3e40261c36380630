/* SPDX-License-Identifier: MIT */
/* jwks_counts.h - the counters of the keys of JWTs that are fetched. Their thread writes them; any thread reads them.
 */
#ifndef JWKS_COUNTS_H
#define JWKS_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

/* Fetches, by what came of them. */
struct jwks_counts {
	_Atomic uint64_t changed, unchanged, failed;
};

#endif
