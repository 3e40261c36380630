/* SPDX-License-Identifier: MIT */
/* log_writer.c - writes the log's lines to standard error, in a thread of its own.
 *
 * Standard error may be a pipe that nobody reads, a stopped terminal or a full disk. It may be shared with other
 * programs, for which it must stay blocking. So lines are buffered in memory, and one thread alone writes them and
 * waits if it must. */
#include "log_writer.h"

#include "clock.h"
#include "condition.h"
#include "log_line.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_SIZE ((size_t)1024 * 1024)
#define URGENT_RESERVE ((size_t)64 * 1024) /* of each buffer: access lines leave this much for urgent lines */
#define PAUSE_US 5000                      /* how long the thread lets lines gather before it writes them */
#define STOP_US 2000000

/* Lines are added to one buffer while the other is written. */
struct line_buffer {
	size_t length;
	size_t notice_length; /* of the line in front that says how many lines were dropped; 0: there is none */
	uint64_t noticed;     /* that number */
	char text[BUFFER_SIZE];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards the following, up to the thread */
static pthread_cond_t changed;
static struct line_buffer buffers[2];
static int filling;        /* which of them lines are added to */
static uint64_t unnoticed; /* dropped lines that no notice mentions yet */
static bool is_running;
static bool is_stopping;
static bool has_ended;    /* the thread has written everything */
static bool is_abandoned; /* the thread did not end in time; nothing more can be written */
static bool has_urgent;   /* the buffer being filled holds an urgent line */
static bool last_failed;  /* the last attempt to write did */
static pthread_t thread;
static bool is_torn; /* the thread's: what it wrote last does not end a line */
static atomic_uint_fast64_t dropped;

/* Returns how many bytes were not written. */
static size_t write_all(const char *data, size_t size)
{
	struct pollfd watched = {.fd = STDERR_FILENO, .events = POLLOUT};

	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, data, size);

		if (written > 0) {
			data += written;
			size -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) { /* another program has made it non-blocking */
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

/* Under the mutex. */
static void count_dropped(uint64_t count)
{
	unnoticed += count;
	atomic_fetch_add_explicit(&dropped, count, memory_order_relaxed);
}

/* Writes the notice of dropped lines and returns its length. */
static size_t write_notice(char line[LOG_JSON_SIZE], uint64_t count)
{
	char sentence[LOG_LINE_SIZE];

	snprintf(
		sentence, sizeof(sentence),
		"%llu lines of the log were dropped: they were not read in time or could not be written; check what reads "
		"standard error",
		(unsigned long long)count);
	return log_line_write(line, "warning", sentence);
}

/* Returns the buffer to be written and starts the other one, with a notice if lines were dropped. Under the mutex. */
static struct line_buffer *swap_buffers(void)
{
	struct line_buffer *full = &buffers[filling], *next = &buffers[filling = !filling];

	has_urgent = false;
	next->noticed = unnoticed;
	next->notice_length = unnoticed > 0 ? write_notice(next->text, unnoticed) : 0;
	next->length = next->notice_length;
	unnoticed = 0;
	return full;
}

/* Writes the buffered lines. What cannot be written is dropped. On the thread. */
static void write_lines(void)
{
	struct line_buffer *full;
	size_t rest, written;

	pthread_mutex_lock(&mutex);
	full = swap_buffers();
	pthread_mutex_unlock(&mutex);
	if (is_torn && full->length > 0)
		is_torn = write_all("\n", 1) != 0;
	rest = write_all(full->text, full->length);
	written = full->length - rest;
	if (written > 0)
		is_torn = full->text[written - 1] != '\n';
	pthread_mutex_lock(&mutex);
	last_failed = rest > 0;
	if (written < full->notice_length) {
		unnoticed += full->noticed;
		rest = full->length - full->notice_length;
	}
	count_dropped(count_lines(full->text + full->length - rest, rest));
	pthread_mutex_unlock(&mutex);
}

void log_writer_append(const char *line, size_t length, bool is_urgent)
{
	size_t limit = is_urgent ? BUFFER_SIZE : BUFFER_SIZE - URGENT_RESERVE;
	struct line_buffer *buffer;

	pthread_mutex_lock(&mutex);
	buffer = &buffers[filling];
	if (!is_running && !is_abandoned) {
		pthread_mutex_unlock(&mutex);
		(void)write_all(line, length);
		return;
	}
	if (is_abandoned || limit - buffer->length < length || limit < buffer->length) {
		count_dropped(1);
	} else {
		memcpy(buffer->text + buffer->length, line, length);
		if (buffer->length == buffer->notice_length || (is_urgent && !has_urgent))
			pthread_cond_signal(&changed);
		buffer->length += length;
		has_urgent = has_urgent || is_urgent;
	}
	pthread_mutex_unlock(&mutex);
}

/* After a failed write, a notice alone is no reason to try again. */
static bool has_lines(void)
{
	return buffers[filling].length > (last_failed ? buffers[filling].notice_length : 0);
}

/* Waits for a line, then lets more gather unless one is urgent. False: stopping, and there are no more lines. */
static bool wait_for_lines(void)
{
	int64_t until;
	bool go_on;

	pthread_mutex_lock(&mutex);
	while (!has_lines() && !is_stopping)
		pthread_cond_wait(&changed, &mutex);
	until = clock_monotonic() + PAUSE_US;
	while (!has_urgent && !is_stopping && condition_wait_until(&changed, &mutex, until))
		;
	go_on = has_lines() || !is_stopping;
	pthread_mutex_unlock(&mutex);
	return go_on;
}

static void *writer_main(void *argument)
{
	while (wait_for_lines())
		write_lines();
	pthread_mutex_lock(&mutex);
	has_ended = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&mutex);
	return argument;
}

bool log_writer_start(void)
{
	condition_init(&changed);
	is_running = pthread_create(&thread, NULL, writer_main, NULL) == 0;
	return is_running;
}

void log_writer_stop(void)
{
	int64_t until = clock_monotonic() + STOP_US;

	if (!is_running)
		return;
	pthread_mutex_lock(&mutex);
	is_stopping = true;
	pthread_cond_signal(&changed);
	while (!has_ended && condition_wait_until(&changed, &mutex, until))
		;
	is_abandoned = !has_ended;
	is_running = false;
	pthread_mutex_unlock(&mutex);
	if (is_abandoned)
		pthread_detach(thread);
	else
		pthread_join(thread, NULL);
}

uint64_t log_lines_dropped(void)
{
	return atomic_load_explicit(&dropped, memory_order_relaxed);
}
