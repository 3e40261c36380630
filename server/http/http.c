/* SPDX-License-Identifier: MIT */
/* http.c - starts and stops the loops that serve a socket. */
#include "http.h"

#include "loop_thread.h"
#include "mhd_response.h"

#include <microhttpd.h>

#include <stdlib.h>

static void end_loops(struct http_server *server)
{
	atomic_store(&server->stopping, true);
	for (unsigned i = 0; i < server->loops_count; i++)
		loop_wake(&server->loops[i]);
	for (unsigned i = 0; i < server->loops_count; i++)
		loop_join(&server->loops[i]);
	for (unsigned i = 0; i < server->loops_count; i++)
		loop_close(&server->loops[i]);
	addresses_release(&server->addresses);
	if (server->no_room)
		MHD_destroy_response(server->no_room);
	free(server);
}

/* A loop's share of the connections. */
static size_t share(const struct http_options *options, unsigned number)
{
	return options->connections / options->threads + (number < options->connections % options->threads);
}

struct http_server *http_start(const struct http_options *options)
{
	struct http_server *server = calloc(1, sizeof(*server) + options->threads * sizeof(struct loop));

	if (!server)
		return NULL;
	server->options = *options;
	addresses_init(&server->addresses, options->connections_per_address);
	server->no_room = mhd_response_make_lent(options->no_room, true);
	if (!server->no_room) {
		end_loops(server);
		return NULL;
	}
	atomic_store(&server->listening,
		     options->threads + 1); /* + 1: the socket stays open if a loop fails to start */
	while (server->loops_count < options->threads) {
		if (!loop_start(&server->loops[server->loops_count], server, share(options, server->loops_count))) {
			end_loops(server);
			return NULL;
		}
		server->loops_count++;
	}
	atomic_fetch_sub(&server->listening, 1);
	return server;
}

void http_stop(struct http_server *server, unsigned seconds)
{
	server->stop_seconds = seconds;
	end_loops(server);
}
