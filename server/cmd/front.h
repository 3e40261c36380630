/* SPDX-License-Identifier: MIT */
/* front.h - an address that is served: its socket, its HTTP server, and what there is to be had there. */
#ifndef FRONT_H
#define FRONT_H

#include "exchange.h"
#include "http.h"
#include "listen.h"

struct front {
	struct api api; /* filled in by the caller, but for own_host */
	struct http_listener listener;
	struct http_server *server; /* NULL: it is not served */
};

/* Serves the address; socket, steps and context of the options are ours to fill in. False after the failure was told;
 * `flag` and `variable` are what another address could be chosen by. */
MUST_CHECK bool front_open(struct front *front, const char *address, const char *flag, const char *variable,
			   const struct http_options *options);

/* Ends what was served, if anything was: see http_stop. */
void front_close(struct front *front, unsigned seconds);

/* "http://127.0.0.1:8000" and the path, or "unix:PATH", where the path says nothing; goes into the log behind `what`.
 */
void front_log(const struct front *front, const char *what, const char *path);

#endif
