/* SPDX-License-Identifier: MIT */
/* detach.c - takes a connection's socket away from libmicrohttpd.
 *
 * libmicrohttpd is not made for thousands of connections that stay open for hours: it keeps the memory of a whole
 * request for each (some 21 KB). So the socket is moved to a new descriptor, and a dummy socket is put under the number
 * that libmicrohttpd knows, which it may shut down and close. While a connection is suspended its descriptor is in no
 * epoll set of libmicrohttpd's, so no trace is left there. */
#include "detach.h"

#include "connection.h"
#include "move_socket.h"

#include <microhttpd.h>
#include <time.h>

/* What libmicrohttpd would send before the body, with "Connection: close". */
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
	if (request->accepts_chunks)
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
