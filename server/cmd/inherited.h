/* SPDX-License-Identifier: MIT */
/* inherited.h - the listening sockets that a service manager passes, as sd_listen_fds(3) describes. */
#ifndef INHERITED_H
#define INHERITED_H

#include "attributes.h"
#include "listen.h"
#include "settings.h"

/* Takes the sockets over that LISTEN_FDS counts, if LISTEN_PID is this process: one that LISTEN_FDNAMES calls `admin`
 * in the place of --admin-listen, another one in that of --listen. To be called once, before settings are read. False
 * after the error was printed. */
MUST_CHECK bool inherited_take(void);

/* The socket that stands in for the setting; NULL: none. */
const struct http_listener *inherited_listener(enum setting setting);

#endif
