/* SPDX-License-Identifier: MIT */
/* failure.c - saying why a call failed. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

enum dm_status fail(struct dm_error *error, enum dm_status status, const char *format, ...)
{
	va_list arguments;

	if (!error || error->status != DM_OK)
		return status;
	error->status = status;
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return status;
}

enum dm_status report(struct dm_error *error, enum dm_status status, const struct dm_error *own)
{
	if (error && status != DM_OK) {
		*error = *own;
		error->status = status;
	}
	return status;
}
