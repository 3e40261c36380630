/* SPDX-License-Identifier: MIT */
/* framing.c - where a request's head and body end (RFC 9112). A request that a proxy in front of us may read
 * differently is refused, whatever it asks for (request smuggling).
 *
 * libmicrohttpd 0.9 accepts bare line feeds as line ends, joins folded lines, ends texts at a NUL, keeps a blank before
 * the colon as a part of the name, and reports none of this. But it parses in place: every text stays where it arrived,
 * and only the bytes of the line end are overwritten. So a proper head has no gaps: after a value there are two bytes,
 * then the next name. Version 1.0 and later refuse all of these by themselves, if they are told to. */
#include "framing.h"

#include <microhttpd.h>
#include <string.h>

#define END_OF_LINE 2

#define MALFORMED "The request line or a header is malformed."
#define AMBIGUOUS "The length of the request body is ambiguous."
#define HOSTS "A request needs a Host header, and no more than one."
#define CODING "The transfer coding is unknown; send the body with a Content-Length or in chunks."

static bool parses_in_place(void)
{
	return MHD_get_version()[0] == '0';
}

int framing_strictness(void)
{
	return parses_in_place() ? 0 : 1; /* in 0.9 it only adds responses of its own */
}

struct head {
	const char *next; /* where the next line begins if this one is proper; NULL if that can't be told */
	bool malformed;
	bool other_coding;
	unsigned hosts, lengths, codings; /* numbers of: Host, Content-Length, codings in Transfer-Encoding */
	struct span length, coding;
};

/* ---- bytes --------------------------------------------------------------------------------------------------- */

/* Whether there is a blank or a control character among them, which no target has. */
static bool has_gaps(struct span target)
{
	unsigned found = 0;

	for (size_t i = 0; i < target.length; i++)
		found |= ((unsigned char)target.data[i] <= ' ') | (target.data[i] == 0x7f);
	return found != 0;
}

/* ---- headers ------------------------------------------------------------------------------------------------- */

static void add_codings(struct head *head, struct span value)
{
	struct span rest = value;

	head->coding = value;
	do {
		struct span word = span_trim(span_cut(&rest, ','));

		head->codings++;
		head->other_coding |= word.length > 0 && !span_equal_nocase(word, SPAN("chunked"));
	} while (rest.data);
}

static enum MHD_Result add_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
				  const char *value, size_t value_size)
{
	struct head *head = context;
	struct span name_span = {name, name_size}, value_span = {value, value_size};

	(void)kind;
	head->malformed |= !span_is_token(name_span) || memchr(value, '\r', value_size);
	if (head->next) {
		head->malformed |= name != head->next;
		head->next = value + value_size + END_OF_LINE;
	}
	if (span_equal_nocase(name_span, SPAN(MHD_HTTP_HEADER_HOST))) {
		head->hosts++;
	} else if (span_equal_nocase(name_span, SPAN(MHD_HTTP_HEADER_CONTENT_LENGTH))) {
		head->lengths++;
		head->length = value_span;
	} else if (span_equal_nocase(name_span, SPAN(MHD_HTTP_HEADER_TRANSFER_ENCODING))) {
		add_codings(head, value_span);
	}
	return MHD_YES;
}

/* ---- the head ------------------------------------------------------------------------------------------------ */

/* Whether the request line is three words with one byte between them. */
static bool is_whole_line(const struct request *request, const struct first_line *line)
{
	return line->target == line->method + request->method.length + 1 &&
	       line->version == line->target + request->target.length + 1;
}

static bool is_whole(const struct request *request, const struct first_line *line, const struct head *head)
{
	const union MHD_ConnectionInfo *size =
		MHD_get_connection_info(request->http.connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return is_whole_line(request, line) && line->method + size->header_size == head->next + END_OF_LINE;
}

static void refuse(struct request *request, unsigned status, const char *detail)
{
	if (request->refusal.status == 0)
		request->refusal = (struct http_refusal){status, detail};
}

/* The worst fault comes first. libmicrohttpd has refused a length that is not a number; otherwise it looks only at the
 * first length and the first coding, while a proxy may look at others. */
static void judge(struct request *request, const struct head *head)
{
	bool chunked = head->codings > 0;

	if (head->malformed || has_gaps(request->target) || (request->authority.data && request->authority.length == 0))
		refuse(request, 400, MALFORMED);
	if (head->other_coding)
		refuse(request, 501, CODING);
	if (head->lengths + head->codings > 1 || (chunked && !request->accepts_chunks) ||
	    (chunked && !span_equal_nocase(head->coding, SPAN("chunked"))))
		refuse(request, 400, AMBIGUOUS);
	if (head->hosts > 1 || (head->hosts == 0 && request->accepts_chunks))
		refuse(request, 400, HOSTS);
}

void framing_parse(struct request *request, const struct first_line *line)
{
	struct head head = {.next = NULL};
	int64_t bytes;

	if (parses_in_place())
		head.next = line->version + strlen(line->version) + END_OF_LINE;
	MHD_get_connection_values_n(request->http.connection, MHD_HEADER_KIND, add_header, &head);
	head.malformed |= head.next && !is_whole(request, line, &head);
	request->accepts_chunks = strcmp(line->version, MHD_HTTP_VERSION_1_0) != 0;
	if (head.lengths > 0)
		request->content_length = span_to_int64(head.length, &bytes) ? (uint64_t)bytes : UINT64_MAX;
	judge(request, &head);
}
