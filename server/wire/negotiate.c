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

/* How exact one entry of an Accept header is: 0 for any type, 1 for any subtype, 2 for type/subtype, 3 with parameters
 * other than the weight. */
static int exactness(struct span one)
{
	struct span type = span_trim(span_cut(&one, ';')), parameter = span_trim(one);
	struct span first = span_cut(&type, '/');

	if (span_equal(first, SPAN("*")))
		return 0;
	if (span_equal(type, SPAN("*")))
		return 1;
	return parameter.length == 0 || span_equal(span_trim(span_cut(&parameter, '=')), SPAN("q")) ? 2 : 3;
}

size_t accepts_which(struct span accept, const struct media_type *offered, size_t count)
{
	size_t best = count;
	int best_exactness = -1;

	do {
		struct span one = span_cut(&accept, ',');
		int exact = exactness(one);

		for (size_t i = 0; i < count && exact >= best_exactness; i++) {
			if (!media_type_covers(one, offered[i].type, offered[i].subtype))
				continue;
			if (exact > best_exactness || i < best)
				best = i;
			best_exactness = exact;
			break;
		}
	} while (accept.data);
	return best;
}

bool accepts(struct span accept, struct span type)
{
	struct span subtype = type, first = span_cut(&subtype, '/');

	do {
		struct span one = span_cut(&accept, ',');

		if (media_type_covers(one, first, subtype))
			return true;
	} while (accept.data);
	return false;
}

/* Whether parameters are a weight of 0: "q=0", "q=0.000". */
static bool weighs_nothing(struct span parameters)
{
	struct span weight = span_trim(parameters);
	struct span name = span_trim(span_cut(&weight, '='));

	weight = span_trim(weight);
	if (!span_equal_nocase(name, SPAN("q")) || weight.length == 0)
		return false;
	for (size_t i = 0; i < weight.length; i++)
		if (weight.data[i] != '0' && weight.data[i] != '.')
			return false;
	return true;
}

bool accepts_gzip(struct span accept_encoding)
{
	bool named = false, accepted = false;

	do {
		struct span one = span_cut(&accept_encoding, ',');
		struct span coding = span_trim(span_cut(&one, ';'));
		bool is_gzip = span_equal_nocase(coding, SPAN("gzip"));

		if (!is_gzip && (named || !span_equal(coding, SPAN("*"))))
			continue;
		named = named || is_gzip; /* an entry for gzip itself wins, in any order */
		accepted = !weighs_nothing(one);
	} while (accept_encoding.data);
	return accepted;
}
