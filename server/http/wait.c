/* SPDX-License-Identifier: MIT */
/* wait.c - how a request waits for something on another thread, and is woken. */
#include "wait.h"

#include "connection.h"

enum wait {
	WAIT_NONE,
	WAIT_RUNNING,   /* something is under way, and the loop is still in the step that began it */
	WAIT_SUSPENDED, /* the loop has handed the request to its waker */
	WAIT_OVER
};

void request_wait_begin(struct request *request)
{
	atomic_store(&request->http.wait, WAIT_RUNNING);
}

bool request_wait_is_over(struct request *request)
{
	return atomic_load(&request->http.wait) == WAIT_OVER;
}

void request_wake(struct request *request)
{
	/* Read before the exchange: after it the loop may go on, and free the request at any moment. */
	struct loop *loop = request->http.client->watch.loop;

	if (atomic_exchange(&request->http.wait, WAIT_OVER) == WAIT_SUSPENDED)
		loop_resume(loop, request);
}

/* Hands the suspended request to its waker; from then on it may be gone at any moment. False: the waker has already
 * fired and the request is still ours. */
static bool hand_over(struct request *request)
{
	int running = WAIT_RUNNING;

	return atomic_compare_exchange_strong(&request->http.wait, &running, WAIT_SUSPENDED);
}

void request_suspend(struct request *request)
{
	struct connection *client = request->http.client;

	connection_suspend(client);
	if (!hand_over(request))
		connection_resume(client);
}

void request_go_on(struct request *request)
{
	enum http_outcome outcome;

	if (atomic_exchange(&request->http.wait, WAIT_OVER) != WAIT_SUSPENDED)
		return; /* the loop is not out of its step yet, and goes on by itself */
	do {
		outcome = request->step(request);
		if (outcome == HTTP_WAIT && hand_over(request))
			return;
	} while (outcome == HTTP_WAIT);
	request->http.outcome = outcome;
	request->http.is_ahead = true;
	loop_resume(request->http.client->watch.loop, request);
}
