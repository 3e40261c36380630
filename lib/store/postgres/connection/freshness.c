/* SPDX-License-Identifier: MIT */
/* freshness.c - how far a standby must have come before it may answer a read. */
#include "freshness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* A power of two; 512 KiB. */
#define USERS_BITS 16
#define USERS (1 << USERS_BITS)

/* A sample is taken each fourth part of the maximum lag; so these reach back far enough. */
#define PARTS 4
#define SAMPLES 8

/* How long standbys are left alone, in microseconds. */
#define PAUSE 1000000

struct sample {
	int64_t asked_at;
	uint64_t place; /* 0: there is none */
};

struct freshness {
	int64_t max_lag;
	_Atomic uint64_t users[USERS];
	_Atomic uint64_t all;     /* everybody's */
	_Atomic uint64_t reached; /* by the primary, as far as is known */
	_Atomic uint64_t answered, fell_back;
	_Atomic int64_t paused_until;
	_Atomic int64_t timeline;
	pthread_mutex_t mutex;          /* guards all below */
	struct sample samples[SAMPLES]; /* a ring */
	size_t last;                    /* where the newest one is */
	bool is_unknown;                /* something was committed after the newest sample was asked for */
	int64_t unknown_at;
};

struct freshness *freshness_new(int64_t max_lag)
{
	struct freshness *freshness = calloc(1, sizeof(*freshness));

	if (!freshness)
		return NULL;
	freshness->max_lag = max_lag;
	pthread_mutex_init(&freshness->mutex, NULL);
	return freshness;
}

void freshness_free(struct freshness *freshness)
{
	if (!freshness)
		return;
	pthread_mutex_destroy(&freshness->mutex);
	free(freshness);
}

/* ---- what a standby must have -------------------------------------------------------------------------------- */

static void raise(_Atomic uint64_t *place, uint64_t to)
{
	uint64_t now = atomic_load(place);

	while (now < to && !atomic_compare_exchange_weak(place, &now, to))
		;
}

/* Ids that follow one another have different places (Fibonacci hashing). */
static _Atomic uint64_t *place_of(struct freshness *freshness, int64_t user_id)
{
	return &freshness->users[(uint64_t)user_id * UINT64_C(0x9e3779b97f4a7c15) >> (64 - USERS_BITS)];
}

void freshness_reach(struct freshness *freshness, uint64_t place)
{
	raise(&freshness->reached, place);
}

void freshness_note(struct freshness *freshness, int64_t user_id)
{
	raise(place_of(freshness, user_id), atomic_load(&freshness->reached));
}

void freshness_note_all(struct freshness *freshness)
{
	raise(&freshness->all, atomic_load(&freshness->reached));
}

void freshness_note_unknown(struct freshness *freshness, int64_t now)
{
	pthread_mutex_lock(&freshness->mutex);
	freshness->is_unknown = true;
	freshness->unknown_at = now;
	pthread_mutex_unlock(&freshness->mutex);
}

bool freshness_wants_sample(struct freshness *freshness, int64_t now)
{
	bool wants;

	pthread_mutex_lock(&freshness->mutex);
	wants = freshness->is_unknown || freshness->samples[freshness->last].place == 0 ||
		now - freshness->samples[freshness->last].asked_at >= freshness->max_lag / PARTS;
	pthread_mutex_unlock(&freshness->mutex);
	return wants;
}

void freshness_sample(struct freshness *freshness, uint64_t place, int64_t asked_at)
{
	const struct sample *newest;

	if (place == 0)
		return;
	pthread_mutex_lock(&freshness->mutex);
	if (freshness->is_unknown && asked_at > freshness->unknown_at) {
		raise(&freshness->all, place);
		freshness->is_unknown = false;
	}
	newest = &freshness->samples[freshness->last];
	if (newest->place == 0 || asked_at - newest->asked_at >= freshness->max_lag / PARTS) {
		freshness->last = (freshness->last + 1) % SAMPLES;
		freshness->samples[freshness->last] = (struct sample){asked_at, place};
	}
	pthread_mutex_unlock(&freshness->mutex);
}

/* Called with the mutex: the oldest place that was asked for within the maximum lag. */
static uint64_t place_within_lag(const struct freshness *freshness, int64_t now)
{
	for (size_t i = 1; i <= SAMPLES; i++) { /* the oldest one follows the newest */
		const struct sample *sample = &freshness->samples[(freshness->last + i) % SAMPLES];

		if (sample->place != 0 && now - sample->asked_at <= freshness->max_lag)
			return sample->place;
	}
	return PLACE_BEYOND;
}

uint64_t freshness_needed(struct freshness *freshness, int64_t user_id, int64_t now)
{
	uint64_t needed, all = atomic_load(&freshness->all), own = atomic_load(place_of(freshness, user_id));

	pthread_mutex_lock(&freshness->mutex);
	needed = freshness->is_unknown ? PLACE_BEYOND : place_within_lag(freshness, now);
	pthread_mutex_unlock(&freshness->mutex);
	needed = needed > all ? needed : all;
	return needed > own ? needed : own;
}

/* ---- what standbys have done --------------------------------------------------------------------------------- */

void freshness_answered(struct freshness *freshness, uint64_t place)
{
	raise(&freshness->all, place);
	atomic_fetch_add(&freshness->answered, 1);
}

void freshness_fell_back(struct freshness *freshness, uint64_t count)
{
	atomic_fetch_add(&freshness->fell_back, count);
}

void freshness_count(struct freshness *freshness, uint64_t *answered, uint64_t *fell_back)
{
	*answered = atomic_load(&freshness->answered);
	*fell_back = atomic_load(&freshness->fell_back);
}

void freshness_pause(struct freshness *freshness, int64_t now)
{
	atomic_store(&freshness->paused_until, now + PAUSE);
}

bool freshness_is_paused(struct freshness *freshness, int64_t now)
{
	return now < atomic_load(&freshness->paused_until);
}

void freshness_set_timeline(struct freshness *freshness, int64_t timeline)
{
	atomic_store(&freshness->timeline, timeline);
}

int64_t freshness_timeline(struct freshness *freshness)
{
	return atomic_load(&freshness->timeline);
}
