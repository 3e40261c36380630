/* SPDX-License-Identifier: MIT */
/* messages_resources.h - the resources of messages and conversations: a function for each method of each path. */
#ifndef MESSAGES_RESOURCES_H
#define MESSAGES_RESOURCES_H

#include "route.h"

exchange_step blocks_get, block_put, block_delete;                                       /* blocks.c */
exchange_step unread_get;                                                                /* unread.c */
exchange_step conversations_get;                                                         /* conversations.c */
exchange_step conversations_unread_get;                                                  /* conversations_unread.c */
exchange_step conversation_get;                                                          /* conversation.c */
exchange_step conversation_post;                                                         /* conversation_post.c */
exchange_step message_get;                                                               /* message.c */
exchange_step message_delete;                                                            /* message.c */
exchange_step send_post;                                                                 /* send.c */
exchange_step inbox_get;                                                                 /* inbox.c */
exchange_step inbox_entry_get;                                                           /* inbox_entry.c */
exchange_step conversation_delete;                                                       /* conversation_delete.c */
exchange_step conversation_read_post, conversation_unread_post, conversations_read_post; /* marking.c */

#endif
