/* SPDX-License-Identifier: MIT */
/* cookie.c - the Cookie header (RFC 6265). */
#include "cookie.h"

static struct span unquote(struct span value)
{
	if (value.length >= 2 && value.data[0] == '"' && value.data[value.length - 1] == '"')
		return (struct span){value.data + 1, value.length - 2};
	return value;
}

unsigned cookie_find(struct span header, struct span name, struct span *value)
{
	unsigned times = 0;

	*value = (struct span){NULL, 0};
	while (header.data) {
		struct span rest = span_cut(&header, ';');
		struct span key = span_trim(span_cut(&rest, '='));

		if (!rest.data || !span_equal(key, name)) /* a text without '=' is no cookie of ours */
			continue;
		if (times++ == 0)
			*value = unquote(span_trim(rest));
	}
	return times;
}
