/* SPDX-License-Identifier: MIT */
/* body_source.c - reads a response's body source for libmicrohttpd. */
#include "body_source.h"

#include "connection.h"
#include "wait.h"
#include "work.h"

#include <microhttpd.h>

ssize_t body_source_read(void *context, uint64_t position, char *out, size_t size)
{
	struct request *request = context;
	const struct http_body_source *source = &request->response.source;
	ssize_t length;

	(void)position;
	connection_resumed(request->http.client);
	if (!work_begin(request))
		return MHD_CONTENT_READER_END_WITH_ERROR;
	length = source->read(source->context, out, size);
	if (length == HTTP_SOURCE_WAIT) {
		request_suspend(request); /* the request may be gone from here on */
		return 0;
	}
	work_end(request);
	if (length == HTTP_SOURCE_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (length == HTTP_SOURCE_FAILED)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	request->http.sent += (uint64_t)length;
	return length;
}
