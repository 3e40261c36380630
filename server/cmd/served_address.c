/* SPDX-License-Identifier: MIT */
/* served_address.c - an address that is served. */
#include "served_address.h"

#include "cli.h"
#include "inherited.h"
#include "log.h"
#include "pipeline.h"
#include "respond.h"

#include <unistd.h>

bool served_address_open(struct served_address *served, const char *address, enum setting setting,
			 const struct http_options *options)
{
	const struct http_listener *inherited = inherited_listener(setting);
	struct http_options own = *options;
	char error[256];

	if (inherited) {
		served->listener = *inherited;
	} else if (!http_listener_open(address, &served->listener, error)) {
		cli_fail(EXIT_FAILED, "%s; choose another with --%s or %s", error, setting_row(setting)->flag,
			 setting_row(setting)->variable);
		return false;
	}
	served->api.own_host = served->listener.is_unix ? "localhost" : served->listener.name;
	own.socket = served->listener.socket;
	own.is_unix = served->listener.is_unix;
	own.is_kept = served->listener.is_kept;
	own.first = pipeline_begin;
	own.completed = pipeline_completed;
	own.context = &served->api;
	own.no_room = &response_no_room;
	served->server = http_start(&own);
	if (served->server)
		return true;
	close(served->listener.socket);
	http_listener_release(&served->listener);
	cli_fail(EXIT_FAILED, "the HTTP server does not start; lower DIRECTMESSAGES_THREADS, or free memory");
	return false;
}

void served_address_close(struct served_address *served, unsigned seconds)
{
	if (!served->server)
		return;
	http_stop(served->server, seconds);
	http_listener_release(&served->listener);
	served->server = NULL;
}

void served_address_log(const struct served_address *served, const char *what, const char *path)
{
	if (served->listener.is_unix)
		log_line(LOG_INFO, "%s %s", what, served->listener.name);
	else
		log_line(LOG_INFO, "%s http://%s%s", what, served->listener.name, path);
}
