/* SPDX-License-Identifier: MIT */
/* attributes.h - names for the compiler attributes that we use. */
#ifndef ATTRIBUTES_H
#define ATTRIBUTES_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
