/* SPDX-License-Identifier: MIT */
/* events_resources.h - the resources of event streams: a function for each method of each path. */
#ifndef EVENTS_RESOURCES_H
#define EVENTS_RESOURCES_H

#include "route.h"

exchange_step events_get;         /* events.c */
exchange_step events_ticket_post; /* events_ticket.c */

#endif
