/* SPDX-License-Identifier: MIT */
/* work.h - counts the requests that the server is busy with: a stop waits for them, not for their clients. */
#ifndef WORK_H
#define WORK_H

#include "request.h"

/* Counts the request until work_end: it is within a step, or waits for request_wake. False if the loop's time is over
 * and no step may begin any more. On the loop's thread. */
MUST_CHECK bool work_begin(struct request *request);
void work_end(struct request *request);

#endif
