/* SPDX-License-Identifier: MIT */
/* traceparent.h - the header traceparent of W3C Trace Context: "00-" trace id "-" parent id "-" flags. */
#ifndef TRACEPARENT_H
#define TRACEPARENT_H

#include "span.h"

#include <stdbool.h>

#define TRACEPARENT_LENGTH 55
#define TRACEPARENT_TRACE_AT 3
#define TRACEPARENT_TRACE_LENGTH 32
#define TRACEPARENT_PARENT_AT 36
#define TRACEPARENT_PARENT_LENGTH 16
#define TRACEPARENT_FLAGS_AT 53

/* Whether the text begins with a good one. A later version may be longer; what this one has is at the same place in it.
 */
bool traceparent_is_good(struct span text);

#endif
