/* SPDX-License-Identifier: MIT */
/* base64url.c - base64url without padding, read strictly. */
#include "base64url.h"

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool base64url_decode(struct span text, struct arena *arena, struct span *bytes)
{
	unsigned char *out = text.length % 4 == 1 ? NULL : arena_alloc(arena, text.length / 4 * 3 + 3);
	unsigned bits = 0;
	int held = 0; /* bits that are not written yet */
	size_t length = 0;

	if (!out)
		return false;
	for (size_t i = 0; i < text.length; i++) {
		int value = value_of(text.data[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (unsigned)value) & 0xFFFF;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[length++] = (unsigned char)(bits >> held);
		}
	}
	*bytes = (struct span){(const char *)out, length};
	return (bits & ((1U << held) - 1)) == 0;
}
