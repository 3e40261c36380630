/* SPDX-License-Identifier: MIT */
/* schema_watch.h - brings a server's schema up to date: before it serves, or as soon as the database responds. */
#ifndef SCHEMA_WATCH_H
#define SCHEMA_WATCH_H

#include "attributes.h"
#include "directmessages.h"

#include <pthread.h>

/* A thread that tries until the schema is up to date. */
struct schema_watch {
	dm *handle;
	bool migrate;
	bool is_running;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards stopping */
	pthread_cond_t stopped;
	bool stopping;
};

/* Checks the schema, or brings it up to date first (`migrate`). If a database server can't be reached, that is logged,
 * a thread keeps trying, and true is returned: until it has succeeded the response to each request is 503. False after
 * an error was printed. */
MUST_CHECK bool schema_begin(struct schema_watch *watch, dm *handle, bool migrate);

/* Stops the thread, if it runs. */
void schema_end(struct schema_watch *watch);

#endif
