/* SPDX-License-Identifier: MIT */
/* memory_trim.c - returns memory to the system that malloc keeps after a peak of clients. */
#include "memory_trim.h"

#include "process.h"

#include <malloc.h>
#include <stdbool.h>

/* Larger blocks have pages of their own, which are returned when the block is freed. glibc would raise this limit by
 * itself. */
#define OWN_PAGES_BYTES (256 * 1024)

/* For less, a walk through all that is free is not worth it. */
#define MIN_TRIM_BYTES (8U << 20)

void memory_trim_start(void)
{
	mallopt(M_MMAP_THRESHOLD, OWN_PAGES_BYTES);
}

/* Either a call saw the peak, or the peak came and went between two calls. */
static bool peak_is_over(const struct memory_trim *trim, size_t in_use, uint64_t resident)
{
	return (trim->peak - in_use >= MIN_TRIM_BYTES && in_use <= trim->peak / 2) ||
	       resident > trim->resident + MIN_TRIM_BYTES;
}

void memory_trim_check(struct memory_trim *trim, size_t in_use)
{
	uint64_t resident = process_own_bytes();

	if (in_use > trim->peak)
		trim->peak = in_use;
	if (trim->resident == 0 || resident < trim->resident)
		trim->resident = resident;
	if (!peak_is_over(trim, in_use, resident))
		return;
	malloc_trim(0);
	trim->peak = in_use;
	trim->resident = process_own_bytes();
}
