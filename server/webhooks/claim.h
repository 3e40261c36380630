/* SPDX-License-Identifier: MIT */
/* claim.h - claims deliveries, so that no other worker posts them. */
#ifndef CLAIM_H
#define CLAIM_H

#include "worker.h"

/* How far ahead, microseconds, a delivery can be due: a later one was scheduled before the clock was set back. */
int64_t claim_max_ahead(const struct webhooks *webhooks);

/* Submits a claim of up to `room` deliveries. */
void claim_begin(struct webhooks *webhooks, struct endpoint *endpoint, size_t room);

/* Starts the attempts of the claims that have ended. True if there was such a claim. */
bool claims_collect(struct webhooks *webhooks);

#endif
