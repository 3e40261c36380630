/* SPDX-License-Identifier: MIT */
/* detach.h - takes a connection's socket away from libmicrohttpd. */
#ifndef DETACH_H
#define DETACH_H

#include "request.h"

/* Gives the socket to request->detach.attach. False: there was no memory or descriptor. In either case the caller must
 * then close the connection that libmicrohttpd knows. */
MUST_CHECK bool request_detach(struct request *request);

#endif
