/* SPDX-License-Identifier: MIT */
/* endpoint.h - the endpoints as the worker last read them, and how much each may claim. */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include "worker.h"

/* Reads the endpoints, and sets when to read them next. */
void endpoints_read(struct webhooks *webhooks);

/* How many deliveries the endpoint should claim now. Sets *soon if it should claim in a few milliseconds. */
size_t endpoint_room(const struct webhooks *webhooks, const struct endpoint *endpoint, int64_t monotonic, bool *soon);

void endpoints_release(struct webhooks *webhooks);

#endif
