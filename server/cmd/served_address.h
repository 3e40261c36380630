/* SPDX-License-Identifier: MIT */
/* served_address.h - an address that is served: its socket, its HTTP server, and which routes it has. */
#ifndef SERVED_ADDRESS_H
#define SERVED_ADDRESS_H

#include "exchange.h"
#include "http.h"
#include "listen.h"
#include "settings.h"

struct served_address {
	struct api api; /* filled in by the caller, without own_host */
	struct http_listener listener;
	struct http_server *server; /* NULL: not served */
};

/* Listens on `address`, the value of `setting`, or takes the socket that was inherited for it, and serves it. Socket,
 * steps and context of the options are filled in here. False after the error was printed, which names the setting. */
MUST_CHECK bool served_address_open(struct served_address *served, const char *address, enum setting setting,
				    const struct http_options *options);

/* Stops serving, if it is served: see http_stop. */
void served_address_close(struct served_address *served, unsigned seconds);

/* Logs `what` and the address: "http://127.0.0.1:8000" with the path behind it, or "unix:PATH" without. */
void served_address_log(const struct served_address *served, const char *what, const char *path);

#endif
