/* SPDX-License-Identifier: MIT */
/* give_back.c - memory that malloc keeps after a crowd has left goes back to the system. */
#include "give_back.h"

#include "process.h"

#include <malloc.h>
#include <stdbool.h>

/* What is larger has pages of its own, and gives them back when it is freed. glibc would raise that by itself. */
#define OWN_PAGES (256 * 1024)

/* Less is not worth the look at all that is free. */
#define WORTH_IT (8U << 20)

void give_back_begin(void)
{
	mallopt(M_MMAP_THRESHOLD, OWN_PAGES);
}

/* Either it was seen how much was in use, or a crowd came and left between two looks. */
static bool has_left(const struct give_back *give_back, size_t in_use, uint64_t resident)
{
	return (give_back->most - in_use >= WORTH_IT && in_use <= give_back->most / 2) ||
	       resident > give_back->resident + 2 * WORTH_IT;
}

void give_back_look(struct give_back *give_back, size_t in_use)
{
	uint64_t resident = process_resident_bytes();

	if (in_use > give_back->most)
		give_back->most = in_use;
	if (give_back->resident == 0)
		give_back->resident = resident;
	if (!has_left(give_back, in_use, resident))
		return;
	malloc_trim(0);
	give_back->most = in_use;
	give_back->resident = process_resident_bytes();
}
