/* SPDX-License-Identifier: MIT */
/* mhd_response.c - turns our response into libmicrohttpd's. */
#include "mhd_response.h"

#include "body_source.h"

#include <microhttpd.h>

static void count_body(struct request *request, size_t length)
{
	request->http.sent = span_equal(request->method, SPAN("HEAD")) ? 0 : length;
}

/* `made` with all of its headers; NULL, and `made` destroyed, if there is no memory for one. */
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

struct MHD_Response *mhd_response_make_lent(const struct response *response, bool closes)
{
	return with_headers(of_bytes(response->lent), response, closes);
}

/* The body or its source belongs to the request, which is freed (on_completed) after the response. */
struct MHD_Response *mhd_response_make(struct request *request, bool closes)
{
	struct response *response = &request->response;
	struct MHD_Response *made;

	if (response->source.read) {
		made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32768, body_source_read, request, NULL);
		/* libmicrohttpd 0.9.75 would send the final chunk even for HEAD, so there HEAD is not chunked. */
		if (made && span_equal(request->method, SPAN("HEAD")))
			MHD_set_response_options(made, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
	} else {
		struct span body = response->lent.data ? response->lent : buffer_span(&response->body);

		count_body(request, body.length);
		made = of_bytes(body);
	}
	return with_headers(made, response, closes);
}
