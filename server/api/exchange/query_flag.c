/* SPDX-License-Identifier: MIT */
/* query_flag.c - query parameters that are true or false. */
#include "query_flag.h"

#include "form.h"
#include "respond.h"

bool query_flag(struct exchange *exchange, struct span name, bool otherwise, bool *value)
{
	struct request *request = exchange->request;
	struct span text;

	*value = otherwise;
	if (!form_find(request->query, &request->arena, name, FORM_LAST, &text))
		return true;
	*value = span_equal(text, SPAN("true")) || span_equal(text, SPAN("1"));
	if (*value || span_equal(text, SPAN("false")) || span_equal(text, SPAN("0")))
		return true;
	respond_error(exchange, 400, "%.*s must be true, false, 1 or 0.", (int)name.length, name.data);
	return false;
}
