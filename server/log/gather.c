/* SPDX-License-Identifier: MIT */
/* gather.c - access lines are gathered in memory, and a thread writes them out. */
#include "gather.h"

#include "log.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GATHERED_MOST ((size_t)64 * 1024)
#define PAUSE_NS 5000000 /* while the thread sleeps, lines gather */

/* Two halves: lines go into one while the other is written. */
static char halves[2][GATHERED_MOST];
static int filling;   /* the half that lines go into */
static size_t length; /* bytes in it */
static bool gathering, stopping;
static pthread_t thread;
/* `lines` guards all above; `output` is held while something is written, and taken before `lines`. */
static pthread_mutex_t lines = PTHREAD_MUTEX_INITIALIZER, output = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t arrived = PTHREAD_COND_INITIALIZER, room = PTHREAD_COND_INITIALIZER;

/* There is nobody to tell of a failure. */
static void write_all(const char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = write(STDERR_FILENO, data, size);

		if (written <= 0)
			return;
		data += written;
		size -= (size_t)written;
	}
}

/* Writes what is gathered; `output` is held. */
static void drain(void)
{
	const char *full;
	size_t size;

	pthread_mutex_lock(&lines);
	full = halves[filling];
	size = length;
	filling = !filling;
	length = 0;
	pthread_cond_broadcast(&room);
	pthread_mutex_unlock(&lines);
	write_all(full, size);
}

void gather_write_now(const char *line, size_t size)
{
	pthread_mutex_lock(&output);
	drain();
	write_all(line, size);
	pthread_mutex_unlock(&output);
}

void gather_append(const char *line, size_t size)
{
	pthread_mutex_lock(&lines);
	while (gathering && GATHERED_MOST - length < size)
		pthread_cond_wait(&room, &lines);
	if (!gathering) {
		pthread_mutex_unlock(&lines);
		gather_write_now(line, size);
		return;
	}
	memcpy(halves[filling] + length, line, size);
	if (length == 0)
		pthread_cond_signal(&arrived);
	length += size;
	pthread_mutex_unlock(&lines);
}

static bool wait_for_lines(void)
{
	bool go_on;

	pthread_mutex_lock(&lines);
	while (length == 0 && !stopping)
		pthread_cond_wait(&arrived, &lines);
	go_on = !stopping;
	pthread_mutex_unlock(&lines);
	return go_on;
}

static void *gather_main(void *argument)
{
	const struct timespec pause = {0, PAUSE_NS};

	while (wait_for_lines()) {
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&output);
		drain();
		pthread_mutex_unlock(&output);
	}
	return argument;
}

bool log_gather(void)
{
	gathering = pthread_create(&thread, NULL, gather_main, NULL) == 0;
	return gathering;
}

void log_gather_end(void)
{
	if (!gathering)
		return;
	pthread_mutex_lock(&lines);
	stopping = true;
	pthread_cond_signal(&arrived);
	pthread_mutex_unlock(&lines);
	pthread_join(thread, NULL);
	gathering = false;
	gather_write_now("", 0);
}
