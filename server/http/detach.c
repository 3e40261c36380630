/* SPDX-License-Identifier: MIT */
/* detach.c - taking a connection's socket away from libmicrohttpd.
 *
 * Connections that are open for hours by the thousand are not what libmicrohttpd is for: it keeps the memory of a whole
 * request for each (some 21 KB). So the socket moves to a descriptor of ours, and a dummy takes the place of the one
 * that libmicrohttpd knows: it may shut that down and close it. While the connection is suspended the descriptor is in
 * no epoll set, so nothing else of it is left there. */
#include "detach.h"

#include "connection.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A second descriptor of the socket, the first one being a dummy then; -1 where that can't be done. */
static int move_socket(int known)
{
	int dummy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int moved = dummy >= 0 ? fcntl(known, F_DUPFD_CLOEXEC, 0) : -1;

	if (moved >= 0 && dup3(dummy, known, O_CLOEXEC) < 0) {
		close(moved);
		moved = -1;
	}
	if (dummy >= 0)
		close(dummy);
	return moved;
}

/* What libmicrohttpd would send before the body; the end of the connection follows that of the body. */
static void write_head(const struct request *request, struct buffer *head)
{
	const struct response *response = &request->response;
	time_t now = time(NULL);
	struct tm utc;
	char date[64];

	gmtime_r(&now, &utc);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
	buffer_printf(head, "HTTP/1.1 %u %s\r\nDate: %s\r\nConnection: close\r\n", response->status,
		      MHD_get_reason_phrase_for(response->status), date);
	for (size_t i = 0; i < response->headers_count; i++)
		buffer_printf(head, "%s: %s\r\n", response->headers[i].name, response->headers[i].value);
	if (request->takes_chunks)
		BUFFER_APPEND_LITERAL(head, "Transfer-Encoding: chunked\r\n");
	BUFFER_APPEND_LITERAL(head, "\r\n");
}

bool request_detach(struct request *request)
{
	struct http_detach detach = request->detach;
	struct buffer head;
	int moved = -1;

	buffer_init(&head, SIZE_MAX);
	write_head(request, &head);
	connection_suspend(request->http.client);
	connection_detach(request->http.client);
	if (!head.failed)
		moved = move_socket(request->http.client->socket);
	if (moved >= 0) {
		request->detach.drop = NULL;
		detach.attach(detach.context, moved, buffer_span(&head));
	}
	connection_resume(request->http.client);
	buffer_release(&head);
	return moved >= 0;
}
