/* SPDX-License-Identifier: MIT */
/* limit_calls.c - limits that are set on an open handle. */
#include "service.h"

#include "failure.h"

#define MAX_NEW_PARTNERS 1000000
#define MAX_PARTNERS_SECONDS 315360000

enum dm_status dm_set_new_partner_limit(dm *handle, unsigned max, unsigned seconds, struct dm_error *error)
{
	struct dm_error own = {0};

	if (!handle)
		return service_refuse_null(error);
	if (max > MAX_NEW_PARTNERS || seconds > MAX_PARTNERS_SECONDS)
		return report(error,
			      fail(&own, DM_INVALID,
				   "so many new partners can't be counted; give at most %d in %d seconds",
				   MAX_NEW_PARTNERS, MAX_PARTNERS_SECONDS),
			      &own);
	pthread_rwlock_wrlock(&handle->rules_lock);
	handle->rules.partners_max = max;
	handle->rules.partners_period = (int64_t)seconds * 1000000;
	pthread_rwlock_unlock(&handle->rules_lock);
	return DM_OK;
}
