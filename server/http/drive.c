/* SPDX-License-Identifier: MIT */
/* drive.c - drives each request through its steps.
 *
 * libmicrohttpd calls drive_on_request when the headers have arrived, then for each piece of the body, then once more;
 * and again after a suspended connection is resumed. A suspended connection neither times out nor notices that its
 * client has left, and must be resumed before the daemon stops. */
#include "drive.h"

#include "clock.h"
#include "connection.h"
#include "correlation.h"
#include "detach.h"
#include "framing.h"
#include "header.h"
#include "log.h"
#include "mhd_response.h"
#include "wait.h"
#include "work.h"

#include <sys/mman.h>
#include <unistd.h>

/* Bytes beyond the limit that a client may send in chunks and still get the response that says so. */
#define MAX_OVERRUN 65536

enum request_phase {
	PHASE_NEW,      /* the headers have arrived, and nothing has looked at them */
	PHASE_HEADERS,  /* the steps before the body are under way */
	PHASE_BODY,     /* the body is read, to be used or discarded */
	PHASE_COMPLETE, /* the steps after the body are under way */
	PHASE_OVER,     /* its socket should have been detached, but could not be */
	PHASE_DETACHED, /* its socket has another owner, who logs its end too */
};

static struct loop *loop_of(const struct request *request)
{
	return request->http.client->watch.loop;
}

/* ---- its beginning and end ----------------------------------------------------------------------------------- */

static size_t head_size(const struct request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->http.connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info ? info->header_size : 0;
}

static bool start_request(struct request *request, const struct first_line *line)
{
	struct http_server *server = request->server;

	request->http.started_at = clock_monotonic();
	request->http.phase = PHASE_HEADERS;
	request->method = arena_copy(&request->arena, span_from(line->method));
	request->context = server->options.context;
	request->step = server->options.first;
	buffer_init(&request->body, server->options.body_bytes);
	buffer_init(&request->response.body, SIZE_MAX);
	if (!request->method.data)
		return false;
	request->http.client->consumed += head_size(request);
	framing_parse(request, line);
	correlation_read(request);
	return true;
}

void drive_on_completed(void *context, struct MHD_Connection *connection, void **request_pointer,
			enum MHD_RequestTerminationCode how)
{
	struct http_server *server = context;
	struct request *request = *request_pointer;

	(void)connection;
	if (!request)
		return;
	*request_pointer = NULL;
	if (request->http.phase != PHASE_NEW) {
		struct log_access access = {
			.method = request->method,
			.path = request->path,
			.status = request->response.status,
			.bytes = request->http.sent,
			.microseconds = clock_monotonic() - request->http.started_at,
			.user_id = request->user_id,
			.request_id = request->request_id,
			.trace_id = request->trace_id,
			.why = connection_why(request->http.client, how),
		};

		if (request->http.phase != PHASE_DETACHED)
			log_access(request->is_routine ? LOG_DEBUG : LOG_INFO, &access);
		if (request->http.outcome != HTTP_NONE)
			server->options.completed(request, access.microseconds);
		if (request->http.is_working)
			work_end(request);
	}
	connection_end_request(request->http.client);
	request_free(request);
}

/* ---- responses ----------------------------------------------------------------------------------------------- */

/* Whether 503 would be true: nothing has been done for the request that it denies. */
static bool may_be_refused(const struct request *request)
{
	return request->response.status >= 400 || span_equal(request->method, SPAN("GET")) ||
	       span_equal(request->method, SPAN("HEAD"));
}

/* Without memory for the response, sends the one that was made at the start. */
static enum MHD_Result send_response(struct request *request)
{
	struct MHD_Response *response =
		mhd_response_make(request, request->refusal.status || loop_of(request)->stopping);
	struct MHD_Response *sent = response;
	enum MHD_Result result;

	if (!response && !may_be_refused(request))
		return MHD_NO;
	if (!response) {
		sent = request->server->no_room;
		request->response.status = request->server->options.no_room->status;
		request->http.sent = request->server->options.no_room->lent.length;
	}
	result = MHD_queue_response(request->http.connection, request->response.status, sent);
	if (response)
		MHD_destroy_response(response);
	connection_turn(request->http.client, SIDE_RESPONSE);
	return result;
}

/* ---- its steps ----------------------------------------------------------------------------------------------- */

static bool expects_continue(const struct request *request)
{
	return span_equal_nocase(request_header(request, MHD_HTTP_HEADER_EXPECT), SPAN("100-continue"));
}

/* Runs the next step, unless the waker has (see wait.h), and suspends the connection if that step waits: from then on
 * the request belongs to its waker. HTTP_DROP: close the connection. */
static enum http_outcome advance(struct request *request)
{
	enum http_outcome outcome = request->http.outcome;

	connection_turn(request->http.client, SIDE_SERVER);
	if (!work_begin(request))
		return HTTP_DROP;
	if (outcome == HTTP_NONE || outcome == HTTP_WAIT)
		outcome = request->step(request);
	request->http.outcome = outcome;
	if (outcome == HTTP_WAIT) {
		request_suspend(request);
		return HTTP_WAIT;
	}
	work_end(request);
	if (outcome == HTTP_DROP)
		request->response.status = 0; /* no response is sent */
	if (outcome == HTTP_DETACH) {
		request->http.phase = PHASE_OVER;
		if (request_detach(request))
			request->http.phase = PHASE_DETACHED;
		else
			request->response.status = 0;
	}
	return outcome;
}

/* After the steps before the body. A refusal is sent when the body has been read and discarded, so that the connection
 * can be used again; but at once if the client waits for our word, or the body must not be read at all. */
static enum MHD_Result after_headers(struct request *request)
{
	request->http.phase = PHASE_BODY;
	if (request->http.outcome == HTTP_RESPOND &&
	    (request->refusal.status || request->content_length > request->server->options.body_bytes ||
	     expects_continue(request)))
		return send_response(request);
	connection_turn(request->http.client, SIDE_BODY);
	return MHD_YES;
}

/* What libmicrohttpd has read a piece into is of no use until the client sends more, which may take long. The whole
 * pages in it go back to the system, and are empty when they are written next. */
static void give_back_pages(const char *data, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = ((uintptr_t)data + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)data + size) / page * page;

	if (first < end)
		madvise((void *)first, end - first, MADV_DONTNEED);
}

static enum MHD_Result receive_body(struct request *request, const char *data, size_t size)
{
	size_t max_bytes = request->server->options.body_bytes;

	request->http.received += size;
	request->http.client->consumed += size;
	if (request->http.outcome == HTTP_NEED_BODY && !request->body_too_large && !request->body_lacks_memory) {
		request->body_too_large = size > max_bytes - request->body.length;
		buffer_append(&request->body, data, size);
		if (!request->body.failed)
			return MHD_YES;
		request->body_lacks_memory = !request->body_too_large;
		buffer_release(&request->body);
	}
	/* A response can't be sent in the middle of a body, so the rest is read and discarded, within reason. */
	request->http.discarded += size;
	return request->http.discarded > (request->body_too_large ? MAX_OVERRUN : max_bytes) ? MHD_NO : MHD_YES;
}

enum MHD_Result drive_on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
				 const char *version, const char *data, size_t *size, void **request_pointer)
{
	struct request *request = *request_pointer;
	struct first_line line = {method, url, version};
	enum http_outcome outcome;

	(void)context, (void)connection;
	if (!request || request->http.phase >= PHASE_OVER)
		return MHD_NO;
	switch (request->http.phase) {
	case PHASE_NEW:
		if (loop_of(request)->stopped)
			return MHD_NO;
		if (!start_request(request, &line))
			return MHD_NO;
		/* fall through */
	case PHASE_HEADERS:
		outcome = advance(request);
		if (outcome == HTTP_RESPOND || outcome == HTTP_NEED_BODY)
			return after_headers(request);
		return outcome == HTTP_DROP ? MHD_NO : MHD_YES;
	case PHASE_BODY:
		if (*size > 0) {
			enum MHD_Result result = receive_body(request, data, *size);

			if (request->http.received < request->content_length)
				give_back_pages(data, *size);
			*size = 0;
			return result;
		}
		request->http.phase = PHASE_COMPLETE;
		if (request->http.outcome == HTTP_RESPOND)
			return send_response(request);
		/* It has what it needed: on with its next step. */
		request->http.outcome = HTTP_WAIT;
		/* fall through */
	default:
		outcome = advance(request);
		if (outcome == HTTP_RESPOND)
			return send_response(request);
		return outcome == HTTP_DROP ? MHD_NO : MHD_YES;
	}
}
