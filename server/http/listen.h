/* SPDX-License-Identifier: MIT */
/* listen.h - opens a listening socket from "ADDR:PORT" or "unix:PATH". */
#ifndef LISTEN_H
#define LISTEN_H

#include "attributes.h"
#include "span.h"

/* How many clients may wait to be accepted; the system lowers it to net.core.somaxconn. */
#define LISTEN_BACKLOG 4096

struct http_listener {
	int socket;
	bool is_unix;
	bool is_kept;    /* a service manager has opened it, and keeps it when we close it */
	char *unix_path; /* owned; the socket's file, which http_listener_release removes; NULL: there is none to remove
			  */
	char name[120];  /* as clients write it: "127.0.0.1:8000", "[::1]:8000", "unix:PATH" */
};

/* Whether it has one of the forms below; it may still be impossible to listen on. */
bool http_listener_address_is_valid(const char *address);

/* Whether only this machine can reach the address: `unix:`, a loopback address, or `localhost`. */
bool http_listener_address_is_local(const char *address);

/* Listens on "127.0.0.1:8000", "[::1]:8000", ":8000" (all addresses), "name:8000" or "unix:PATH"; with port 0 the
 * system chooses one. Replaces a socket file that no server answers on. False: `error` says why. */
MUST_CHECK bool http_listener_open(const char *address, struct http_listener *listener, char error[256]);

/* Takes over a socket that a service manager listens on. False: it is none on which clients can be accepted. */
MUST_CHECK bool http_listener_adopt(int socket, struct http_listener *listener);

/* Removes the socket's file. Does not close the socket: http_stop has. */
void http_listener_release(struct http_listener *listener);

#endif
