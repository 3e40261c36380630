/* SPDX-License-Identifier: MIT */
/* throttle.c - counts what users do in sliding windows. */
#include "throttle.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define BUCKETS 65536
#define FIRST_CAPACITY 8

/* How many of the users who are silent for longest are looked at each time: gone are those whose times are all over. */
#define SWEPT 2

/* The times of one period, oldest first, in a ring. */
struct history {
	int64_t *times; /* owned; NULL: none */
	uint32_t capacity, first, count;
};

struct sender {
	int64_t user_id;
	struct sender *next;          /* in the bucket */
	struct sender *newer, *older; /* by when they asked last */
	struct history periods[RATE_PERIODS];
};

struct throttle {
	atomic_uint_fast64_t refusals[THROTTLED_LIMITS];
	pthread_mutex_t mutex; /* guards all below */
	struct sender *newest, *oldest;
	size_t bytes; /* of senders and histories */
	struct sender *buckets[BUCKETS];
};

struct throttle *throttle_new(void)
{
	struct throttle *throttle = calloc(1, sizeof(*throttle));

	if (throttle)
		pthread_mutex_init(&throttle->mutex, NULL);
	return throttle;
}

/* ---- senders ------------------------------------------------------------------------------------------------- */

static struct sender **bucket_of(struct throttle *throttle, int64_t user_id)
{
	return &throttle->buckets[((uint64_t)user_id * UINT64_C(0x9E3779B97F4A7C15)) >> 48];
}

static void unlink_sender(struct throttle *throttle, struct sender *sender)
{
	*(sender->newer ? &sender->newer->older : &throttle->newest) = sender->older;
	*(sender->older ? &sender->older->newer : &throttle->oldest) = sender->newer;
}

static void link_newest(struct throttle *throttle, struct sender *sender)
{
	sender->newer = NULL;
	sender->older = throttle->newest;
	*(throttle->newest ? &throttle->newest->newer : &throttle->oldest) = sender;
	throttle->newest = sender;
}

static void remove_sender(struct throttle *throttle, struct sender *sender)
{
	struct sender **place = bucket_of(throttle, sender->user_id);

	while (*place != sender)
		place = &(*place)->next;
	*place = sender->next;
	unlink_sender(throttle, sender);
	throttle->bytes -= sizeof(*sender);
	for (size_t i = 0; i < RATE_PERIODS; i++) {
		throttle->bytes -= sender->periods[i].capacity * sizeof(int64_t);
		free(sender->periods[i].times);
	}
	free(sender);
}

void throttle_free(struct throttle *throttle)
{
	if (!throttle)
		return;
	while (throttle->oldest)
		remove_sender(throttle, throttle->oldest);
	pthread_mutex_destroy(&throttle->mutex);
	free(throttle);
}

static struct sender *find(struct throttle *throttle, int64_t user_id)
{
	struct sender *sender = *bucket_of(throttle, user_id);

	while (sender && sender->user_id != user_id)
		sender = sender->next;
	return sender;
}

/* Forgets others until there is room for so many bytes. */
static void make_room(struct throttle *throttle, const struct sender *own, size_t bytes)
{
	while (throttle->bytes + bytes > THROTTLE_MAX_BYTES && throttle->oldest && throttle->oldest != own)
		remove_sender(throttle, throttle->oldest);
}

/* The user's sender, as the newest. NULL: no memory. */
static struct sender *enter(struct throttle *throttle, int64_t user_id)
{
	struct sender *sender = find(throttle, user_id), **bucket = bucket_of(throttle, user_id);

	if (sender) {
		unlink_sender(throttle, sender);
		link_newest(throttle, sender);
		return sender;
	}
	make_room(throttle, NULL, sizeof(*sender));
	sender = calloc(1, sizeof(*sender));
	if (!sender)
		return NULL;
	throttle->bytes += sizeof(*sender);
	sender->user_id = user_id;
	sender->next = *bucket;
	*bucket = sender;
	link_newest(throttle, sender);
	return sender;
}

/* ---- histories ----------------------------------------------------------------------------------------------- */

static int64_t *time_at(const struct history *history, uint32_t n)
{
	return &history->times[(history->first + n) % history->capacity];
}

static int64_t period_of(enum rate_period period)
{
	return rate_period_seconds(period) * 1000000;
}

static void drop_old(struct history *history, enum rate_period period, int64_t now)
{
	while (history->count > 0 && *time_at(history, 0) <= now - period_of(period)) {
		history->first = (history->first + 1) % history->capacity;
		history->count--;
	}
}

/* Makes room for one time more than there are. False: no memory. */
static bool grow(struct throttle *throttle, const struct sender *own, struct history *history)
{
	uint32_t capacity = history->capacity > 0 ? 2 * history->capacity : FIRST_CAPACITY;
	int64_t *times;

	if (history->count < history->capacity)
		return true;
	make_room(throttle, own, (capacity - history->capacity) * sizeof(int64_t));
	times = malloc(capacity * sizeof(int64_t));
	if (!times)
		return false;
	for (uint32_t i = 0; i < history->count; i++)
		times[i] = *time_at(history, i);
	free(history->times);
	throttle->bytes += (capacity - history->capacity) * sizeof(int64_t);
	*history = (struct history){.times = times, .capacity = capacity, .count = history->count};
	return true;
}

static int64_t round_up(int64_t microseconds, int64_t parts)
{
	return (microseconds + parts * 1000000 - 1) / (parts * 1000000);
}

/* How long until a time leaves the window, in microseconds. */
static int64_t until_next(const struct history *history, enum rate_period period, int64_t now)
{
	return history->count > 0 ? *time_at(history, 0) + period_of(period) - now : period_of(period);
}

/* What SimpleRateThrottle.wait says, rounded up; 0: nothing. */
static int64_t wait_seconds(const struct history *history, const struct rate *rate, int64_t now)
{
	int64_t available = (int64_t)rate->max - history->count + 1;

	return available > 0 ? round_up(until_next(history, rate->period, now), available) : 0;
}

static struct throttle_left what_is_left(const struct history *history, const struct rate *rate, int64_t now)
{
	return (struct throttle_left){
		.left = history->count < rate->max ? rate->max - history->count : 0,
		.seconds = round_up(until_next(history, rate->period, now), 1),
	};
}

/* False: no memory. */
static bool ask_one(struct throttle *throttle, struct sender *sender, const struct rate *rate, int64_t now,
		    struct throttle_result *result, struct throttle_left *left)
{
	struct history *history = &sender->periods[rate->period];

	drop_old(history, rate->period, now);
	if (history->count >= rate->max) {
		int64_t wait = wait_seconds(history, rate, now);

		result->is_refused = true;
		if (wait > result->wait_seconds)
			result->wait_seconds = wait;
	} else {
		if (!grow(throttle, sender, history))
			return false;
		*time_at(history, history->count++) = now;
	}
	*left = what_is_left(history, rate, now);
	return true;
}

static bool is_over(struct sender *sender, int64_t now)
{
	for (size_t i = 0; i < RATE_PERIODS; i++) {
		drop_old(&sender->periods[i], (enum rate_period)i, now);
		if (sender->periods[i].count > 0)
			return false;
	}
	return true;
}

bool throttle_ask(struct throttle *throttle, const struct rates *rates, int64_t user_id, int64_t now,
		  struct throttle_result *result)
{
	struct sender *sender;
	bool good = true;

	*result = (struct throttle_result){.is_refused = false};
	pthread_mutex_lock(&throttle->mutex);
	sender = enter(throttle, user_id);
	for (size_t i = 0; sender && good && i < rates->count; i++)
		good = ask_one(throttle, sender, &rates->rates[i], now, result, &result->left[i]);
	for (size_t i = 0; i < SWEPT && throttle->oldest && is_over(throttle->oldest, now); i++)
		remove_sender(throttle, throttle->oldest);
	pthread_mutex_unlock(&throttle->mutex);
	return sender && good;
}

/* Removes the newest of these times. */
static void take_back(struct history *history, int64_t then)
{
	uint32_t n = history->count;

	while (n > 0 && *time_at(history, n - 1) > then)
		n--;
	if (n == 0 || *time_at(history, n - 1) != then)
		return;
	for (; n < history->count; n++)
		*time_at(history, n - 1) = *time_at(history, n);
	history->count--;
}

void throttle_take_back(struct throttle *throttle, const struct rates *rates, int64_t user_id, int64_t then,
			struct throttle_result *result)
{
	static const struct history nothing = {.count = 0};
	struct sender *sender;

	pthread_mutex_lock(&throttle->mutex);
	sender = find(throttle, user_id);
	for (size_t i = 0; sender && i < RATE_PERIODS; i++)
		take_back(&sender->periods[i], then);
	for (size_t i = 0; i < rates->count; i++)
		result->left[i] = what_is_left(sender ? &sender->periods[rates->rates[i].period] : &nothing,
					       &rates->rates[i], then);
	pthread_mutex_unlock(&throttle->mutex);
}

void throttle_count_refusal(struct throttle *throttle, enum throttled limit)
{
	atomic_fetch_add_explicit(&throttle->refusals[limit], 1, memory_order_relaxed);
}

uint64_t throttle_refusals(struct throttle *throttle, enum throttled limit)
{
	return atomic_load_explicit(&throttle->refusals[limit], memory_order_relaxed);
}

size_t throttle_bytes(struct throttle *throttle)
{
	size_t bytes;

	pthread_mutex_lock(&throttle->mutex);
	bytes = throttle->bytes;
	pthread_mutex_unlock(&throttle->mutex);
	return bytes;
}
