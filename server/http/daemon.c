/* SPDX-License-Identifier: MIT */
/* daemon.c - a loop's libmicrohttpd daemon: its settings and callbacks. */
#include "daemon.h"

#include "connection.h"
#include "drive.h"
#include "framing.h"
#include "log.h"

#include <stdio.h>
#include <string.h>

/* A connection's memory holds the request's head and the response's, which may repeat a part of it (Location), and
 * libmicrohttpd reads into a half of it at most. */
#define MEMORY_PER_HEADER 3

/* The first that we see of a request: its target, before libmicrohttpd cuts it up. What this returns is the request's
 * pointer in all later callbacks. */
static void *on_target(void *server, const char *target, struct MHD_Connection *connection)
{
	struct connection *client = connection_of(connection);
	struct request *request = request_new(client, connection, (char *)target);

	if (request) {
		request->server = server;
		client->request = request;
	}
	return request;
}

/* We decode paths and queries ourselves: a %00 would end libmicrohttpd's C strings. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context, (void)connection;
	return strlen(text);
}

static void log_daemon(void *context, const char *format, va_list arguments)
{
	char text[512];
	size_t length;

	(void)context;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), format, arguments);
#pragma GCC diagnostic pop
	length = strlen(text);
	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	log_line(LOG_DEBUG, "libmicrohttpd: %s", text);
}

struct MHD_Daemon *daemon_start(struct loop *loop)
{
	struct http_server *server = loop->server;
	const struct http_options *options = &server->options;
	/* On a Unix socket the system does not count what a client has received; libmicrohttpd sees at least whether it
	 * receives anything. */
	unsigned timeout = options->is_unix ? options->idle_seconds : 0;

	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
		drive_on_request, server, MHD_OPTION_EXTERNAL_LOGGER, log_daemon, NULL, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)loop->max_open + MAX_SET_ASIDE, MHD_OPTION_CONNECTION_TIMEOUT, timeout,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_PER_HEADER * options->header_bytes,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_NOTIFY_CONNECTION, connection_on_notice,
		loop, MHD_OPTION_NOTIFY_COMPLETED, drive_on_completed, server, MHD_OPTION_STRICT_FOR_CLIENT,
		framing_strictness(), MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_END);
}
