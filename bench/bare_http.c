/* SPDX-License-Identifier: MIT */
/* bare_http.c - the ceiling of reads: libmicrohttpd with the server's settings and one constant response. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The server's defaults. Change them together with the server's, or the comparison is unfair. */
#define MAX_CONNECTIONS 10000U
#define IDLE_TIMEOUT_SECONDS 30U
#define CONNECTION_MEMORY ((size_t)3 * 8192) /* 3 * DIRECTMESSAGES_MAX_HEADER_BYTES, as in server/http/daemon.c */

/* Called with the headers, and again once the request is complete. A response in the first call would close the
 * connection. */
static enum MHD_Result respond(void *response, struct MHD_Connection *connection, const char *url, const char *method,
			       const char *version, const char *upload, size_t *upload_size, void **request)
{
	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	if (!*request || *upload_size > 0) {
		*request = response;
		*upload_size = 0; /* discards the body */
		return MHD_YES;
	}
	return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static struct MHD_Response *constant_response(void)
{
	static char body[] = "{\"id\":1,\"count\":5}";
	struct MHD_Response *response = MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_PERSISTENT);

	if (!response || MHD_add_response_header(response, "Content-Type", "application/json") != MHD_YES ||
	    MHD_add_response_header(response, "Allow", "GET, HEAD, OPTIONS") != MHD_YES ||
	    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff") != MHD_YES ||
	    MHD_add_response_header(response, "Cache-Control", "private, no-cache") != MHD_YES) {
		fputs("bare_http: no memory for the response\n", stderr);
		exit(1);
	}
	return response;
}

static struct MHD_Daemon *start(struct MHD_Response *response, unsigned int threads)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	/* A pool has at least two threads; a single one is libmicrohttpd's internal thread. */
	return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, respond,
				response, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
				MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0U, MHD_OPTION_CONNECTION_LIMIT,
				MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_SECONDS,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_END);
}

int main(int argc, char **argv)
{
	struct MHD_Response *response = constant_response();
	struct MHD_Daemon *daemon;
	sigset_t stop;
	int number;

	if (argc != 2) {
		fputs("usage: bare_http THREADS\n", stderr);
		return 2;
	}
	/* Block the signals before the daemon's threads exist: they inherit that, and sigwait alone sees the signals.
	 */
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);

	daemon = start(response, (unsigned int)strtoul(argv[1], NULL, 10));
	if (!daemon) {
		perror("bare_http: the daemon did not start");
		return 1;
	}
	printf("listening on http://127.0.0.1:%d/\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	fflush(stdout);
	sigwait(&stop, &number);
	MHD_stop_daemon(daemon);
	MHD_destroy_response(response);
	return 0;
}
