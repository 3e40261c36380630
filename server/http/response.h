/* SPDX-License-Identifier: MIT */
/* response.h - from our response to libmicrohttpd's; for http.c. */
#ifndef RESPONSE_H
#define RESPONSE_H

#include "http.h"

struct MHD_Response;

/* Makes what libmicrohttpd sends of request->response; the caller destroys it. NULL without memory. */
MUST_CHECK struct MHD_Response *response_make(struct request *request, bool closes);

/* The same of one whose body is lent, for any request. */
MUST_CHECK struct MHD_Response *response_make_lent(const struct response *response, bool closes);

#endif
