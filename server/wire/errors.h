/* SPDX-License-Identifier: MIT */
/* errors.h - which failure of the library becomes which response. */
#ifndef ERRORS_H
#define ERRORS_H

#include "directmessages.h"

struct error_response {
	unsigned status;
	const char *detail; /* NULL: the failure's own message, which was written for clients */
	bool retry_later;   /* worth a later try; logged as a warning, not as an error */
};

/* `status` as any operation may end, except DM_OK. */
const struct error_response *error_response(enum dm_status status);

#endif
