/* SPDX-License-Identifier: MIT */
/* daemon.h - a loop's libmicrohttpd daemon. */
#ifndef DAEMON_H
#define DAEMON_H

#include "loop.h"

/* NULL if the system has no memory or descriptor for it. The caller ends it with MHD_stop_daemon. */
MUST_CHECK struct MHD_Daemon *daemon_start(struct loop *loop);

#endif
