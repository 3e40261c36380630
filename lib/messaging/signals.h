/* SPDX-License-Identifier: MIT */
/* signals.h - the receivers of signals: connecting, disconnecting, calling them. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "attributes.h"
#include "directmessages.h"

#include <pthread.h>
#include <stdatomic.h>

struct receiver;

struct signals {
	pthread_mutex_t mutex; /* guards the list; not held while a receiver runs */
	pthread_cond_t stopped_running;
	struct receiver *first; /* in the order in which they were connected */
	atomic_size_t counts[DM_EVENTS_RECORDED + 1];
};

void signals_init(struct signals *signals);
void signals_release(struct signals *signals);

MUST_CHECK enum dm_status signals_connect(struct signals *signals, enum dm_signal signal, dm_receiver *function,
					  void *context, struct dm_error *error);
bool signals_disconnect(struct signals *signals, enum dm_signal signal, dm_receiver *function, void *context);

/* Cheap: one atomic load, so that nothing is prepared for signals that nobody receives. */
bool signals_has_receivers(const struct signals *signals, enum dm_signal signal);

/* Calls each receiver of the signal on the caller's thread. The message is lent and may be NULL. */
void signals_emit(struct signals *signals, enum dm_signal signal, const struct dm_message *message);

#endif
