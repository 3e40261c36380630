/* SPDX-License-Identifier: MIT */
/* cookie.h - the Cookie header (RFC 6265). */
#ifndef COOKIE_H
#define COOKIE_H

#include "attributes.h"
#include "span.h"

/* Finds a cookie by its name, whose case counts, and says how often it is there; *value is that of the first, without
 * blanks and quotes around it. */
MUST_CHECK unsigned cookie_find(struct span header, struct span name, struct span *value);

#endif
