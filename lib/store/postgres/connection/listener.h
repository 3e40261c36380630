/* SPDX-License-Identifier: MIT */
/* listener.h - tells the other servers of the database that the event log has grown, and hears of it from them. */
#ifndef LISTENER_H
#define LISTENER_H

#include "postgres.h"

struct listener;

/* Starts a thread with a connection of its own. It calls the store's `recorded` when another server's notification has
 * come, and each time it has connected, since notifications may have been missed. NULL where there is no memory or no
 * thread. */
MUST_CHECK struct listener *listener_start(struct postgres *postgres);

/* Has the others told that events were committed: at once, or in a moment if they were told just now. On any thread;
 * NULL is fine. */
void listener_announce(struct listener *listener);

/* What is to be announced still is sent, unless the connection is busy; nobody waits for it. NULL is fine. */
void listener_stop(struct listener *listener);

#endif
