/* SPDX-License-Identifier: MIT */
/* notify.h - tells the service manager that started us how we are: the protocol of systemd's sd_notify(3). */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "attributes.h"

/* Sends lines such as "READY=1\nSTATUS=..." to the socket that NOTIFY_SOCKET names; does nothing where it names none.
 */
void notify(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
