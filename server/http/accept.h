/* SPDX-License-Identifier: MIT */
/* accept.h - accepts clients into a loop. */
#ifndef ACCEPT_H
#define ACCEPT_H

#include "loop.h"

/* The callback of loop.listener: accepts a few of the clients that are waiting. */
void accept_on_listener(struct watch *watch, uint32_t events);

/* Before the listening socket is closed: accepts all that are waiting, as far as there is room. Accepts no more than
 * the listen queue can hold: otherwise a client that is refused and connects again at once could keep it going for
 * ever. */
void accept_last(struct loop *loop);

#endif
