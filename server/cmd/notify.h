/* SPDX-License-Identifier: MIT */
/* notify.h - reports the state of the server to the service manager, by the protocol of sd_notify(3). */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "attributes.h"

/* Sends lines such as "READY=1\nSTATUS=..." to the socket in NOTIFY_SOCKET. Does nothing if that is not set. */
void notify(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
