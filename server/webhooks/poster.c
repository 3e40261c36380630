/* SPDX-License-Identifier: MIT */
/* poster.c - signed HTTP POSTs to endpoints, many at once, in one thread. */
#include "poster.h"

#include "clock.h"
#include "random.h"
#include "signature.h"
#include "traceparent.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The head of a response decides. Its body is read only so that the connection can be reused: up to this length, and
 * for this long. */
#define MAX_BODY_LENGTH 65536
#define BODY_TIMEOUT_US 250000

#define MAX_HEAD_LENGTH 65536
#define MAX_IDLE_CONNECTIONS 128

struct poster {
	struct poster_options options;
	CURLM *multi;
	LIST_HEAD(, post) with_head; /* posts whose response's head is complete */
};

enum poster_url poster_check_url(const char *url)
{
	CURLU *parsed = curl_url();
	char *scheme = NULL, *host = NULL, *user = NULL;
	CURLUcode code = parsed ? curl_url_set(parsed, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;
	bool is_good;

	if (code == CURLUE_OK)
		code = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(parsed, CURLUPART_HOST, &host, 0);
	if (code == CURLUE_OK)
		code = curl_url_get(parsed, CURLUPART_USER, &user, 0);
	is_good = code == CURLUE_NO_USER && *host && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_url_cleanup(parsed);
	if (code == CURLUE_OUT_OF_MEMORY)
		return POSTER_URL_LACKS_MEMORY;
	return is_good ? POSTER_URL_IS_GOOD : POSTER_URL_IS_BAD;
}

struct poster *poster_new(const struct poster_options *options)
{
	struct poster *poster = calloc(1, sizeof(*poster));

	if (!poster)
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(poster);
		return NULL;
	}
	poster->options = *options;
	poster->multi = curl_multi_init();
	if (!poster->multi) {
		poster_free(poster);
		return NULL;
	}
	curl_multi_setopt(poster->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
	return poster;
}

void poster_set_options(struct poster *poster, const struct poster_options *options)
{
	poster->options = *options;
}

void poster_free(struct poster *poster)
{
	curl_multi_cleanup(poster->multi);
	curl_global_cleanup();
	free(poster);
}

static void note_refused(struct post *post, const struct sockaddr *address)
{
	char name[INET6_ADDRSTRLEN] = "?";

	if (address->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, name, sizeof(name));
	if (address->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, name,
			  sizeof(name));
	post->internal.is_refused = true;
	snprintf(post->error, sizeof(post->error),
		 "its address %s is not public; DIRECTMESSAGES_WEBHOOK_ALLOW can allow it", name);
}

/* libcurl calls this before each request, also on a connection that an earlier one has left open: what was allowed then
 * may not be allowed any more. */
static int before_request(void *context, char *address, char *own_address, int port, int own_port)
{
	struct post *post = context;
	struct sockaddr_in ipv4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
	const struct sockaddr *peer = NULL;

	(void)own_address, (void)port, (void)own_port;
	if (inet_pton(AF_INET, address, &ipv4.sin_addr) == 1)
		peer = (const struct sockaddr *)&ipv4;
	else if (inet_pton(AF_INET6, address, &ipv6.sin6_addr) == 1)
		peer = (const struct sockaddr *)&ipv6;
	if (peer && address_guard_allows(&post->internal.poster->options.guard, peer))
		return CURL_PREREQFUNC_OK;
	if (peer)
		note_refused(post, peer);
	return CURL_PREREQFUNC_ABORT;
}

/* libcurl calls this with the address that it is about to connect to. Checking that, and not what the name resolved to
 * before, leaves no gap for a name that resolves to something else the next time. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct post *post = context;

	(void)purpose;
	if (!address_guard_allows(&post->internal.poster->options.guard, &address->addr)) {
		note_refused(post, &address->addr);
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct post *post = context;

	(void)data;
	post->internal.received += size * count;
	return post->internal.received > MAX_BODY_LENGTH ? 0 : size * count;
}

/* Called for each line of the response's head, and of interim responses before it. */
static size_t on_head_line(char *line, size_t size, size_t count, void *context)
{
	struct post *post = context;
	size_t length = size * count;
	long status = 0;

	post->internal.head_received += length;
	if (post->internal.head_at != 0 || post->internal.head_received > MAX_HEAD_LENGTH)
		return post->internal.head_at != 0 ? length : 0;
	if (length > 0 && (*line == '\r' || *line == '\n'))
		curl_easy_getinfo(post->internal.easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200) {
		post->internal.head_at = clock_monotonic();
		LIST_INSERT_HEAD(&post->internal.poster->with_head, post, internal.with_head);
	}
	return length;
}

static bool add_header(struct curl_slist **headers, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*headers, line);

	if (longer)
		*headers = longer;
	return longer != NULL;
}

/* The trace of the message's request goes on, with an id of this attempt's own as its parent. Of the flags those that
 * the specification defines: sampled, and random trace id. */
static bool add_traceparent(const struct post *post, struct curl_slist **headers)
{
	const char *from = post->traceparent.data;
	char line[80], parent[TRACEPARENT_PARENT_LENGTH + 1];
	int flags;

	if (!traceparent_is_good(post->traceparent))
		return true;
	if (!random_hex(parent, TRACEPARENT_PARENT_LENGTH))
		return false;
	if (strspn(parent, "0") == TRACEPARENT_PARENT_LENGTH)
		parent[0] = '1';
	flags = (int)strtol((const char[]){from[TRACEPARENT_FLAGS_AT + 1], '\0'}, NULL, 16) & 3;
	snprintf(line, sizeof(line), "traceparent: 00-%.*s-%s-0%d", TRACEPARENT_TRACE_LENGTH,
		 from + TRACEPARENT_TRACE_AT, parent, flags);
	return add_header(headers, line);
}

static bool make_headers(const struct post *post, struct curl_slist **headers)
{
	int64_t now = clock_now() / 1000000;
	char signature[SIGNATURE_SIZE], old[SIGNATURE_SIZE] = "";
	char line[128 + 2 * SIGNATURE_SIZE];

	if (!signature_make(span_from(post->secret), post->id, now, post->body, signature) ||
	    (post->old_secret && !signature_make(span_from(post->old_secret), post->id, now, post->body, old)))
		return false;
	snprintf(line, sizeof(line), "webhook-signature: %s%s%s", signature, *old ? " " : "", old);
	if (!add_header(headers, line))
		return false;
	snprintf(line, sizeof(line), "webhook-timestamp: %lld", (long long)now);
	if (!add_header(headers, line))
		return false;
	snprintf(line, sizeof(line), "webhook-id: %.*s", (int)post->id.length, post->id.data);
	return add_header(headers, line) && add_traceparent(post, headers) &&
	       add_header(headers, "Content-Type: application/json") && add_header(headers, "Expect:") &&
	       add_header(headers, "Accept:");
}

/* The options that libcurl copies; false if it has no memory for one of them. */
static bool set_texts(const struct poster *poster, const struct post *post, CURL *easy)
{
	const char *ca_file = poster->options.ca_file;

	return curl_easy_setopt(easy, CURLOPT_URL, post->url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERAGENT, "directmessages/" DIRECTMESSAGES_VERSION) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       /* A proxy from the environment would be the address that the guard sees. */
	       curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       (!*ca_file || (curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) == CURLE_OK &&
			      curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK));
}

static long timeout_of(const struct poster *poster, const struct post *post)
{
	return post->max_ms > 0 && post->max_ms < poster->options.timeout_ms ? post->max_ms
									     : poster->options.timeout_ms;
}

static void set_options(const struct poster *poster, struct post *post, CURL *easy, struct curl_slist *headers)
{
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body.data);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.length);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, post);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_of(poster, post));
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* When the request times out, libcurl does not wait for a name server that is still silent. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, post);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, post);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, post);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, post);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
}

static void release(struct post *post)
{
	if (post->internal.head_at != 0)
		LIST_REMOVE(post, internal.with_head);
	curl_easy_cleanup(post->internal.easy);
	curl_slist_free_all(post->internal.headers);
}

bool poster_start(struct poster *poster, struct post *post)
{
	struct curl_slist *headers = NULL;
	CURL *easy = curl_easy_init();

	post->status = 0;
	post->retry_after = 0;
	post->error[0] = '\0';
	memset(&post->internal, 0, sizeof(post->internal));
	post->internal.poster = poster;
	post->internal.easy = easy;
	if (easy && make_headers(post, &headers) && set_texts(poster, post, easy)) {
		post->internal.headers = headers;
		set_options(poster, post, easy, headers);
		if (curl_multi_add_handle(poster->multi, easy) == CURLM_OK)
			return true;
	}
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	return false;
}

void poster_cancel(struct poster *poster, struct post *post)
{
	curl_multi_remove_handle(poster->multi, post->internal.easy);
	release(post);
}

/* Fills in the results. `code` says how the request ended for libcurl. */
static void read_results(struct post *post, CURL *easy, CURLcode code)
{
	long status = 0;
	curl_off_t retry_after = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (post->internal.head_at == 0) {
		if (code == CURLE_OK)
			code = CURLE_GOT_NOTHING;
		if (post->internal.head_received > MAX_HEAD_LENGTH)
			snprintf(post->error, sizeof(post->error), "the head of the response is longer than %d bytes",
				 MAX_HEAD_LENGTH);
		else if (!post->internal.is_refused)
			snprintf(post->error, sizeof(post->error), "%s", curl_easy_strerror(code));
		return;
	}
	curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
	post->status = (unsigned)status;
	post->retry_after = retry_after > 0 ? retry_after : 0;
	post->error[0] = '\0'; /* left by another of its addresses */
	if (status < 200 || status > 299)
		snprintf(post->error, sizeof(post->error), "the endpoint responded with status %ld%s", status,
			 status / 100 == 3 ? "; redirects are not followed" : "");
}

static void finish(struct poster *poster, struct post *post, CURLcode code)
{
	read_results(post, post->internal.easy, code);
	curl_multi_remove_handle(poster->multi, post->internal.easy);
	release(post);
	post->on_ended(post);
}

/* Ends the posts whose response's body takes too long. Returns when to look again: in wait_ms milliseconds or fewer. */
static int end_slow_bodies(struct poster *poster, int wait_ms)
{
	struct post *post, *next;
	int64_t now = clock_monotonic();

	for (post = LIST_FIRST(&poster->with_head); post; post = next) {
		int64_t left = post->internal.head_at + BODY_TIMEOUT_US - now;

		next = LIST_NEXT(post, internal.with_head);
		if (left <= 0) {
			finish(poster, post, CURLE_OK);
			wait_ms = 0;
		} else if (left / 1000 < wait_ms) {
			wait_ms = (int)(left / 1000) + 1;
		}
	}
	return wait_ms;
}

void poster_run(struct poster *poster, int wait_ms)
{
	CURLMsg *message;
	int count;

	curl_multi_perform(poster->multi, &count);
	while ((message = curl_multi_info_read(poster->multi, &count))) {
		struct post *post;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
		finish(poster, post, message->data.result);
		wait_ms = 0; /* the caller handles what has ended first */
	}
	curl_multi_poll(poster->multi, NULL, 0, end_slow_bodies(poster, wait_ms), NULL);
}

void poster_wake(struct poster *poster)
{
	curl_multi_wakeup(poster->multi);
}
