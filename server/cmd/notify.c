/* SPDX-License-Identifier: MIT */
/* notify.c - reports the state of the server to the service manager: one datagram for each report. */
#include "notify.h"

#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_STATE 512

/* How long a report may wait for room in the socket, which holds some ten: a service manager that does not read them
 * must not stop the server. */
#define MAX_WAIT_SECONDS 2

/* Parses a path, or '@' and a name in the abstract namespace: there the address begins with a NUL, and its length ends
 * it. Returns the length of the address; 0: the name is neither. */
static socklen_t parse_address(const char *name, struct sockaddr_un *address)
{
	size_t length = strlen(name);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((*name != '/' && *name != '@') || length >= sizeof(address->sun_path))
		return 0;
	memcpy(address->sun_path, name, length);
	if (*name == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static bool send_to(const char *name, const char *state, size_t length)
{
	static const struct timeval wait = {.tv_sec = MAX_WAIT_SECONDS};
	struct sockaddr_un address;
	socklen_t address_length = parse_address(name, &address);
	bool sent;
	int fd;

	if (address_length == 0) {
		errno = EAFNOSUPPORT;
		return false;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	sent = sendto(fd, state, length, MSG_NOSIGNAL, (const struct sockaddr *)&address, address_length) >= 0;
	close(fd);
	return sent;
}

void notify(const char *format, ...)
{
	const char *name = getenv("NOTIFY_SOCKET");
	char state[MAX_STATE];
	va_list arguments;

	if (!name || !*name)
		return;
	va_start(arguments, format);
	vsnprintf(state, sizeof(state), format, arguments);
	va_end(arguments);
	if (!send_to(name, state, strlen(state)))
		log_line(LOG_WARNING, "can't notify the service manager at NOTIFY_SOCKET: %s", strerror(errno));
}
