/* SPDX-License-Identifier: MIT */
/* secret.c - reading a webhook's secret. */
#include "secret.h"

#include <string.h>

#define KEY_LEAST 24

/* 0 to 63, or -1 if it is not a digit of base64. */
static int value_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *place = memchr(digits, c, sizeof(digits) - 1);

	return place ? (int)(place - digits) : -1;
}

size_t secret_decode(struct span secret, unsigned char key[SECRET_MAX_KEY_SIZE])
{
	struct span rest = secret;
	size_t length = 0, pads = 0;
	uint32_t bits = 0;

	if (secret.length < sizeof(SECRET_PREFIX) || memcmp(secret.data, SECRET_PREFIX, sizeof(SECRET_PREFIX) - 1) != 0)
		return 0;
	rest.data += sizeof(SECRET_PREFIX) - 1;
	rest.length -= sizeof(SECRET_PREFIX) - 1;
	if (rest.length % 4 != 0)
		return 0;
	while (pads < 2 && rest.data[rest.length - 1 - pads] == '=')
		pads++;
	for (size_t i = 0; i < rest.length - pads; i++) {
		int value = value_of(rest.data[i]);

		if (value < 0)
			return 0;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 == 0)
			continue;
		if (length == SECRET_MAX_KEY_SIZE)
			return 0;
		key[length++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	return length >= KEY_LEAST ? length : 0;
}
