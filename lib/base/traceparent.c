/* SPDX-License-Identifier: MIT */
/* traceparent.c - the header traceparent of W3C Trace Context. */
#include "traceparent.h"

#include <string.h>

static bool is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
			return false;
	return true;
}

static bool is_zero(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] != '0')
			return false;
	return true;
}

bool traceparent_is_good(struct span text)
{
	const char *data = text.data;

	if (text.length < TRACEPARENT_LENGTH || !is_hex(data, 2) || memcmp(data, "ff", 2) == 0)
		return false;
	if (text.length > TRACEPARENT_LENGTH && (memcmp(data, "00", 2) == 0 || data[TRACEPARENT_LENGTH] != '-'))
		return false;
	return data[TRACEPARENT_TRACE_AT - 1] == '-' && data[TRACEPARENT_PARENT_AT - 1] == '-' &&
	       data[TRACEPARENT_FLAGS_AT - 1] == '-' && is_hex(data + TRACEPARENT_TRACE_AT, TRACEPARENT_TRACE_LENGTH) &&
	       !is_zero(data + TRACEPARENT_TRACE_AT, TRACEPARENT_TRACE_LENGTH) &&
	       is_hex(data + TRACEPARENT_PARENT_AT, TRACEPARENT_PARENT_LENGTH) &&
	       !is_zero(data + TRACEPARENT_PARENT_AT, TRACEPARENT_PARENT_LENGTH) &&
	       is_hex(data + TRACEPARENT_FLAGS_AT, 2);
}
