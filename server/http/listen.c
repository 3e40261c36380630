/* SPDX-License-Identifier: MIT */
/* listen.c - opens a listening socket from "ADDR:PORT" or "unix:PATH", or takes over one that is open. */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define ERROR_SIZE 256
#define ADDRESS_SIZE 256

static bool explain(char *error, const char *address, const char *why)
{
	snprintf(error, ERROR_SIZE, "can't listen on %.150s: %s", address, why);
	return false;
}

static bool open_socket(const struct sockaddr *address, socklen_t length, int family, int *opened)
{
	int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	if (family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address, length) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
		int why = errno;

		close(fd);
		errno = why;
		return false;
	}
	*opened = fd;
	return true;
}

/* Removes the file of a server that was killed; not that of a server that still answers. */
static void remove_if_dead(const struct sockaddr_un *address)
{
	struct stat file;
	int fd;

	if (lstat(address->sun_path, &file) != 0 || !S_ISSOCK(file.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 && errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

static bool open_unix(const char *address, const char *path, struct http_listener *listener, char *error)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};

	if (*path == '\0' || strlen(path) >= sizeof(name.sun_path))
		return explain(error, address, "the path is empty or too long; name a shorter one");
	memcpy(name.sun_path, path, strlen(path) + 1);
	remove_if_dead(&name);
	if (!open_socket((const struct sockaddr *)&name, sizeof(name), AF_UNIX, &listener->socket))
		return explain(error, address, strerror(errno));
	listener->is_unix = true;
	listener->unix_path = strdup(path);
	snprintf(listener->name, sizeof(listener->name), "unix:%s", path);
	return true;
}

/* A name in the abstract namespace begins with a NUL, which is written as '@'. */
static void name_unix(struct http_listener *listener, const struct sockaddr_un *bound, socklen_t length)
{
	size_t begin = offsetof(struct sockaddr_un, sun_path), size = length > begin ? length - begin : 0;
	bool is_abstract = size > 0 && bound->sun_path[0] == '\0';

	listener->is_unix = true;
	snprintf(listener->name, sizeof(listener->name), "unix:%s%.*s", is_abstract ? "@" : "",
		 (int)(size - is_abstract), bound->sun_path + is_abstract);
}

static void name_socket(struct http_listener *listener)
{
	struct sockaddr_storage bound = {0};
	socklen_t length = sizeof(bound);
	char host[INET6_ADDRSTRLEN] = "";

	getsockname(listener->socket, (struct sockaddr *)&bound, &length);
	if (bound.ss_family == AF_UNIX) {
		name_unix(listener, (const struct sockaddr_un *)&bound, length);
	} else if (bound.ss_family == AF_INET6) {
		const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)&bound;

		inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof(host));
		snprintf(listener->name, sizeof(listener->name), "[%s]:%u", host, ntohs(address->sin6_port));
	} else {
		const struct sockaddr_in *address = (const struct sockaddr_in *)&bound;

		inet_ntop(AF_INET, &address->sin_addr, host, sizeof(host));
		snprintf(listener->name, sizeof(listener->name), "%s:%u", host, ntohs(address->sin_port));
	}
}

/* Splits "[host]:port" or "host:port" in place; false without a port from 0 to 65535. */
static bool split(char *text, char **host, char **port)
{
	char *colon = strrchr(text, ':');
	int64_t number;

	if (!colon || !span_to_int64(span_from(colon + 1), &number) || number > 65535)
		return false;
	*colon = '\0';
	*port = colon + 1;
	*host = text;
	if (text[0] != '[' && strpbrk(text, ":[]"))
		return false;
	if (text[0] == '[') {
		char *end = strchr(text, ']');

		if (!end || end[1] != '\0')
			return false;
		*end = '\0';
		*host = text + 1;
	}
	return true;
}

bool http_listener_address_is_valid(const char *address)
{
	char text[ADDRESS_SIZE], *host, *port;

	if (strncmp(address, "unix:", 5) == 0)
		return address[5] != '\0' && strlen(address + 5) < sizeof(((struct sockaddr_un *)NULL)->sun_path);
	if (strlen(address) >= sizeof(text))
		return false;
	memcpy(text, address, strlen(address) + 1);
	return split(text, &host, &port);
}

static bool is_loopback(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcasecmp(host, "localhost") == 0;
}

bool http_listener_address_is_local(const char *address)
{
	char text[ADDRESS_SIZE], *host, *port;

	if (strncmp(address, "unix:", 5) == 0)
		return true;
	if (strlen(address) >= sizeof(text))
		return false;
	memcpy(text, address, strlen(address) + 1);
	return split(text, &host, &port) && is_loopback(host);
}

static bool open_tcp(const char *address, struct http_listener *listener, char *error)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	char text[ADDRESS_SIZE], *host, *port;
	bool opened = false;
	int code;

	if (!http_listener_address_is_valid(address))
		return explain(error, address, "an address is ADDR:PORT, [IPV6]:PORT or unix:PATH");
	memcpy(text, address, strlen(address) + 1);
	split(text, &host, &port);
	code = getaddrinfo(*host ? host : NULL, port, &hints, &found);
	if (code != 0)
		return explain(error, address, gai_strerror(code));
	for (struct addrinfo *each = found; each && !opened; each = each->ai_next)
		opened = open_socket(each->ai_addr, each->ai_addrlen, each->ai_family, &listener->socket);
	freeaddrinfo(found);
	if (!opened)
		return explain(error, address, strerror(errno));
	name_socket(listener);
	return true;
}

bool http_listener_open(const char *address, struct http_listener *listener, char error[256])
{
	*listener = (struct http_listener){.socket = -1};
	if (strncmp(address, "unix:", 5) == 0)
		return open_unix(address, address + 5, listener, error);
	return open_tcp(address, listener, error);
}

static int socket_option(int socket, int option)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return getsockopt(socket, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

bool http_listener_adopt(int socket, struct http_listener *listener)
{
	int domain = socket_option(socket, SO_DOMAIN);
	int flags = fcntl(socket, F_GETFL);

	if (socket_option(socket, SO_TYPE) != SOCK_STREAM || socket_option(socket, SO_ACCEPTCONN) != 1 ||
	    (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX) ||
	    fcntl(socket, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(socket, F_SETFD, FD_CLOEXEC) != 0)
		return false;
	*listener = (struct http_listener){.socket = socket, .is_kept = true};
	name_socket(listener);
	return true;
}

void http_listener_release(struct http_listener *listener)
{
	if (listener->unix_path)
		unlink(listener->unix_path);
	free(listener->unix_path);
	listener->unix_path = NULL;
}
