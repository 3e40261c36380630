/* SPDX-License-Identifier: MIT */
/* listen.h - from "ADDR:PORT" or "unix:PATH" to a listening socket. */
#ifndef LISTEN_H
#define LISTEN_H

#include "attributes.h"
#include "span.h"

/* How many clients may wait to be accepted; the system lowers it to net.core.somaxconn. */
#define LISTEN_BACKLOG 4096

struct listener {
	int socket;
	char *unix_path; /* owned; the socket's file, removed by listener_release; NULL for TCP */
	char name[120];  /* what a client would write: "127.0.0.1:8000", "[::1]:8000", "unix:PATH" */
};

/* Whether it has one of the forms below; says nothing of whether it can be had. */
bool listener_address_is_valid(const char *address);

/* "127.0.0.1:8000", "[::1]:8000", ":8000" (all addresses), "name:8000" or "unix:PATH"; port 0 lets the system choose.
 * False with a sentence in `error`. A socket file that nobody answers on is replaced. */
MUST_CHECK bool listener_open(const char *address, struct listener *listener, char error[256]);

/* Removes the socket's file; the socket itself is closed by whoever serves on it. */
void listener_release(struct listener *listener);

#endif
