/* SPDX-License-Identifier: MIT */
/* jwks_url.c - which URLs keys may be fetched from. */
#include "jwks.h"

#include "span.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>

/* libcurl itself resolves "localhost", always to this machine. */
static bool is_loopback(const char *host)
{
	struct in_addr address;

	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

static bool has_valid_parts(CURLU *url)
{
	char *scheme = NULL, *host = NULL, *user = NULL;
	bool valid = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		     curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK && *host &&
		     curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
		     (strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_loopback(host)));

	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	return valid;
}

bool jwks_url_is_valid(const char *text)
{
	CURLU *url = curl_url();
	bool valid = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK && has_valid_parts(url);

	curl_url_cleanup(url);
	return valid;
}
