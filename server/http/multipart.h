/* SPDX-License-Identifier: MIT */
/* multipart.h - the fields of a multipart/form-data body (RFC 7578). */
#ifndef MULTIPART_H
#define MULTIPART_H

#include "http.h"

struct multipart_field {
	bool found;
	bool is_file; /* it came with a file name */
	struct buffer value;
};

/* Reads the body's field of this name, its last appearance; false where the body is malformed. The caller releases
 * field->value. */
MUST_CHECK bool multipart_find(struct request *request, const char *name, struct multipart_field *field);

#endif
