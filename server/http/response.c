/* SPDX-License-Identifier: MIT */
/* response.c - from our response to libmicrohttpd's. */
#include "response.h"

#include "request.h"

#include <microhttpd.h>
#include <stdlib.h>

void response_header(struct response *response, const char *name, const char *value)
{
	if (response->headers_count == RESPONSE_HEADERS_MOST)
		abort(); /* a mistake in the program: nothing that a client sends adds headers */
	response->headers[response->headers_count].name = name;
	response->headers[response->headers_count++].value = value;
}

static void count_body(struct request *request, size_t length)
{
	request->http.sent = span_equal(request->method, SPAN("HEAD")) ? 0 : length;
}

static ssize_t read_stream(void *context, uint64_t position, char *out, size_t size)
{
	struct request *request = context;
	ssize_t got = request_read_stream(request, out, size);

	(void)position;
	if (got == HTTP_STREAM_END)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (got == HTTP_STREAM_FAILED)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	request->http.sent += (uint64_t)got;
	return got;
}

/* What was made, with all of its headers; NULL where there is no memory for one. */
static struct MHD_Response *with_headers(struct MHD_Response *made, const struct response *response, bool closes)
{
	bool good = made && (!closes || MHD_add_response_header(made, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES);

	for (size_t i = 0; good && i < response->headers_count; i++)
		good = MHD_add_response_header(made, response->headers[i].name, response->headers[i].value) == MHD_YES;
	if (made && !good)
		MHD_destroy_response(made);
	return good ? made : NULL;
}

static struct MHD_Response *of_bytes(struct span body)
{
	return MHD_create_response_from_buffer(body.length, (void *)body.data, MHD_RESPMEM_PERSISTENT);
}

struct MHD_Response *response_make_lent(const struct response *response, bool closes)
{
	return with_headers(of_bytes(response->lent), response, closes);
}

/* The body, or the stream, belongs to the request, which libmicrohttpd lets go of (on_completed) after the response. */
struct MHD_Response *response_make(struct request *request, bool closes)
{
	struct response *response = &request->response;
	struct MHD_Response *made;

	if (response->stream.read) {
		made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32768, read_stream, request, NULL);
		/* For HEAD libmicrohttpd 0.9.75 would send the last of no chunks all the same: no chunks then. */
		if (made && span_equal(request->method, SPAN("HEAD")))
			MHD_set_response_options(made, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	} else {
		struct span body = response->lent.data ? response->lent : buffer_span(&response->body);

		count_body(request, body.length);
		made = of_bytes(body);
	}
	return with_headers(made, response, closes);
}
