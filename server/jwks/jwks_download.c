/* SPDX-License-Identifier: MIT */
/* jwks_download.c - GETs a JWKS by libcurl. */
#include "jwks_download.h"

#include "jwks_schedule.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define MAX_HEAD_BYTES 65536

struct downloader {
	CURLM *multi;
	const char *url, *ca_file;
};

/* One request. */
struct request_state {
	struct download *download;
	size_t head_bytes;
	char why[CURL_ERROR_SIZE]; /* libcurl's words for a failure */
};

struct downloader *downloader_new(const char *url, const char *ca_file)
{
	struct downloader *downloader = calloc(1, sizeof(*downloader));

	if (!downloader)
		return NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(downloader);
		return NULL;
	}
	downloader->url = url;
	downloader->ca_file = ca_file;
	downloader->multi = curl_multi_init();
	if (downloader->multi)
		return downloader;
	downloader_free(downloader);
	return NULL;
}

void downloader_free(struct downloader *downloader)
{
	curl_multi_cleanup(downloader->multi);
	curl_global_cleanup();
	free(downloader);
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct request_state *state = context;

	buffer_append(&state->download->body, data, size * count);
	return state->download->body.failed ? 0 : size * count;
}

/* Called for each line of the head. */
static size_t on_head_line(char *line, size_t size, size_t count, void *context)
{
	struct request_state *state = context;
	struct span value = span_strip((struct span){line, size * count});
	struct span name = span_cut(&value, ':');

	state->head_bytes += size * count;
	if (span_equal_nocase(name, SPAN("cache-control")) && state->download->max_age < 0)
		state->download->max_age = jwks_cache_seconds(value);
	return state->head_bytes > MAX_HEAD_BYTES ? 0 : size * count;
}

/* The options without which it could go to another place, or trust another one; false: no memory for them. */
static bool set_place(const struct downloader *downloader, CURL *easy)
{
	const char *ca_file = downloader->ca_file;

	return curl_easy_setopt(easy, CURLOPT_URL, downloader->url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       /* The keys decide who comes in: nobody in between, whom the environment names. */
	       curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_USERAGENT, "directmessages/" DIRECTMESSAGES_VERSION) == CURLE_OK &&
	       (!ca_file || (curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file) == CURLE_OK &&
			     curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK));
}

static void set_options(CURL *easy, struct request_state *state)
{
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)JWKS_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* When the request times out, libcurl does not wait for a name server that is still silent. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, state->why);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, state);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head_line);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, state);
}

/* Gives how the request has ended for libcurl. */
static CURLcode perform(CURLM *multi, const atomic_bool *stopping)
{
	while (!atomic_load(stopping)) {
		CURLMsg *message;
		int count;

		curl_multi_perform(multi, &count);
		while ((message = curl_multi_info_read(multi, &count)))
			if (message->msg == CURLMSG_DONE)
				return message->data.result;
		curl_multi_poll(multi, NULL, 0, JWKS_TIMEOUT_MS, NULL);
	}
	return CURLE_ABORTED_BY_CALLBACK;
}

static void judge(const struct request_state *state, CURL *easy, CURLcode code)
{
	struct download *download = state->download;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (download->body.failed && download->body.length > JWKS_MAX_BYTES / 2)
		snprintf(download->error, sizeof(download->error), "the response has more than %d bytes",
			 JWKS_MAX_BYTES);
	else if (state->head_bytes > MAX_HEAD_BYTES)
		snprintf(download->error, sizeof(download->error), "the head of the response has more than %d bytes",
			 MAX_HEAD_BYTES);
	else if (code != CURLE_OK)
		snprintf(download->error, sizeof(download->error), "%s",
			 *state->why ? state->why : curl_easy_strerror(code));
	else if (status != 200)
		snprintf(download->error, sizeof(download->error), "the status of the response is %ld%s", status,
			 status / 100 == 3 ? "; redirects are not followed, give the URL that they lead to" : "");
}

void downloader_run(struct downloader *downloader, struct download *download, const atomic_bool *stopping)
{
	struct request_state state = {.download = download};
	CURL *easy = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;

	buffer_init(&download->body, JWKS_MAX_BYTES);
	download->max_age = -1;
	download->error[0] = '\0';
	if (easy && set_place(downloader, easy)) {
		set_options(easy, &state);
		if (curl_multi_add_handle(downloader->multi, easy) == CURLM_OK) {
			code = perform(downloader->multi, stopping);
			curl_multi_remove_handle(downloader->multi, easy);
		}
	}
	if (easy)
		judge(&state, easy, code);
	else
		snprintf(download->error, sizeof(download->error), "%s", curl_easy_strerror(code));
	curl_easy_cleanup(easy);
}

void downloader_wait(struct downloader *downloader, int wait_ms)
{
	curl_multi_poll(downloader->multi, NULL, 0, wait_ms, NULL);
}

void downloader_wake(struct downloader *downloader)
{
	curl_multi_wakeup(downloader->multi);
}
