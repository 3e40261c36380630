/* SPDX-License-Identifier: MIT */
/* operations_resources.h - the resources for the operator of the server. */
#ifndef OPERATIONS_RESOURCES_H
#define OPERATIONS_RESOURCES_H

#include "route.h"

extern const struct span livez_body; /* livez.c */
exchange_step static_get;            /* static.c: sends the route's own body */
exchange_step readyz_get;            /* readyz.c */
exchange_step metrics_get;           /* metrics.c */

#endif
