/* SPDX-License-Identifier: MIT */
/* parameters.h - the parameters of a header's value: "form-data; name=x", "multipart/form-data; boundary=\"x\"". */
#ifndef PARAMETERS_H
#define PARAMETERS_H

#include "arena.h"
#include "attributes.h"

/* What stands before the parameters, without blanks around it. */
struct span parameters_main(struct span line);

/* The value of the parameter of this name (in small letters), which may stand there in any case, quoted or not, or in
 * the form of RFC 2231 (name*=charset'language'value, name*0=..; name*1=..), of which the charset is not looked at. The
 * last one counts. It is the arena's or the line's; data NULL where there is none. */
MUST_CHECK struct span parameter_find(struct span line, struct span name, struct arena *arena);

#endif
