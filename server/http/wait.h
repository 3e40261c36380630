/* SPDX-License-Identifier: MIT */
/* wait.h - how a request waits for something on another thread, and is woken. */
#ifndef WAIT_H
#define WAIT_H

#include "request.h"

/* How to wait: call request_wait_begin, start what will call request_wake, then look at request_wait_is_over. If it is
 * over, go on at once; otherwise return HTTP_WAIT. request_wake may be called on any thread, once. */
void request_wait_begin(struct request *request);
bool request_wait_is_over(struct request *request);
void request_wake(struct request *request);

/* As request_wake, but runs the request's next steps on the caller's thread, up to one that needs the loop: this spares
 * waking the loop just to start the next thing to wait for. */
void request_go_on(struct request *request);

/* For this folder: suspends the connection of a request that has to wait, unless it was woken just now. The request may
 * be gone when this returns. */
void request_suspend(struct request *request);

#endif
