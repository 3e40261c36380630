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

void request_wait_begin(struct request *request, enum wait_next next)
{
	request->http.wait_next = next;
	atomic_store(&request->http.wait, WAIT_RUNNING);
}

bool request_wait_is_over(struct request *request)
{
	return atomic_load(&request->http.wait) == WAIT_OVER;
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

/* Runs steps on the waker's thread until one needs the loop, which finds its outcome. False: a step waits for another
 * waker. */
static bool run_steps(struct request *request)
{
	enum http_outcome outcome;

	do {
		outcome = request->step(request);
		if (outcome == HTTP_WAIT && hand_over(request))
			return false;
	} while (outcome == HTTP_WAIT);
	request->http.outcome = outcome;
	return true;
}

void request_wake(struct request *request)
{
	/* Read before the exchange: after it the loop may go on, and free the request at any moment. */
	struct loop *loop = request->http.client->watch.loop;
	int next = request->http.wait_next;

	if (atomic_exchange(&request->http.wait, WAIT_OVER) != WAIT_SUSPENDED)
		return; /* the loop has not left the step that began the wait, and goes on by itself */
	if (next == WAIT_THEN_LOOP || run_steps(request))
		loop_resume(loop, request);
}
