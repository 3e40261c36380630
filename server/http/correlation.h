/* SPDX-License-Identifier: MIT */
/* correlation.h - what a client calls its request, so that logs of several programs can be put together. */
#ifndef CORRELATION_H
#define CORRELATION_H

#include "request.h"

/* Reads X-Request-ID and traceparent (W3C Trace Context). What has not the right form is as if it was not sent. */
void correlation_read(struct request *request);

#endif
