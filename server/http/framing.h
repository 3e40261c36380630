/* SPDX-License-Identifier: MIT */
/* framing.h - whether everybody takes a request's head for the same request; for http.c and request.c. */
#ifndef FRAMING_H
#define FRAMING_H

#include "request.h"

/* The strings of the first line, where libmicrohttpd has left them. */
struct first_line {
	const char *method, *target, *version;
};

/* What MHD_OPTION_STRICT_FOR_CLIENT should be for the libmicrohttpd that is there. */
int framing_strictness(void);

/* Reads the request's version, how long its body is and what may be wrong with its head: content_length, takes_chunks,
 * refusal. */
void framing_read(struct request *request, const struct first_line *line);

#endif
