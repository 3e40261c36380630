/* SPDX-License-Identifier: MIT */
/* admin_body.c - the members of a request's JSON body. */
#include "admin_body.h"

#include "respond.h"

bool admin_body(struct exchange *exchange, struct json_member *members, size_t count)
{
	struct request *request = exchange->request;
	struct buffer detail;
	bool good;

	buffer_init(&detail, SIZE_MAX);
	good = json_body_members(buffer_span(&request->body), members, count, &request->arena, &detail);
	request->arena.failed |= detail.failed;
	if (!good)
		respond_detail(exchange, 400, buffer_span(&detail)); /* 503 if memory was short */
	buffer_release(&detail);
	return good;
}
