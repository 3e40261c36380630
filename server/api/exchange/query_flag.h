/* SPDX-License-Identifier: MIT */
/* query_flag.h - query parameters that are true or false. */
#ifndef QUERY_FLAG_H
#define QUERY_FLAG_H

#include "exchange.h"

/* `otherwise` if the parameter is not given. False: it can't be read, and the response, a 400, is complete. */
MUST_CHECK bool query_flag(struct exchange *exchange, struct span name, bool otherwise, bool *value);

#endif
