/* SPDX-License-Identifier: MIT */
/* scratch_log.c - SQLite: how often the log of a scratch database has begun anew. */
#include "scratch_log.h"

#include <stdio.h>
#include <unistd.h>

#define MAX_SENDS 1000
#define QUICK_SENDS \
	300 /* a fast machine has sent them before the checkpointer tries again what a reader kept it from */

unsigned scratch_log_generation(const struct scratch *scratch)
{
	char name[200];
	unsigned char header[16];
	FILE *log;

	snprintf(name, sizeof(name), "%s-wal", scratch->path);
	log = fopen(name, "r");
	assert_non_null(log);
	assert_int_equal(fread(header, sizeof(header), 1, log), 1);
	fclose(log);
	return (unsigned)header[12] << 24 | (unsigned)header[13] << 16 | (unsigned)header[14] << 8 | header[15];
}

void scratch_log_send(const struct scratch *scratch, const char *content)
{
	unsigned before = scratch_log_generation(scratch);

	for (int i = 0; scratch_log_generation(scratch) == before; i++) {
		assert_true(i < MAX_SENDS);
		scratch_send(scratch->handle, scratch->john, scratch->mary, content);
		usleep(i < QUICK_SENDS ? 0 : 10000);
	}
}
