/* SPDX-License-Identifier: MIT */
/* negotiate.c - media types, matched as Django REST Framework matches them. */
#include "negotiate.h"

static bool half_covers(struct span pattern, struct span half)
{
	return span_equal(pattern, SPAN("*")) || span_equal_nocase(pattern, half);
}

bool media_type_covers(struct span header, struct span type, struct span subtype)
{
	struct span rest = span_trim(span_cut(&header, ';'));
	struct span first = span_cut(&rest, '/');

	return half_covers(first, type) && half_covers(rest, subtype);
}

bool accepts_json(struct span accept)
{
	do {
		struct span one = span_cut(&accept, ',');

		if (media_type_covers(one, SPAN("application"), SPAN("json")))
			return true;
	} while (accept.data);
	return false;
}
