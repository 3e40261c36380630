/* SPDX-License-Identifier: MIT */
/* resources.h - what the route table points to: one function for each method of each path. */
#ifndef RESOURCES_H
#define RESOURCES_H

#include "exchange.h"

exchange_step unread_get;               /* unread.c */
exchange_step conversations_get;        /* conversations.c */
exchange_step conversations_unread_get; /* conversations_unread.c */
exchange_step conversation_get;         /* conversation.c */
exchange_step conversation_post;        /* conversation_post.c */
exchange_step message_delete;           /* message.c */
exchange_step send_post;                /* send.c */
exchange_step events_get;               /* events.c */
exchange_step events_ticket_post;       /* events_ticket.c */

exchange_step docs_get;   /* docs.c */
exchange_step schema_get; /* schema.c */
exchange_step static_get; /* static.c: the route's own body */

extern const struct span livez_body; /* livez.c */
exchange_step readyz_get;            /* readyz.c */
exchange_step metrics_get;           /* metrics.c */

#endif
