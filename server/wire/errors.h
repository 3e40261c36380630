/* SPDX-License-Identifier: MIT */
/* errors.h - from a failure of the library to the answer that clients get: one table. */
#ifndef ERRORS_H
#define ERRORS_H

#include "directmessages.h"

struct error_answer {
	unsigned status;
	const char *detail; /* NULL: the failure's own sentence, which was written for clients */
	bool retry_later;   /* with a Retry-After header */
};

const struct error_answer *error_answer(enum dm_status status);

#endif
