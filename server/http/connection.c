/* SPDX-License-Identifier: MIT */
/* connection.c - a client's connection, from accept to close.
 *
 * libmicrohttpd misses the end of a client that leaves together with its last bytes: it polls edge-triggered, and when
 * a read returns less than it asked for, it expects no more. So the loop polls each socket for that event itself. */
#include "connection.h"

#include "log.h"
#include "move_socket.h"
#include "request.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define EVENTS_OF_END (EPOLLRDHUP | EPOLLET)

static void note_closed(struct loop *loop, enum http_closed why)
{
	http_closed_note(loop->server->options.counts, why);
}

/* ---- while its client is quiet -------------------------------------------------------------------------------- */

/* All that has arrived belonged to requests that are over: neither the system nor libmicrohttpd has anything of a new
 * one. False too where that is not known: on a Unix socket, after a body in chunks. */
static bool is_between_requests(const struct connection *connection)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);

	return !connection->request && !connection->has_left &&
	       getsockopt(connection->socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
	       info.tcpi_bytes_received == connection->consumed;
}

static void count_aside(const struct connection *connection, size_t change)
{
	atomic_fetch_add_explicit(&connection->watch.loop->server->options.counts->aside, change, memory_order_relaxed);
}

bool connection_set_aside(struct connection *connection)
{
	struct loop *loop = connection->watch.loop;
	struct MHD_Connection *mhd = connection->mhd;
	int moved;

	if (!mhd || !is_between_requests(connection))
		return false;
	MHD_suspend_connection(mhd);
	loop_forget(loop, connection->socket);
	moved = move_socket(connection->socket);
	if (moved >= 0) {
		connection->socket = moved;
		connection->mhd = NULL;
		connection->left_behind++;
		connection->is_aside = true;
		count_aside(connection, 1);
	}
	MHD_resume_connection(mhd); /* it is closed, or goes on as before */
	loop->has_resumed = true;
	if (!loop_watch(loop, connection->socket, EVENTS_OF_END | EPOLLIN, &connection->watch))
		connection_close(connection, HTTP_CLOSED_ROOM);
	return true;
}

static void leave_aside(struct connection *connection)
{
	loop_forget(connection->watch.loop, connection->socket);
	connection->is_aside = false;
	count_aside(connection, (size_t)-1);
}

/* Gives it to libmicrohttpd as a new one. */
static void take_back(struct connection *connection)
{
	struct loop *loop = connection->watch.loop;
	struct sockaddr_storage address = {0};
	socklen_t length = sizeof(address);

	leave_aside(connection);
	timeouts_move(&loop->timeouts, &connection->place, CLIENT_HEAD);
	connection->next_accepted = loop->accepted;
	loop->accepted = connection;
	getpeername(connection->socket, (struct sockaddr *)&address, &length); /* fails where it has just been reset */
	(void)MHD_add_connection(loop->daemon, connection->socket, (struct sockaddr *)&address, length);
}

/* ---- its end ------------------------------------------------------------------------------------------------- */

/* Makes libmicrohttpd read once more and so find the end. A suspended connection is read when it is resumed. */
static void look_again(struct connection *connection)
{
	if (connection->is_suspended || !connection->mhd) /* libmicrohttpd has not begun with it: it will read */
		return;
	connection_suspend(connection);
	connection_resume(connection);
	connection->is_suspended = false;
}

/* Its memory may not go yet: another event of this turn may be its own. */
static void drop_aside(struct connection *connection)
{
	struct loop *loop = connection->watch.loop;

	leave_aside(connection);
	close(connection->socket);
	connection->socket = -1;
	timeouts_move(&loop->timeouts, &connection->place, CLIENT_CLOSED);
	connection->next_accepted = loop->accepted;
	loop->accepted = connection;
	loop->has_resumed = true; /* so that it is forgotten soon */
}

static void on_event_aside(struct connection *connection, uint32_t events)
{
	if (connection->socket < 0)
		return;
	if (connection_has_data(connection))
		take_back(connection);
	else if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		drop_aside(connection);
}

/* libmicrohttpd reads from a connection that is resumed before it asks for the response, finds the end, and closes it
 * without one. It asks first where a connection has a timeout of its own. This one never comes: ours are shorter. */
static void answer_before_end(struct connection *connection)
{
	unsigned timeout = connection->watch.loop->server->options.idle_seconds + 1;

	if (connection->mhd)
		MHD_set_connection_option(connection->mhd, MHD_CONNECTION_OPTION_TIMEOUT, timeout);
}

static void on_event(struct watch *watch, uint32_t events)
{
	struct connection *connection = (struct connection *)watch; /* its first member */

	if (connection->is_aside || connection->socket < 0) {
		on_event_aside(connection, events);
		return;
	}
	if (events & EPOLLIN) {
		loop_rewatch(watch->loop, connection->socket, EVENTS_OF_END, watch);
		if (connection->place.state == CLIENT_QUIET)
			timeouts_move(&watch->loop->timeouts, &connection->place, CLIENT_HEAD);
	}
	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && !connection->has_left) {
		connection->has_left = true;
		answer_before_end(connection);
		look_again(connection);
	}
}

void connection_watch_for_data(struct connection *connection)
{
	loop_rewatch(connection->watch.loop, connection->socket, EVENTS_OF_END | EPOLLIN, &connection->watch);
}

/* libmicrohttpd learns of the shutdown from the system and does the rest. What a slow client has not read is discarded:
 * the system would keep it for as long as the client likes. */
void connection_close(struct connection *connection, enum http_closed why)
{
	static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (why == HTTP_CLOSED_SLOW)
		setsockopt(connection->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	shutdown(connection->socket, SHUT_RDWR);
	connection->is_closed = true;
	connection->closed = why;
	timeouts_move(&connection->watch.loop->timeouts, &connection->place, CLIENT_CLOSED);
	note_closed(connection->watch.loop, why);
	if (connection->is_aside)
		drop_aside(connection);
}

void connection_detach(struct connection *connection)
{
	loop_forget(connection->watch.loop, connection->socket);
}

const char *connection_why(const struct connection *connection, enum MHD_RequestTerminationCode how)
{
	if (how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		return NULL;
	if (connection->is_closed)
		return http_closed_name(connection->closed);
	if (how == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN)
		return http_closed_name(HTTP_CLOSED_STOP);
	if (how == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		return http_closed_name(HTTP_CLOSED_IDLE);
	return connection->has_left || how != MHD_REQUEST_TERMINATED_WITH_ERROR ? "left" : "error";
}

void connection_close_aside(struct loop *loop)
{
	struct timeout_place *place = loop->timeouts.queues[CLIENT_QUIET].oldest;

	while (place) {
		struct connection *connection = place->connection;

		place = place->newer;
		if (connection->is_aside)
			drop_aside(connection);
	}
	connection_forget_refused(loop);
}

/* ---- its beginning ------------------------------------------------------------------------------------------- */

static void forget(struct connection *connection)
{
	struct loop *loop = connection->watch.loop;

	addresses_leave(&loop->server->addresses, &connection->address);
	timeouts_move(&loop->timeouts, &connection->place, CLIENT_CLOSED);
	connection->is_forgotten = true;
	if (connection->left_behind == 0)
		slots_free(&loop->connections, connection);
	loop->open--;
	atomic_fetch_sub_explicit(&loop->server->options.counts->open, 1, memory_order_relaxed);
	loop_listen(loop);
}

void connection_forget_refused(struct loop *loop)
{
	struct connection *connection;

	while ((connection = loop->accepted) != NULL) {
		loop->accepted = connection->next_accepted;
		forget(connection);
	}
}

void connection_open(struct loop *loop, int socket, const struct sockaddr *address, socklen_t length)
{
	struct connection *connection = slots_alloc(&loop->connections);

	if (!connection) {
		close(socket);
		return;
	}
	if (!addresses_enter(&loop->server->addresses, address, length, &connection->address)) {
		note_closed(loop, HTTP_CLOSED_ADDRESS);
		close(socket);
		slots_free(&loop->connections, connection);
		return;
	}
	connection->watch = (struct watch){.ready = on_event, .loop = loop};
	connection->socket = socket;
	connection->place = (struct timeout_place){.connection = connection, .state = CLIENT_CLOSED};
	loop->open++;
	atomic_fetch_add_explicit(&loop->server->options.counts->open, 1, memory_order_relaxed);
	connection->next_accepted = loop->accepted;
	loop->accepted = connection;
	/* If it fails it closes the socket. libmicrohttpd 1.0 starts the connection only when the daemon is run. */
	(void)MHD_add_connection(loop->daemon, socket, address, length);
}

/* The newest with that socket: an older one was refused, and its socket was closed. */
static struct connection *pop_accepted(struct loop *loop, int socket)
{
	struct connection **place = &loop->accepted, *found;

	while ((*place)->socket != socket)
		place = &(*place)->next_accepted;
	found = *place;
	*place = found->next_accepted;
	found->next_accepted = NULL;
	return found;
}

static void started(struct loop *loop, struct MHD_Connection *mhd, void **context_of_mhd)
{
	struct connection *connection =
		pop_accepted(loop, MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);

	connection->mhd = mhd;
	*context_of_mhd = connection;
	if (connection->place.state == CLIENT_CLOSED) /* it is new */
		timeouts_move(&loop->timeouts, &connection->place, CLIENT_IDLE);
	if (!loop_watch(loop, connection->socket, EVENTS_OF_END, &connection->watch))
		log_line(LOG_DEBUG, "no memory to watch a connection; its end will be noticed late");
}

void connection_on_notice(void *context, struct MHD_Connection *mhd, void **context_of_mhd,
			  enum MHD_ConnectionNotificationCode what)
{
	struct loop *loop = context;
	struct connection *connection = *context_of_mhd;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		started(loop, mhd, context_of_mhd);
		return;
	}
	*context_of_mhd = NULL;
	if (connection->mhd != mhd) {
		if (--connection->left_behind == 0 && connection->is_forgotten)
			slots_free(&loop->connections, connection);
		return;
	}
	if (connection->request)
		request_free(connection->request);
	forget(connection);
}

struct connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* ---- its requests -------------------------------------------------------------------------------------------- */

static void expect(struct connection *connection, enum client_state state)
{
	if (!connection->is_closed)
		timeouts_move(&connection->watch.loop->timeouts, &connection->place, state);
}

void connection_turn(struct connection *connection, enum side side)
{
	connection->is_suspended = false;
	connection->side = side;
	connection->moved = 0;
	connection->is_measured = side == SIDE_BODY; /* no byte has moved yet; a response's are counted later */
	expect(connection, CLIENT_REQUEST);
}

void connection_suspend(struct connection *connection)
{
	MHD_suspend_connection(connection->mhd);
	connection->is_suspended = true;
}

void connection_resume(struct connection *connection)
{
	MHD_resume_connection(connection->mhd);
	connection->watch.loop->has_resumed = true;
}

void connection_resumed(struct connection *connection)
{
	if (connection->is_suspended)
		connection->is_measured = false; /* the client was not the one who was slow */
	connection->is_suspended = false;
}

void connection_end_request(struct connection *connection)
{
	connection->request = NULL;
	connection->is_suspended = false;
	expect(connection, CLIENT_IDLE);
}

bool connection_has_data(const struct connection *connection)
{
	int waiting = 0;

	return ioctl(connection->socket, FIONREAD, &waiting) == 0 && waiting > 0;
}

/* How many of all bytes sent on it its client has acknowledged. False if that is not known (on a Unix socket), or if
 * all were: then the client is not the one who is slow. */
static bool read_acknowledged(const struct connection *connection, uint64_t *bytes)
{
	struct tcp_info info = {0};
	socklen_t length = sizeof(info);
	int queued = 0;

	if (getsockopt(connection->socket, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
	    ioctl(connection->socket, SIOCOUTQ, &queued) != 0)
		return false;
	*bytes = info.tcpi_bytes_acked;
	return queued > 0;
}

bool connection_is_slow(struct connection *connection, uint64_t min_bytes)
{
	uint64_t moved = 0;
	bool was_measured = connection->is_measured;

	if (connection->side == SIDE_BODY) {
		moved = connection->request->http.received;
		connection->is_measured = true;
	} else {
		connection->is_measured = connection->side == SIDE_RESPONSE && !connection->is_suspended &&
					  read_acknowledged(connection, &moved);
	}
	if (was_measured && connection->is_measured && moved - connection->moved < min_bytes)
		return true;
	connection->moved = moved;
	return false;
}
