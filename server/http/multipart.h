/* SPDX-License-Identifier: MIT */
/* multipart.h - the fields of a multipart/form-data body (RFC 7578). */
#ifndef MULTIPART_H
#define MULTIPART_H

#include "request.h"

struct multipart_field {
	bool found;
	bool is_file;      /* it, or an earlier field of the name, had a file name */
	struct span value; /* lies in the body */
};

/* Finds the last field of this name in the body. False: the body is malformed. */
MUST_CHECK bool multipart_find(struct request *request, struct span name, struct multipart_field *field);

#endif
