/* SPDX-License-Identifier: MIT */
/* webhook_change.c - webhook update, enable, disable, rotate. */
#include "cli.h"
#include "cli_webhook.h"
#include "clock.h"
#include "database.h"
#include "subcommands.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR INT64_C(3600000000) /* microseconds */

static int fail_with(const struct dm_error *error)
{
	return cli_fail(EXIT_FAILED, "%s%s", error->message,
			error->status == DM_NOT_FOUND ? "; see 'directmessages webhook list'" : "");
}

/* The row function of one endpoint, with the fields' names in front. */
static bool print_one(void *context, const struct dm_webhook *webhook)
{
	cli_begin_webhooks(context);
	return cli_print_webhook(context, webhook);
}

int webhook_update_run(const struct arguments *arguments)
{
	struct dm_webhook_change change = DM_WEBHOOK_CHANGE_INIT;
	const char *url = arguments_value(arguments, "url");
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	int status;
	dm *handle;

	if (!arguments_id(arguments, "webhook list", &change.webhook_id) || !cli_read_events(arguments, &change.events))
		return EXIT_USAGE;
	if (url && !cli_check_url(url, &status))
		return status;
	change.url = dm_text_of(url);
	change.description = dm_text_of(arguments_value(arguments, "description"));
	handle = database_open(&status);
	if (!handle)
		return status;
	if (dm_webhook_update(handle, &change, print_one, &rows, &error) == DM_OK)
		status = cli_rows_status(&rows);
	else
		status = fail_with(&error);
	dm_close(handle);
	return status;
}

int webhook_enable_run(const struct arguments *arguments)
{
	return cli_act_on_id(arguments, "webhook list", dm_webhook_enable, "webhook", "enabled");
}

int webhook_disable_run(const struct arguments *arguments)
{
	return cli_act_on_id(arguments, "webhook list", dm_webhook_disable, "webhook", "disabled");
}

int webhook_rotate_run(const struct arguments *arguments)
{
	struct dm_webhook_change change = DM_WEBHOOK_CHANGE_INIT;
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	char made[SECRET_SIZE];
	const char *secret;
	int64_t grace;
	int status;
	dm *handle;

	if (!arguments_id(arguments, "webhook list", &change.webhook_id) ||
	    !arguments_number(arguments, "grace", &grace))
		return EXIT_USAGE;
	secret = cli_choose_secret(arguments_value(arguments, "secret"), made, &status);
	handle = secret ? database_open(&status) : NULL;
	if (!handle)
		return status;
	change.secret = dm_text_of(secret);
	change.old_until = clock_now() + grace * HOUR;
	rows.more = (char *)secret;
	if (dm_webhook_update(handle, &change, rows.json ? cli_print_secret : NULL, &rows, &error) != DM_OK)
		status = fail_with(&error);
	else
		status = cli_rows_status(&rows);
	if (status == EXIT_SUCCESS && !rows.json)
		printf("webhook %lld has a new secret, which is shown this once; the old one also signs for %lld hours:\n"
		       "%s\n",
		       (long long)change.webhook_id, (long long)grace, secret);
	dm_close(handle);
	return status;
}
