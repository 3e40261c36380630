/* SPDX-License-Identifier: MIT */
/* work.c - counts the requests that the server is busy with. */
#include "work.h"

#include "connection.h"

static struct loop *loop_of(const struct request *request)
{
	return request->http.client->watch.loop;
}

bool work_begin(struct request *request)
{
	struct loop *loop = loop_of(request);

	if (!request->http.is_working && !loop->stopped) {
		request->http.is_working = true;
		loop->working++;
	}
	return request->http.is_working;
}

void work_end(struct request *request)
{
	request->http.is_working = false;
	loop_of(request)->working--;
}
