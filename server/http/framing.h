/* SPDX-License-Identifier: MIT */
/* framing.h - where a request's head and body end, and whether everybody agrees on that (RFC 9112). */
#ifndef FRAMING_H
#define FRAMING_H

#include "request.h"

/* The parts of the request line, at their places in libmicrohttpd's memory. */
struct first_line {
	const char *method, *target, *version;
};

/* The value of MHD_OPTION_STRICT_FOR_CLIENT for the installed version of libmicrohttpd. */
int framing_strictness(void);

/* Looks at the version, the declared length of the body, and what is wrong with the head. Sets accepts_chunks,
 * content_length and refusal. */
void framing_parse(struct request *request, const struct first_line *line);

#endif
