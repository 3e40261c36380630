/* SPDX-License-Identifier: MIT */
/* move_socket.h - takes a socket away from libmicrohttpd. */
#ifndef MOVE_SOCKET_H
#define MOVE_SOCKET_H

#include "attributes.h"

/* Moves the socket to a new descriptor, and puts a dummy under the number that libmicrohttpd knows, which it may shut
 * down and close. Its connection must be suspended: then the number is in no epoll set of libmicrohttpd's. -1: the
 * system has no descriptor left, and nothing is changed. */
MUST_CHECK int move_socket(int known);

#endif
