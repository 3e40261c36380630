/* SPDX-License-Identifier: MIT */
/* gather.c - lines are gathered in memory, and a thread writes them out.
 *
 * Standard error may be a pipe that nobody reads, a terminal that was stopped, a disk that is full. It may be shared
 * with other programs too, so it can't be made non-blocking: that would hold for them as well. So one thread alone
 * writes, and waits if it must; nobody waits for the thread. */
#include "gather.h"

#include "log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GATHERED_MOST ((size_t)1024 * 1024)
#define RESERVE ((size_t)64 * 1024) /* of it for urgent lines: requests alone don't fill it */
#define SECOND_NS INT64_C(1000000000)
#define PAUSE_NS 5000000 /* while the thread sleeps, lines gather */
#define END_SECONDS 2    /* after the last line so long is waited for who reads */

/* Two halves: lines go into one while the other is written. */
struct half {
	size_t length;
	size_t notice;  /* of its first bytes, which tell what was dropped before */
	uint64_t tells; /* so many lines */
	char text[GATHERED_MOST];
};

static struct half halves[2];
static int filling;     /* the half that lines go into */
static uint64_t untold; /* lines that were dropped, and no line has told so */
static bool gathering, urgent, stopping;
static bool failing;  /* the last attempt to write did */
static bool ended;    /* the thread has written all */
static bool given_up; /* it waits for ever: nothing can be written any more */
static bool is_torn;  /* the thread's own: what was written last is not the end of a line */
static pthread_t thread;
static atomic_uint_fast64_t dropped;                      /* since the start */
static pthread_mutex_t lines = PTHREAD_MUTEX_INITIALIZER; /* guards all above but what is the thread's own */
static pthread_cond_t changed;                            /* by the monotonic clock */

/* Gives how many bytes were not written. */
static size_t write_all(const char *data, size_t size)
{
	struct pollfd watched = {.fd = STDERR_FILENO, .events = POLLOUT};

	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, data, size);

		if (written > 0) {
			data += written;
			size -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) { /* somebody else has made it non-blocking */
			poll(&watched, 1, -1);
		} else if (written == 0 || errno != EINTR) {
			break;
		}
	}
	return size;
}

static uint64_t count_lines(const char *text, size_t size)
{
	uint64_t count = 0;
	const char *end;

	for (; (end = memchr(text, '\n', size)); text = end + 1, count++)
		size -= (size_t)(end + 1 - text);
	return count;
}

static void drop(uint64_t count)
{
	untold += count;
	atomic_fetch_add_explicit(&dropped, count, memory_order_relaxed);
}

/* Takes the full half and begins the other, with what is to be told; called with the mutex. */
static struct half *swap(void)
{
	struct half *full = &halves[filling], *next = &halves[filling = !filling];

	urgent = false;
	next->tells = untold;
	next->notice = untold > 0 ? log_dropped_line(next->text, untold) : 0;
	next->length = next->notice;
	untold = 0;
	return full;
}

/* Writes what is gathered. Only the thread calls this. */
static void drain(void)
{
	struct half *full;
	size_t rest, written;

	pthread_mutex_lock(&lines);
	full = swap();
	pthread_mutex_unlock(&lines);
	if (is_torn && full->length > 0)
		is_torn = write_all("\n", 1) != 0;
	rest = write_all(full->text, full->length);
	written = full->length - rest;
	if (written > 0)
		is_torn = full->text[written - 1] != '\n';
	pthread_mutex_lock(&lines);
	failing = rest > 0;
	if (written < full->notice) {
		untold += full->tells;
		rest = full->length - full->notice;
	}
	drop(count_lines(full->text + full->length - rest, rest));
	pthread_mutex_unlock(&lines);
}

void gather_append(const char *line, size_t size, bool is_urgent)
{
	struct half *half;
	size_t most = is_urgent ? GATHERED_MOST : GATHERED_MOST - RESERVE;

	pthread_mutex_lock(&lines);
	half = &halves[filling];
	if (!gathering && !given_up) {
		pthread_mutex_unlock(&lines);
		(void)write_all(line, size);
		return;
	}
	if (given_up || most - half->length < size || most < half->length) {
		drop(1);
	} else {
		memcpy(half->text + half->length, line, size);
		if (half->length == half->notice || (is_urgent && !urgent))
			pthread_cond_signal(&changed);
		half->length += size;
		urgent = urgent || is_urgent;
	}
	pthread_mutex_unlock(&lines);
}

/* Until so many nanoseconds from now. */
static struct timespec from_now(int64_t nanoseconds)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	nanoseconds += until.tv_nsec;
	until.tv_sec += nanoseconds / SECOND_NS;
	until.tv_nsec = nanoseconds % SECOND_NS;
	return until;
}

/* Where nothing can be written, the line that tells so alone is no reason to try again. */
static bool has_lines(void)
{
	return halves[filling].length > (failing ? halves[filling].notice : 0);
}

/* Waits for a line, and then for more of them, unless there is one that is urgent. False where that was all. */
static bool wait_for_lines(void)
{
	struct timespec until;
	bool go_on;

	pthread_mutex_lock(&lines);
	while (!has_lines() && !stopping)
		pthread_cond_wait(&changed, &lines);
	until = from_now(PAUSE_NS);
	while (!urgent && !stopping && pthread_cond_timedwait(&changed, &lines, &until) != ETIMEDOUT)
		;
	go_on = has_lines() || !stopping;
	pthread_mutex_unlock(&lines);
	return go_on;
}

static void *gather_main(void *argument)
{
	while (wait_for_lines())
		drain();
	pthread_mutex_lock(&lines);
	ended = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lines);
	return argument;
}

bool log_gather(void)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	gathering = pthread_create(&thread, NULL, gather_main, NULL) == 0;
	return gathering;
}

void log_gather_end(void)
{
	struct timespec until = from_now(END_SECONDS * SECOND_NS);

	if (!gathering)
		return;
	pthread_mutex_lock(&lines);
	stopping = true;
	pthread_cond_signal(&changed);
	while (!ended && pthread_cond_timedwait(&changed, &lines, &until) != ETIMEDOUT)
		;
	given_up = !ended;
	gathering = false;
	pthread_mutex_unlock(&lines);
	if (given_up)
		pthread_detach(thread);
	else
		pthread_join(thread, NULL);
}

uint64_t log_lines_dropped(void)
{
	return atomic_load_explicit(&dropped, memory_order_relaxed);
}
