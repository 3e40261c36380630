/* SPDX-License-Identifier: MIT */
/* test_accept.c - a loop that is about to stop accepts who is waiting, and comes to an end of it. accept4 is ours. */
#include "accept.h"
#include "connection.h"
#include "listen.h"
#include "unit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned accepts;

int __wrap_accept4(int socket, struct sockaddr *address, socklen_t *length, int flags);

/* Another client of the same address is always waiting. */
int __wrap_accept4(int socket, struct sockaddr *address, socklen_t *length, int flags)
{
	struct sockaddr_in *client = (struct sockaddr_in *)address;

	(void)flags;
	assert_true(*length >= sizeof(*client));
	assert_true(++accepts <= 10 * LISTEN_BACKLOG);
	*client = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	*length = sizeof(*client);
	return dup(socket);
}

static void clients_that_are_refused_and_come_again_do_not_keep_a_loop_from_stopping(void **state)
{
	struct http_server *server = calloc(1, sizeof(*server));
	const struct sockaddr_in client = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct http_counts counts = {.open = 0};
	struct loop loop = {.server = server, .max_open = 2};
	struct address address;

	(void)state;
	assert_non_null(server);
	slots_init(&loop.connections, sizeof(struct connection));
	server->options.socket = STDERR_FILENO;
	server->options.counts = &counts;
	addresses_init(&server->addresses, 1);
	assert_true(addresses_enter(&server->addresses, (const struct sockaddr *)&client, sizeof(client), &address));
	accept_last(&loop);
	assert_int_equal(accepts, LISTEN_BACKLOG);
	assert_int_equal(counts.closed[HTTP_CLOSED_ADDRESS], LISTEN_BACKLOG);
	assert_int_equal(loop.open, 0);
	addresses_leave(&server->addresses, &address);
	addresses_release(&server->addresses);
	free(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_that_are_refused_and_come_again_do_not_keep_a_loop_from_stopping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
