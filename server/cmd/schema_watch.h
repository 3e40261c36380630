/* SPDX-License-Identifier: MIT */
/* schema_watch.h - a server's schema: up to date before it serves, or, where the database is not there yet, as soon as
 * it comes. */
#ifndef SCHEMA_WATCH_H
#define SCHEMA_WATCH_H

#include "attributes.h"
#include "directmessages.h"

#include <pthread.h>

/* A thread that asks until the schema is up to date. */
struct schema_watch {
	dm *handle;
	bool migrate;
	bool is_running;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards stopping */
	pthread_cond_t stopped;
	bool stopping;
};

/* Checks the schema, or brings it up to date first. A database of a server that can't be reached is no failure: the
 * watch then goes on asking, and the log tells of it; requests are answered by 503 until then. False after a failure
 * was told. */
MUST_CHECK bool schema_begin(struct schema_watch *watch, dm *handle, bool migrate);
void schema_end(struct schema_watch *watch);

#endif
