/* SPDX-License-Identifier: MIT */
/* names.c - the names of statuses, and the library's version. */
#include "attributes.h"
#include "directmessages.h"

const char *dm_status_name(enum dm_status status)
{
	static const char *const names[] = {
		[DM_OK] = "DM_OK",
		[DM_NOT_FOUND] = "DM_NOT_FOUND",
		[DM_EXISTS] = "DM_EXISTS",
		[DM_INVALID] = "DM_INVALID",
		[DM_SELF] = "DM_SELF",
		[DM_NOT_ALLOWED] = "DM_NOT_ALLOWED",
		[DM_INACTIVE] = "DM_INACTIVE",
		[DM_BUSY] = "DM_BUSY",
		[DM_UNAVAILABLE] = "DM_UNAVAILABLE",
		[DM_SCHEMA] = "DM_SCHEMA",
		[DM_NO_MEMORY] = "DM_NO_MEMORY",
		[DM_INTERNAL] = "DM_INTERNAL",
		[DM_KEY_REUSED] = "DM_KEY_REUSED",
		[DM_KEY_GONE] = "DM_KEY_GONE",
		[DM_LIMITED] = "DM_LIMITED",
	};

	return (size_t)status < ARRAY_LENGTH(names) ? names[status] : "unknown status";
}

const char *dm_version(void)
{
	return DIRECTMESSAGES_VERSION;
}
