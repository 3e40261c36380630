/* SPDX-License-Identifier: MIT */
/* front.c - an address that is served. */
#include "front.h"

#include "cli.h"
#include "log.h"
#include "pipeline.h"
#include "respond.h"

#include <unistd.h>

bool front_open(struct front *front, const char *address, const char *flag, const char *variable,
		const struct http_options *options)
{
	struct http_options own = *options;
	char error[256];

	if (!http_listener_open(address, &front->listener, error)) {
		cli_fail(EXIT_FAILED, "%s; choose another with %s or %s", error, flag, variable);
		return false;
	}
	front->api.own_host = front->listener.unix_path ? "localhost" : front->listener.name;
	own.socket = front->listener.socket;
	own.is_unix = front->listener.unix_path != NULL;
	own.first = pipeline_begin;
	own.completed = pipeline_completed;
	own.context = &front->api;
	own.no_room = &response_no_room;
	front->server = http_start(&own);
	if (front->server)
		return true;
	close(front->listener.socket);
	http_listener_release(&front->listener);
	cli_fail(EXIT_FAILED, "the HTTP server does not start; lower DIRECTMESSAGES_THREADS or free memory");
	return false;
}

void front_close(struct front *front, unsigned seconds)
{
	if (!front->server)
		return;
	http_stop(front->server, seconds);
	http_listener_release(&front->listener);
	front->server = NULL;
}

void front_log(const struct front *front, const char *what, const char *path)
{
	if (front->listener.unix_path)
		log_line(LOG_INFO, "%s %s", what, front->listener.name);
	else
		log_line(LOG_INFO, "%s http://%s%s", what, front->listener.name, path);
}
