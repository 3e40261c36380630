/* SPDX-License-Identifier: MIT */
/* scratch_messages.c - many messages at once, and when one was sent. */
#include "scratch.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static size_t done;

static void note_done(struct dm_operation *operation)
{
	assert_int_equal(operation->status, DM_OK);
	pthread_mutex_lock(&mutex);
	done++;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&mutex);
}

void scratch_send_many(const struct scratch *scratch, int64_t sender_id, int64_t recipient_id, size_t count)
{
	struct dm_operation *sends = calloc(count, sizeof(*sends));

	assert_non_null(sends);
	done = 0;
	for (size_t i = 0; i < count; i++) {
		sends[i].kind = DM_OP_SEND;
		sends[i].done = note_done;
		sends[i].send.sender_id = sender_id;
		sends[i].send.recipient_id = recipient_id;
		sends[i].send.content = text_of("Hello");
		dm_submit(scratch->handle, &sends[i]);
	}
	pthread_mutex_lock(&mutex);
	while (done < count)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
	free(sends);
}

static bool keep_time(void *time, const struct dm_message *message)
{
	*(int64_t *)time = message->sent_at;
	return true;
}

int64_t scratch_time_of(const struct scratch *scratch, int64_t message_id)
{
	int64_t time = 0;
	struct dm_operation get = {.kind = DM_OP_MESSAGE,
				   .context = &time,
				   .message = {.message_id = message_id, .on_message = keep_time}};

	dm_run(scratch->handle, &get);
	assert_int_equal(get.status, DM_OK);
	return time;
}
