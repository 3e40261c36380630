/* SPDX-License-Identifier: MIT */
/* detach.h - taking a connection's socket away from libmicrohttpd; for http.c. */
#ifndef DETACH_H
#define DETACH_H

#include "request.h"

/* Gives the socket to request->detach. False where there is no other descriptor to be had; in either case the
 * connection that libmicrohttpd knows has to be ended next. */
MUST_CHECK bool request_detach(struct request *request);

#endif
