/* SPDX-License-Identifier: MIT */
/* mhd_response.h - turns our response into libmicrohttpd's. */
#ifndef MHD_RESPONSE_H
#define MHD_RESPONSE_H

#include "request.h"

struct MHD_Response;

/* Makes libmicrohttpd's response from request->response; `closes`: with "Connection: close". The caller destroys it,
 * before the request is freed. NULL without memory. */
MUST_CHECK struct MHD_Response *mhd_response_make(struct request *request, bool closes);

/* The same for a response with a lent body, which may be used for any number of requests. */
MUST_CHECK struct MHD_Response *mhd_response_make_lent(const struct response *response, bool closes);

#endif
