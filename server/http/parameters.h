/* SPDX-License-Identifier: MIT */
/* parameters.h - the parameters of a header's value: "form-data; name=x", "multipart/form-data; boundary=\"x\"". */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include "arena.h"
#include "attributes.h"

/* What comes before the parameters, without blanks around it. */
struct span parameters_main(struct span line);

/* The value of the last parameter with this name, in any case; `name` is in lower case. It may be quoted, or in a form
 * of RFC 2231 (name*=charset'language'value, name*0=..; name*1=..), of which the charset is ignored. The value lies in
 * the arena or in the line; data is NULL if there is none. */
MUST_CHECK struct span parameter_find(struct span line, struct span name, struct arena *arena);

#endif
