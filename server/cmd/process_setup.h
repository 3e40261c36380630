/* SPDX-License-Identifier: MIT */
/* process_setup.h - what a server asks of the system for its process: signals, open files, no core dumps. */
#ifndef PROCESS_SETUP_H
#define PROCESS_SETUP_H

#include <signal.h>
#include <stddef.h>

/* Blocks SIGTERM and SIGINT, for sigwait() to take, and ignores signals that would end the process without need. Call
 * before there are threads, so that all of them inherit it. */
void process_block_signals(sigset_t *blocked);

/* From now on another SIGTERM or SIGINT ends the process at once. That loses nothing: what was acknowledged is in the
 * store. */
void process_unblock_signals(const sigset_t *blocked);

/* Allows as many open files as the system permits. Logs a warning if that is not enough for so many connections, event
 * streams and `others`. */
void process_raise_file_limit(size_t connections, size_t streams, size_t others);

/* Allows neither core dumps nor debuggers: the memory holds tokens and messages. */
void process_forbid_core_dumps(void);

#endif
