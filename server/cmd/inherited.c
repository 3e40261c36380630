/* SPDX-License-Identifier: MIT */
/* inherited.c - the listening sockets that a service manager passes, as sd_listen_fds(3) describes. */
#include "inherited.h"

#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SOCKET 3

/* One for each setting that names an address. */
static struct place {
	enum setting setting;
	bool is_taken;
	struct http_listener listener;
} places[] = {{.setting = SETTING_LISTEN}, {.setting = SETTING_ADMIN_LISTEN}};

static bool is_for_us(void)
{
	const char *pid = getenv("LISTEN_PID");
	int64_t number;

	return getenv("LISTEN_FDS") && pid && cli_parse_number(pid, 1, INT32_MAX, &number) && number == getpid();
}

static bool refuse(const char *what)
{
	cli_fail(EXIT_USAGE, "the service manager passes %s", what);
	return false;
}

/* `name` is what FileDescriptorName= says in the unit of the socket. */
static bool take_socket(int socket, struct span name)
{
	struct place *place = &places[span_equal(name, SPAN("admin")) ? 1 : 0];

	if (place->is_taken)
		return refuse("two sockets for one address; leave one, or give the one for health and metrics "
			      "FileDescriptorName=admin");
	if (!http_listener_adopt(socket, &place->listener))
		return refuse(
			"a socket that accepts no connections; give ListenStream= in its unit, and no Accept=yes");
	place->is_taken = true;
	return true;
}

bool inherited_take(void)
{
	const char *names = getenv("LISTEN_FDNAMES");
	struct span rest = span_from(names ? names : "");
	bool good = true;
	int64_t count;

	if (!is_for_us())
		return true;
	if (!cli_parse_number(getenv("LISTEN_FDS"), 0, ARRAY_LENGTH(places), &count))
		return refuse("more sockets than there are addresses; give one for the API, and perhaps one with "
			      "FileDescriptorName=admin");
	for (int i = 0; good && i < (int)count; i++)
		good = take_socket(FIRST_SOCKET + i, span_cut(&rest, ':'));
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return good;
}

const struct http_listener *inherited_listener(enum setting setting)
{
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		if (places[i].setting == setting && places[i].is_taken)
			return &places[i].listener;
	return NULL;
}
