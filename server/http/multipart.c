/* SPDX-License-Identifier: MIT */
/* multipart.c - the fields of a multipart/form-data body, by libmicrohttpd's post processor. */
#include "multipart.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <strings.h>

#define PROCESSOR_BUFFER 4096 /* bounds one part's headers */

struct search {
	const char *name;
	struct multipart_field *field;
};

/* Called for each piece of a part's value, in order; offset 0 starts a part. */
static enum MHD_Result on_piece(void *context, enum MHD_ValueKind kind, const char *key, const char *filename,
				const char *content_type, const char *transfer_encoding, const char *data,
				uint64_t offset, size_t size)
{
	struct search *search = context;
	struct multipart_field *field = search->field;

	(void)kind, (void)content_type;
	if (!key || strcmp(key, search->name) != 0)
		return MHD_YES;
	if (transfer_encoding && strcasecmp(transfer_encoding, "binary") != 0 &&
	    strcasecmp(transfer_encoding, "8bit") != 0 && strcasecmp(transfer_encoding, "7bit") != 0)
		return MHD_NO; /* base64 and the like, which RFC 7578 has abolished, would be stored undecoded */
	if (offset == 0) {
		buffer_release(&field->value);
		field->found = true;
		field->is_file = filename != NULL;
	}
	buffer_append(&field->value, data, size);
	return field->value.failed ? MHD_NO : MHD_YES;
}

bool multipart_find(struct request *request, const char *name, struct multipart_field *field)
{
	struct search search = {name, field};
	struct MHD_PostProcessor *processor;
	bool complete;

	*field = (struct multipart_field){.found = false};
	buffer_init(&field->value, request->body.length + 1);
	errno = 0; /* the post processor passes over what it has no memory for, but leaves this */
	processor = MHD_create_post_processor(request->http.connection, PROCESSOR_BUFFER, on_piece, &search);
	if (!processor) { /* no usable boundary, or no memory */
		request->arena.failed |= errno == ENOMEM;
		return false;
	}
	complete = MHD_post_process(processor, request->body.data, request->body.length) == MHD_YES;
	complete = MHD_destroy_post_processor(processor) == MHD_YES && complete;
	request->arena.failed |= field->value.failed || errno == ENOMEM; /* no value is longer than the body */
	return complete;
}
