/* SPDX-License-Identifier: MIT */
/* http.c - libmicrohttpd's callbacks drive each request through its steps.
 *
 * libmicrohttpd calls on_request when the headers are there, then for each piece of the body, then once more; and again
 * after a connection that was suspended is resumed. A suspended connection neither times out nor notices that its
 * client has left, and must be resumed before the daemon stops. */
#include "http.h"

#include "clock.h"
#include "connection.h"
#include "detach.h"
#include "framing.h"
#include "log.h"
#include "request.h"
#include "response.h"

#include <stdio.h>
#include <string.h>

/* A connection's memory holds the request's head and the response's, which may repeat a part of it (Location), and
 * libmicrohttpd reads into a half of it at most. */
#define MEMORY_PER_HEADER 3

/* Bytes beyond the limit that a client may send in chunks and still get the answer that says so. */
#define OVERRUN_MOST 65536

enum phase {
	PHASE_NEW,      /* the headers are there, nothing has looked at them */
	PHASE_HEADERS,  /* steps that need no body are under way */
	PHASE_BODY,     /* the body is read, to be used or thrown away */
	PHASE_COMPLETE, /* steps after the body are under way */
	PHASE_OVER,     /* its socket should have become somebody else's, but could not */
	PHASE_DETACHED, /* its socket is somebody else's, who tells of its end too */
};

/* ---- requests ------------------------------------------------------------------------------------------------ */

static struct loop *loop_of(const struct request *request)
{
	return request->http.client->watch.loop;
}

/* Counts the request as work, from its step until it no longer waits; false where no step may begin any more. */
static bool begin_work(struct request *request)
{
	struct loop *loop = loop_of(request);

	if (!request->http.is_working && !loop->stopped) {
		request->http.is_working = true;
		loop->working++;
	}
	return request->http.is_working;
}

static void end_work(struct request *request)
{
	request->http.is_working = false;
	loop_of(request)->working--;
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
	framing_read(request, line);
	return true;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_pointer,
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
			.why = connection_why(request->http.client, how),
		};

		if (request->http.phase != PHASE_DETACHED)
			log_access(request->is_routine ? LOG_DEBUG : LOG_INFO, &access);
		if (request->http.outcome != HTTP_NOTHING)
			server->options.completed(request, access.microseconds);
		if (request->http.is_working)
			end_work(request);
	}
	connection_end_request(request->http.client);
	request_free(request);
}

/* ---- streams ------------------------------------------------------------------------------------------------- */

ssize_t request_read_stream(struct request *request, char *out, size_t size)
{
	ssize_t got;

	connection_resumed(request->http.client);
	if (!begin_work(request))
		return HTTP_STREAM_FAILED;
	got = request->response.stream.read(request->response.stream.context, out, size);
	if (got == HTTP_STREAM_WAIT)
		request_suspend(request);
	else
		end_work(request);
	return got;
}

/* ---- responses ----------------------------------------------------------------------------------------------- */

/* Whether nothing was done for the request that an answer of 503 would deny. */
static bool may_be_refused(const struct request *request)
{
	return request->response.status >= 400 || span_equal(request->method, SPAN("GET")) ||
	       span_equal(request->method, SPAN("HEAD"));
}

/* Where there is no memory for it, the one that was made at the start. */
static enum MHD_Result send_response(struct request *request)
{
	struct MHD_Response *response = response_make(request, request->refusal.status || loop_of(request)->stopping);
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
	connection_side(request->http.client, SIDE_ANSWER);
	return result;
}

/* ---- the drive ----------------------------------------------------------------------------------------------- */

static bool expects_continue(const struct request *request)
{
	return span_equal_nocase(request_header(request, MHD_HTTP_HEADER_EXPECT), SPAN("100-continue"));
}

/* Runs the next step, unless request_go_on has, and suspends the connection if that one waits: then the request is
 * somebody else's. HTTP_NOTHING where the connection is to be closed. */
static enum http_outcome advance(struct request *request)
{
	enum http_outcome outcome = request->http.outcome;

	connection_side(request->http.client, SIDE_SERVER);
	if (!begin_work(request))
		return HTTP_NOTHING;
	if (!request->http.is_ahead)
		outcome = request->step(request);
	request->http.is_ahead = false;
	request->http.outcome = outcome;
	if (outcome == HTTP_WAIT) {
		request_suspend(request);
		return HTTP_WAIT;
	}
	end_work(request);
	if (outcome == HTTP_DROP) {
		request->response.status = 0; /* nothing is answered */
		return HTTP_NOTHING;
	}
	if (outcome == HTTP_DETACH) {
		request->http.phase = PHASE_OVER;
		if (request_detach(request))
			request->http.phase = PHASE_DETACHED;
		else
			request->response.status = 0; /* nothing was answered */
	}
	return outcome;
}

/* After the steps that need no body. A refusal waits until the body has been read and thrown away, so that the
 * connection can go on; unless the client waits for our word, or the body is one that must not be read at all. */
static enum MHD_Result after_headers(struct request *request)
{
	request->http.phase = PHASE_BODY;
	if (request->http.outcome == HTTP_ANSWER &&
	    (request->refusal.status || request->content_length > request->server->options.body_bytes ||
	     expects_continue(request)))
		return send_response(request);
	connection_side(request->http.client, SIDE_BODY);
	return MHD_YES;
}

static enum MHD_Result take_body(struct request *request, const char *data, size_t size)
{
	size_t most = request->server->options.body_bytes;

	request->http.taken += size;
	if (request->http.outcome == HTTP_NEED_BODY && !request->body_too_large && !request->body_lacks_memory) {
		request->body_too_large = size > most - request->body.length;
		buffer_append(&request->body, data, size);
		if (!request->body.failed)
			return MHD_YES;
		request->body_lacks_memory = !request->body_too_large;
		buffer_release(&request->body);
	}
	/* A response can't be sent in the middle of a body, so the rest is read and thrown away, within reason. */
	request->http.drained += size;
	return request->http.drained > (request->body_too_large ? OVERRUN_MOST : most) ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
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
		if (outcome == HTTP_ANSWER || outcome == HTTP_NEED_BODY)
			return after_headers(request);
		return outcome == HTTP_NOTHING ? MHD_NO : MHD_YES;
	case PHASE_BODY:
		if (*size > 0) {
			enum MHD_Result result = take_body(request, data, *size);

			*size = 0;
			return result;
		}
		request->http.phase = PHASE_COMPLETE;
		if (request->http.outcome == HTTP_ANSWER)
			return send_response(request);
		/* fall through */
	default:
		outcome = advance(request);
		if (outcome == HTTP_ANSWER)
			return send_response(request);
		return outcome == HTTP_NOTHING ? MHD_NO : MHD_YES;
	}
}

/* ---- the daemon ---------------------------------------------------------------------------------------------- */

/* We decode paths and queries ourselves: a %00 would end libmicrohttpd's C strings. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context, (void)connection;
	return strlen(text);
}

static void log_daemon(void *context, const char *format, va_list arguments)
{
	char text[512];
	size_t length;

	(void)context;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	vsnprintf(text, sizeof(text), format, arguments);
#pragma GCC diagnostic pop
	length = strlen(text);
	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	log_line(LOG_DEBUG, "libmicrohttpd: %s", text);
}

/* On a Unix socket the system does not count what a client has taken: there libmicrohttpd looks whether it takes
 * anything at all. */
struct MHD_Daemon *http_daemon(struct loop *loop)
{
	struct http_server *server = loop->server;
	const struct http_options *options = &server->options;

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
				0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, log_daemon, NULL,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)loop->most, MHD_OPTION_CONNECTION_TIMEOUT,
				options->is_unix ? options->idle_seconds : 0U, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				MEMORY_PER_HEADER * options->header_bytes, MHD_OPTION_URI_LOG_CALLBACK,
				request_on_target, server, MHD_OPTION_NOTIFY_CONNECTION, connection_on_notice, loop,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_STRICT_FOR_CLIENT,
				framing_strictness(), MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
				MHD_OPTION_END);
}
