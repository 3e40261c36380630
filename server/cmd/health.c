/* SPDX-License-Identifier: MIT */
/* health.c - health: asks the server that these settings are those of whether it is ready, as load balancers do. */
#include "cli.h"
#include "listen.h"
#include "setting_values.h"
#include "subcommands.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_SECONDS 5L

/* What the server says: a line. What does not fit is left out. */
struct said {
	char text[200];
	size_t length;
};

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct said *said = context;
	size_t length = size * count, room = sizeof(said->text) - 1 - said->length;

	memcpy(said->text + said->length, data, length < room ? length : room);
	said->length += length < room ? length : room;
	return length;
}

/* Which address of the server has the path; NULL after the error was printed. */
static const char *find_address(void)
{
	enum setting setting = setting_text(SETTING_ADMIN_LISTEN) ? SETTING_ADMIN_LISTEN : SETTING_LISTEN;
	const char *address = setting_text(setting);

	if (http_listener_address_is_valid(address))
		return address;
	setting_refuse(setting);
	return NULL;
}

static CURLcode request(CURL *curl, const char *address, const char *path, struct said *said)
{
	bool is_unix = strncmp(address, "unix:", 5) == 0;
	const char *host = is_unix ? "localhost" : address;
	char url[300];

	/* ":8000" are all addresses of this machine. */
	snprintf(url, sizeof(url), "http://%s%s%s", *host == ':' ? "localhost" : "", host, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	if (is_unix)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, address + 5);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, said);
	return curl_easy_perform(curl);
}

static int ask(CURL *curl, const char *address, const char *path)
{
	struct said said = {0};
	CURLcode code = request(curl, address, path, &said);
	long status = 0;

	if (code != CURLE_OK)
		return cli_fail(EXIT_FAILED,
				"no server responds at %s (%s); start it, or give its address with --listen or "
				"--admin-listen",
				address, curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	said.text[strcspn(said.text, "\r\n")] = '\0';
	if (status != 200)
		return cli_fail(EXIT_FAILED, "the server at %s responds with status %ld: %s; its log says why", address,
				status, said.text);
	cli_print_field(dm_text_of(said.text));
	putchar('\n');
	return EXIT_SUCCESS;
}

int health_run(const struct arguments *arguments)
{
	const char *path = arguments_value(arguments, "live") ? "/livez" : "/readyz", *address = find_address();
	CURL *curl;
	int status;

	if (!address)
		return EXIT_USAGE;
	curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
	if (!curl)
		return cli_fail(EXIT_FAILED, "out of memory; free some");
	status = ask(curl, address, path);
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return status;
}
