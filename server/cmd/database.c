/* SPDX-License-Identifier: MIT */
/* database.c - opens the database that the settings name. */
#include "database.h"

#include "cli.h"
#include "setting_values.h"

/* False after the error was printed. */
static bool read_settings(struct dm_options *options, struct dm_user_table *users)
{
	bool prepared;
	int64_t hours;

	if (!setting_switch(SETTING_PREPARED, &prepared) || !setting_number(SETTING_IDEMPOTENCY_HOURS, &hours))
		return false;
	*users = (struct dm_user_table){
		.size = sizeof(*users),
		.table = setting_text(SETTING_USER_TABLE),
		.id = setting_text(SETTING_USER_ID),
		.username = setting_text(SETTING_USER_USERNAME),
		.first_name = setting_text(SETTING_USER_FIRST_NAME),
		.last_name = setting_text(SETTING_USER_LAST_NAME),
		.email = setting_text(SETTING_USER_EMAIL),
		.is_active = setting_text(SETTING_USER_IS_ACTIVE),
	};
	options->database = setting_text(SETTING_DATABASE);
	options->unprepared = !prepared;
	options->idempotency_hours = (unsigned)hours;
	options->user_table = users;
	return true;
}

bool database_check_settings(void)
{
	struct dm_options options = DM_OPTIONS_INIT;
	struct dm_user_table users;
	struct dm_error error = {0};

	if (!read_settings(&options, &users))
		return false;
	options.read_database = setting_text(SETTING_READ_URL);
	if (dm_check_options(&options, &error) == DM_OK)
		return true;
	cli_fail(EXIT_USAGE, "%s", error.message);
	return false;
}

dm *database_open_unchecked(const struct dm_options *given, bool create, int *status)
{
	struct dm_options options = given ? *given : (struct dm_options)DM_OPTIONS_INIT;
	struct dm_user_table users;
	struct dm_error error = {0};
	dm *handle;

	*status = EXIT_USAGE;
	if (!read_settings(&options, &users))
		return NULL;
	options.create = create;
	if (dm_open(&options, &handle, &error) == DM_OK)
		return handle;
	*status = cli_fail(error.status == DM_INVALID ? EXIT_USAGE : EXIT_FAILED, "%s", error.message);
	return NULL;
}

static dm *open_checked(const struct dm_options *options, int *status)
{
	struct dm_error error = {0};
	dm *handle = database_open_unchecked(options, false, status);

	if (!handle || dm_check_schema(handle, &error) == DM_OK)
		return handle;
	*status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return NULL;
}

dm *database_open(int *status)
{
	return open_checked(NULL, status);
}

dm *database_open_recording(int *status)
{
	const struct dm_options options = {.size = sizeof(options), .record_events = true};

	return open_checked(&options, status);
}
