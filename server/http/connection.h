/* SPDX-License-Identifier: MIT */
/* connection.h - a client's connection, and whose turn it is; for http.c and loop.c. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "loop.h"

/* Who is to do the next thing for a request. */
enum side {
	SIDE_SERVER,
	SIDE_BODY,  /* the client: it sends the body */
	SIDE_ANSWER /* the client: it reads the answer */
};

struct connection {
	struct watch watch; /* of its socket: for its end, and while it is quiet for its first byte */
	struct MHD_Connection *known;
	int socket;
	/* The request that on_completed has not been called for. libmicrohttpd 0.9.75 forgets to where its memory does
	 * not hold a request's head. */
	struct request *request;
	enum turn turn;
	struct connection *older, *newer; /* in the turn's queue */
	int64_t since;                    /* it has stood there */
	enum side side;
	bool is_suspended; /* the request waits for something of the server's */
	bool is_measured;  /* `moved` is what had moved when it was looked at last */
	uint64_t moved;
	bool has_left; /* the client sends no more */
	bool is_ended; /* by us, because of */
	enum http_closed ended;
	struct address address;
};

/* Takes a client's socket into the loop. */
void connection_open(struct loop *loop, int socket, const struct sockaddr *address, socklen_t length);

/* After the daemon was run: those that it has not taken. */
void connection_forget_refused(struct loop *loop);

/* libmicrohttpd's MHD_OPTION_NOTIFY_CONNECTION; the context is the loop. */
void connection_on_notice(void *loop, struct MHD_Connection *known, void **kept,
			  enum MHD_ConnectionNotificationCode what);

struct connection *connection_of(struct MHD_Connection *known);

/* Whose turn it is, from a request's head to its end. */
void connection_side(struct connection *connection, enum side side);
void connection_end_request(struct connection *connection);

/* As MHD_suspend_connection and MHD_resume_connection, on the loop's thread; and libmicrohttpd goes on with it. */
void connection_suspend(struct connection *connection);
void connection_resume(struct connection *connection);
void connection_resumed(struct connection *connection);

/* Its socket is about to become somebody else's. */
void connection_detach(struct connection *connection);

/* Ends it, without a word more to its client. */
void connection_close(struct connection *connection, enum http_closed why);

/* What patience.c asks: whether bytes wait to be read; and, for one in TURN_REQUEST, whether its client has done less
 * than `least` bytes since this was asked last. */
bool connection_has_data(const struct connection *connection);
bool connection_is_slow(struct connection *connection, uint64_t least);

/* Looks out for the first byte. */
void connection_look_out(struct connection *connection);

/* Why a request has ended without its whole answer, for its access line; NULL where it has not. */
const char *connection_why(const struct connection *connection, enum MHD_RequestTerminationCode how);

#endif
