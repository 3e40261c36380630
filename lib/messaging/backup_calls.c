/* SPDX-License-Identifier: MIT */
/* backup_calls.c - the calls of backup.h, which are no operations: they run for as long as copying takes. */
#include "service.h"

#include "arguments.h"
#include "failure.h"
#include "store_open.h"

#include <stdlib.h>

static enum dm_status lack_file(struct dm_error *error)
{
	return fail(error, DM_INVALID, "there is no name of a backup; give one");
}

static enum dm_status make_backup(dm *handle, const struct dm_backup *given, int64_t *bytes, struct dm_error *error)
{
	struct dm_backup backup;

	if (arguments_copy(&backup, sizeof(backup), given, "dm_backup", error) != DM_OK)
		return error->status;
	if (!backup.file || backup.file[0] == '\0')
		return lack_file(error);
	if (!handle->store->backend->backup)
		return fail(error, DM_INVALID, "a PostgreSQL database is backed up by its own tools; use pg_dump");
	return handle->store->backend->backup(handle->store, &backup, bytes, error);
}

enum dm_status dm_backup(dm *handle, const struct dm_backup *backup, int64_t *bytes, struct dm_error *error)
{
	struct dm_error own = {0};
	int64_t size = 0;
	enum dm_status status;

	if (bytes)
		*bytes = 0;
	if (!handle || !backup)
		return service_refuse_null(error);
	status = make_backup(handle, backup, &size, &own);
	if (bytes && status == DM_OK)
		*bytes = size;
	return report(error, status, &own);
}

enum dm_status dm_restore(const struct dm_restore *given, char **kept, struct dm_error *error)
{
	struct dm_restore restore;
	struct dm_error own = {0};
	char *path = NULL;
	enum dm_status status;

	if (kept)
		*kept = NULL;
	if (!given)
		return service_refuse_null(error);
	status = arguments_copy(&restore, sizeof(restore), given, "dm_restore", &own);
	if (status == DM_OK && (!restore.file || restore.file[0] == '\0'))
		status = lack_file(&own);
	if (status == DM_OK && !restore.database)
		restore.database = SERVICE_DEFAULT_URL;
	if (status == DM_OK)
		status = store_restore(&restore, &path, &own);
	if (kept)
		*kept = path;
	else
		free(path);
	return report(error, status, &own);
}
