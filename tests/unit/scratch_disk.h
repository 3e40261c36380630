/* SPDX-License-Identifier: MIT */
/* scratch_disk.h - the disk under the file of a scratch database (SQLite).
 *
 * SQLite's calls of pwrite64 and fdatasync go to functions here, which see what is written back. While the disk is bad,
 * each flush of the database file fails, and what was written since the flush before it is lost. */
#ifndef SCRATCH_DISK_H
#define SCRATCH_DISK_H

#include "scratch.h"

/* The checkpointer's thread calls `at_flush` after a flush of the file, and `at_write` before it writes to it. NULL:
 * nothing is called. */
void scratch_disk_watch(const struct scratch *s, void (*at_flush)(void), void (*at_write)(void));
/* Nothing is called any more. */
void scratch_disk_forget(void);

/* How often the file was flushed; counted when a flush begins. */
int scratch_disk_flushes(void);

/* Opens the index of the log, from which the next two read. To close it while SQLite has it open would end SQLite's
 * locks. */
void scratch_disk_open_index(const struct scratch *s);
void scratch_disk_close_index(void);
/* How often the file was written while nobody read from the log. */
int scratch_disk_unheld(void);
/* Whether all of the log is written back. */
bool scratch_disk_has_all(void);

/* `heals`: after one flush that fails. */
void scratch_disk_set_bad(const struct scratch *s, bool is_bad, bool heals);

#endif
