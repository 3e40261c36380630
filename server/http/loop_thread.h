/* SPDX-License-Identifier: MIT */
/* loop_thread.h - the threads that serve. */
#ifndef LOOP_THREAD_H
#define LOOP_THREAD_H

#include "loop.h"

/* Opens the loop's descriptors and starts its thread. False if the system refuses one of them: then nothing is left
 * open. */
MUST_CHECK bool loop_start(struct loop *loop, struct http_server *server, size_t max_open);

/* After loop_wake: waits for the loop's end, which comes when it has no connections or its time is over. */
void loop_join(struct loop *loop);

/* After all loops were joined, since each wakes the others: closes the loop's descriptors. */
void loop_close(struct loop *loop);

#endif
