/* SPDX-License-Identifier: MIT */
/* sent_time.c - when a message is sent. */
#include "sent_time.h"

#include "clock.h"

int64_t sent_time_after(int64_t last)
{
	int64_t now = clock_now();

	return now <= last && last - now < 1000000 ? last + 1 : now;
}
