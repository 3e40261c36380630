/* SPDX-License-Identifier: MIT */
/* attempt.h - the attempts that are under way: a request for each. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "worker.h"

/* Starts the attempt; if that is not possible, reports at once what became of it. Takes over the delivery. */
void attempt_start(struct endpoint *endpoint, struct delivery *delivery);

/* Cancels the attempts that are under way and releases their deliveries for other workers. */
void attempts_cancel(struct webhooks *webhooks);

#endif
