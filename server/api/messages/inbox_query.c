/* SPDX-License-Identifier: MIT */
/* inbox_query.c - the query parameters of an inbox. */
#include "inbox_query.h"

#include "form.h"
#include "respond.h"

/* Characters of content, unless the client wants another number. */
#define PREVIEW 200

static bool find(struct exchange *exchange, struct span name, struct span *text)
{
	return form_find(exchange->request->query, &exchange->request->arena, name, FORM_LAST, text);
}

bool inbox_read_preview(struct exchange *exchange, size_t *characters)
{
	struct span text;
	int64_t number = PREVIEW;

	if (find(exchange, SPAN("preview"), &text) &&
	    (!span_to_int64(text, &number) || number < 0 || number > DM_MAX_PREVIEW)) {
		respond_error(exchange, 400, "preview must be a number from 0 to %d.", DM_MAX_PREVIEW);
		return false;
	}
	*characters = (size_t)number;
	return true;
}

bool inbox_read_flag(struct exchange *exchange, struct span name, bool *value)
{
	struct span text;

	*value = false;
	if (!find(exchange, name, &text))
		return true;
	*value = span_equal(text, SPAN("true")) || span_equal(text, SPAN("1"));
	if (*value || span_equal(text, SPAN("false")) || span_equal(text, SPAN("0")))
		return true;
	respond_error(exchange, 400, "%.*s must be true, false, 1 or 0.", (int)name.length, name.data);
	return false;
}
