/* SPDX-License-Identifier: MIT */
/* random.h - secrets from the system's random source. */
#ifndef RANDOM_H
#define RANDOM_H

#include "attributes.h"

#include <stdbool.h>
#include <stddef.h>

/* Fills `out` with random bytes. False: the system has none. */
MUST_CHECK bool random_bytes(void *out, size_t length);

/* Fills `out` with `length` lower-case hex digits (4 random bits each) and a NUL. False: the system has no random
 * bytes. */
MUST_CHECK bool random_hex(char *out, size_t length);

/* The same with letters and digits, as Django's get_random_string. */
MUST_CHECK bool random_alphanumeric(char *out, size_t length);

#endif
