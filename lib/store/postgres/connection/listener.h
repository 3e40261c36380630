/* SPDX-License-Identifier: MIT */
/* listener.h - listens for notifications that a server has added to the event log. */
#ifndef LISTENER_H
#define LISTENER_H

#include "postgres.h"

struct listener;

/* Starts a thread with a connection of its own. It calls the store's `recorded` when a notification has come, and each
 * time it has connected, since notifications may have been missed. NULL where there is no memory or no thread. */
MUST_CHECK struct listener *listener_start(struct postgres *postgres);
void listener_stop(struct listener *listener); /* NULL is fine */

#endif
