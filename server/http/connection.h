/* SPDX-License-Identifier: MIT */
/* connection.h - a client's connection, from accept to close. On the loop's thread. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "loop.h"

#include <microhttpd.h>

/* At most so many are set aside in one turn of the loop: each costs some ten system calls. */
#define MAX_SET_ASIDE 256

/* Who is to do the next thing for a request. */
enum side {
	SIDE_SERVER,
	SIDE_BODY,    /* the client: it sends the body */
	SIDE_RESPONSE /* the client: it reads the response */
};

struct connection {
	struct watch watch; /* of its socket: for its end, and for its first byte while it is quiet */
	struct timeout_place place;
	struct connection *next_accepted; /* in loop.accepted */
	struct MHD_Connection *mhd;       /* NULL: libmicrohttpd does not have it (yet, or any more) */
	int socket;                       /* -1: it was closed while it was aside */
	bool is_aside;                    /* quiet, and taken from libmicrohttpd until it has something to read */
	bool is_forgotten;                /* it is over, but for those it has left behind */
	unsigned left_behind; /* libmicrohttpd's connections that it was taken from and that are not closed yet */
	uint64_t consumed;    /* bytes of its requests' heads and bodies */
	/* The request that has not completed. libmicrohttpd 0.9.75 does not complete one whose head does not fit into
	 * its memory; then connection_on_notice frees it. */
	struct request *request;
	enum side side;
	bool is_suspended; /* the request waits for something of the server's */
	bool is_measured;  /* `moved` is what had moved at the last measurement */
	uint64_t moved;    /* bytes */
	bool has_left;     /* the client sends no more */
	bool is_closed;    /* by us, for the reason `closed` */
	enum http_closed closed;
	struct address address;
};

/* Takes a client's socket into the loop, which owns it from here on, unless its address has too many connections or
 * there is no memory: then it is closed. */
void connection_open(struct loop *loop, int socket, const struct sockaddr *address, socklen_t length);

/* After the daemon was run: forgets the connections that it has not started, and those that were closed while they were
 * aside. */
void connection_forget_refused(struct loop *loop);

/* libmicrohttpd's MHD_OPTION_NOTIFY_CONNECTION; `loop` is the struct loop. */
void connection_on_notice(void *loop, struct MHD_Connection *mhd, void **context_of_mhd,
			  enum MHD_ConnectionNotificationCode what);

struct connection *connection_of(struct MHD_Connection *mhd);

/* Says whose turn it is, from a request's head to its end; the client's timeout starts anew. */
void connection_turn(struct connection *connection, enum side side);
void connection_end_request(struct connection *connection);

/* As MHD_suspend_connection and MHD_resume_connection. connection_resumed: libmicrohttpd has called us for it again. */
void connection_suspend(struct connection *connection);
void connection_resume(struct connection *connection);
void connection_resumed(struct connection *connection);

/* Forgets its socket, which is about to get another owner. */
void connection_detach(struct connection *connection);

/* Closes it at once; its client gets nothing more. */
void connection_close(struct connection *connection, enum http_closed why);

/* For reaper.c. Whether bytes wait to be read. Whether the client of a connection in CLIENT_REQUEST has moved fewer
 * than `min_bytes` since the last call. And: watches for the first byte of the next request. */
bool connection_has_data(const struct connection *connection);

/* Takes a connection whose client is quiet from libmicrohttpd, which would keep the memory of a whole request for it.
 * It goes back when it has something to read. False: it can't be, perhaps since a part of a request has come. */
MUST_CHECK bool connection_set_aside(struct connection *connection);

/* Closes all that are aside: the loop ends. */
void connection_close_aside(struct loop *loop);
bool connection_is_slow(struct connection *connection, uint64_t min_bytes);
void connection_watch_for_data(struct connection *connection);

/* Why a request ended before its whole response was sent, for its access line; NULL if it was sent. */
const char *connection_why(const struct connection *connection, enum MHD_RequestTerminationCode how);

#endif
