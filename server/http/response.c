/* SPDX-License-Identifier: MIT */
/* response.c - a response while it is put together. */
#include "response.h"

#include <stdlib.h>

void response_header(struct response *response, const char *name, const char *value)
{
	if (response->headers_count == MAX_RESPONSE_HEADERS)
		abort(); /* a bug in the program: clients can't add headers */
	response->headers[response->headers_count].name = name;
	response->headers[response->headers_count++].value = value;
}
