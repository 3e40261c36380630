/* SPDX-License-Identifier: MIT */
/* move_socket.c - takes a socket away from libmicrohttpd. */
#include "move_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int move_socket(int known)
{
	int dummy = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int moved = dummy >= 0 ? fcntl(known, F_DUPFD_CLOEXEC, 0) : -1;

	if (moved >= 0 && dup3(dummy, known, O_CLOEXEC) < 0) {
		close(moved);
		moved = -1;
	}
	if (dummy >= 0)
		close(dummy);
	return moved;
}
