/* SPDX-License-Identifier: MIT */
/* wait.h - how a request waits for something on another thread, and is woken. */
#ifndef WAIT_H
#define WAIT_H

#include "request.h"

/* Which thread runs the steps after the wait. */
enum wait_next {
	WAIT_THEN_LOOP, /* the loop: it is woken, and runs the next step, or reads the body source */
	WAIT_THEN_WAKER /* the one that calls request_wake, up to a step that needs the loop: this spares waking the
			   loop just to start the next wait (decision 65) */
};

/* How to wait: call request_wait_begin, start what will call request_wake, then look at request_wait_is_over. If it is
 * over, go on at once; otherwise return HTTP_WAIT. request_wake may be called on any thread, once. */
void request_wait_begin(struct request *request, enum wait_next next);
bool request_wait_is_over(struct request *request);
void request_wake(struct request *request);

/* For this folder: suspends the connection of a request that has to wait, unless it was woken just now. The request may
 * be gone when this returns. */
void request_suspend(struct request *request);

#endif
