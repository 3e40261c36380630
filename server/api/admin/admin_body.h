/* SPDX-License-Identifier: MIT */
/* admin_body.h - the members of a request's JSON body. */
#ifndef ADMIN_BODY_H
#define ADMIN_BODY_H

#include "attributes.h"
#include "exchange.h"
#include "json_body.h"

/* Reads the body, which may have these members and no others. False after it has responded: return HTTP_RESPOND. */
MUST_CHECK bool admin_body(struct exchange *exchange, struct json_member *members, size_t count);

#endif
