/* SPDX-License-Identifier: MIT */
/* process.h - what the process uses of the system. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdint.h>

struct process_usage {
	double cpu_seconds; /* user and system */
	uint64_t resident_bytes;
	uint64_t shared_bytes; /* of these: mapped from files */
	uint64_t virtual_bytes;
	uint64_t open_files;
	uint64_t max_open_files;
};

/* What the system does not say is 0. */
uint64_t process_own_bytes(void); /* resident, without what is mapped from files */
void process_usage_read(struct process_usage *usage);

#endif
