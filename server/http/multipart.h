/* SPDX-License-Identifier: MIT */
/* multipart.h - the fields of a multipart/form-data body (RFC 7578). */
#ifndef MULTIPART_H
#define MULTIPART_H

#include "request.h"

struct multipart_field {
	bool found;
	bool is_file;      /* it, or an earlier one of the name, came with a file name */
	struct span value; /* the body's */
};

/* Reads the body's field of this name, its last appearance; false where the body is malformed. */
MUST_CHECK bool multipart_find(struct request *request, struct span name, struct multipart_field *field);

#endif
