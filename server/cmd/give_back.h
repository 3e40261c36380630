/* SPDX-License-Identifier: MIT */
/* give_back.h - memory that malloc keeps after a crowd has left goes back to the system. */
#ifndef GIVE_BACK_H
#define GIVE_BACK_H

#include <stddef.h>
#include <stdint.h>

struct give_back {
	size_t most;       /* of what was in use, since memory was last given back */
	uint64_t resident; /* just after that */
};

/* Once, before there are threads. */
void give_back_begin(void);

/* Now and then, with about so many bytes in use: gives back if there were far more before, or more is kept since the
 * first call. */
void give_back_look(struct give_back *give_back, size_t in_use);

#endif
