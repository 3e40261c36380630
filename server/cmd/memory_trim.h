/* SPDX-License-Identifier: MIT */
/* memory_trim.h - returns memory to the system that malloc keeps after a peak of clients. */
#ifndef MEMORY_TRIM_H
#define MEMORY_TRIM_H

#include <stddef.h>
#include <stdint.h>

struct memory_trim {
	size_t peak;       /* of the bytes in use, since memory was last returned */
	uint64_t resident; /* of the process, bytes, just after that */
};

/* Call once, before there are threads. */
void memory_trim_start(void);

/* Call every few seconds, with about how many bytes are in use. Returns memory to the system if far more were in use
 * before, or if the process has grown much since the last time. */
void memory_trim_check(struct memory_trim *trim, size_t in_use);

#endif
