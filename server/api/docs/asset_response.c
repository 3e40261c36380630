/* SPDX-License-Identifier: MIT */
/* asset_response.c - responds with a file that is part of the program. */
#include "asset_response.h"

#include "negotiate.h"
#include "respond.h"

#include <string.h>

/* Whether the client has this version already: one of its ETags, weak or not, is this one. */
static bool is_known(struct span if_none_match, struct span etag)
{
	while (if_none_match.data) {
		struct span one = span_trim(span_cut(&if_none_match, ','));

		if (one.length > 2 && memcmp(one.data, "W/", 2) == 0)
			one = (struct span){one.data + 2, one.length - 2};
		if (span_equal(one, etag) || span_equal(one, SPAN("*")))
			return true;
	}
	return false;
}

enum http_outcome respond_asset(struct exchange *exchange, const struct asset *asset)
{
	struct request *request = exchange->request;
	bool compressed = accepts_gzip(request_header_list(request, "Accept-Encoding"));
	const struct asset_form *form = compressed ? &asset->gzip : &asset->plain;

	response_header(&request->response, "ETag", form->etag);
	response_header(&request->response, "Vary", "Accept-Encoding");
	if (is_known(request_header_list(request, "If-None-Match"), span_from(form->etag)))
		return respond_empty(exchange, 304);
	if (compressed)
		response_header(&request->response, "Content-Encoding", "gzip");
	exchange->content_type = asset->type;
	return respond_lent(exchange, 200, form->data);
}
