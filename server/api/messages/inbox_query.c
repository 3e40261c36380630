/* SPDX-License-Identifier: MIT */
/* inbox_query.c - the query parameter of an inbox that is a number. */
#include "inbox_query.h"

#include "form.h"
#include "respond.h"

/* Characters of content, unless the client wants another number. */
#define PREVIEW 200

bool inbox_read_preview(struct exchange *exchange, size_t *characters)
{
	struct request *request = exchange->request;
	struct span text;
	int64_t number = PREVIEW;

	if (form_find(request->query, &request->arena, SPAN("preview"), FORM_LAST, &text) &&
	    (!span_to_int64(text, &number) || number < 0 || number > DM_MAX_PREVIEW)) {
		respond_error(exchange, 400, "preview must be a number from 0 to %d.", DM_MAX_PREVIEW);
		return false;
	}
	*characters = (size_t)number;
	return true;
}
