/* SPDX-License-Identifier: MIT */
/* checks.h - the checks that a request passes before its resource runs. pipeline.c has their order.
 *
 * A check returns CHECK_PASSED, a response, or what exchange_await or check_need_body returned: then `then` goes on as
 * the same check. */
#ifndef CHECKS_H
#define CHECKS_H

#include "exchange.h"

#define CHECK_PASSED HTTP_NONE

/* check_head.c */
exchange_step check_head;   /* the head is well-formed */
exchange_step check_length; /* the declared length of the body is within the limit */
exchange_step check_host;   /* the host could stand in a link */

/* check_route.c */
exchange_step check_route;     /* the path is one of ours: sets route, target_id, target_name, content_type */
exchange_step check_preflight; /* a browser's question what a page may do is answered here */
exchange_step check_accept;    /* ?format= and Accept allow the route's content type */
exchange_step check_options;   /* responds to OPTIONS */
exchange_step check_method;    /* the route has the method */
exchange_step check_recipient; /* the user that the path names exists */

/* check_rate.c */
exchange_step check_rate; /* the caller does not send too often */

/* check_caller.c */
exchange_step check_caller;   /* something names the caller: sets credential, user_id, key, expires_at, target_exists,
				 target_id; of a user who is yet to be made, credential alone */
exchange_step check_new_user; /* makes that user, and sets the rest */

/* check_admin_key.c */
exchange_step check_admin_key; /* Authorization shows the admin key */

/* check_origin.c */
exchange_step check_origin; /* a page of another site does not act for its visitor */

/* check_body.c */
exchange_step check_body; /* reads the body: of a POST it sets content; in AREA_ADMIN of any method, and JSON alone */

#endif
