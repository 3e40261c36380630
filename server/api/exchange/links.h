/* SPDX-License-Identifier: MIT */
/* links.h - the absolute URL under which a client sees a request's path. */
#ifndef LINKS_H
#define LINKS_H

#include "exchange.h"

/* Whether the host that links would have is valid: letters, digits and "-._~", or an IPv6 address, and maybe a port. */
bool links_host_is_valid(const struct exchange *exchange);

/* Whether the origin is that of the links. */
bool links_origin_is_own(const struct exchange *exchange, struct span origin);

/* scheme://host/path, without the query, in the request's arena. */
struct span links_own_url(struct exchange *exchange);

#endif
