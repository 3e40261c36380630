/* SPDX-License-Identifier: MIT */
/* random.c - secrets from the system's random source. */
#include "random.h"

#include <sys/random.h>

bool random_bytes(void *out, size_t length)
{
	size_t filled = 0;

	while (filled < length) {
		ssize_t got = getrandom((char *)out + filled, length - filled, 0);

		if (got < 0)
			return false;
		filled += (size_t)got;
	}
	return true;
}

/* Draws each character from `alphabet` with the same probability: bytes that would favour its beginning are dropped. */
static bool draw(char *out, size_t length, const char *alphabet, size_t letters)
{
	const size_t fair = 256 - 256 % letters;
	size_t filled = 0;

	while (filled < length) {
		unsigned char bytes[64];
		ssize_t got = getrandom(bytes, sizeof(bytes), 0);

		if (got < 0)
			return false;
		for (ssize_t i = 0; i < got && filled < length; i++)
			if (bytes[i] < fair)
				out[filled++] = alphabet[bytes[i] % letters];
	}
	out[length] = '\0';
	return true;
}

bool random_hex(char *out, size_t length)
{
	return draw(out, length, "0123456789abcdef", 16);
}

bool random_alphanumeric(char *out, size_t length)
{
	return draw(out, length, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 62);
}
