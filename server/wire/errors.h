/* SPDX-License-Identifier: MIT */
/* errors.h - from a failure of the library to the response that clients get: one table. */
#ifndef ERRORS_H
#define ERRORS_H

#include "directmessages.h"

struct error_response {
	unsigned status;
	const char *detail; /* NULL: the failure's own sentence, which was written for clients */
	bool retry_later;   /* with a Retry-After header */
};

const struct error_response *error_response(enum dm_status status);

#endif
