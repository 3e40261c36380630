/* SPDX-License-Identifier: MIT */
/* webhook.c - webhook create, list, delete; and what the other commands of webhooks share. */
#include "cli.h"
#include "cli_webhook.h"
#include "database.h"
#include "directmessages.h"
#include "poster.h"
#include "subcommands.h"
#include "timestamp.h"
#include "webhook_shapes.h"

#include <stdio.h>
#include <stdlib.h>

bool cli_read_events(const struct arguments *arguments, unsigned *events)
{
	const char *list = arguments_value(arguments, "events");
	struct span rest = span_from(list);
	bool is_good = true;

	*events = 0;
	while (rest.data && is_good) {
		unsigned one = webhook_event_named(span_trim(span_cut(&rest, ',')));

		is_good = one != 0;
		*events |= one;
	}
	if (!is_good)
		cli_fail(EXIT_USAGE, "--events is '%.100s'; give message_sent, message_read, message_unread or several",
			 list);
	return is_good;
}

bool cli_check_url(const char *url, int *status)
{
	enum poster_url checked = poster_check_url(url);

	*status = EXIT_SUCCESS;
	if (checked == POSTER_URL_IS_BAD)
		*status = cli_fail(EXIT_USAGE, POSTER_BAD_URL, url);
	if (checked == POSTER_URL_LACKS_MEMORY)
		*status = cli_fail(EXIT_FAILED, "out of memory; free some, then try again");
	return checked == POSTER_URL_IS_GOOD;
}

const char *cli_choose_secret(const char *given, char made[SECRET_SIZE], int *status)
{
	if (given && !secret_is_valid(span_from(given))) {
		*status = cli_fail(
			EXIT_USAGE,
			"--secret must be whsec_ and the base64 of 24 to 64 bytes; leave it out to have one made");
		return NULL;
	}
	if (!given && !secret_make(made)) {
		*status = cli_fail(EXIT_FAILED, "the system has no random numbers; try again later");
		return NULL;
	}
	return given ? given : made;
}

static bool print_json(struct cli_rows *rows, const struct dm_webhook *webhook, const char *secret)
{
	struct buffer line;

	buffer_init(&line, SIZE_MAX);
	shape_endpoint(&line, webhook, secret);
	return cli_print_json(rows, &line);
}

bool cli_print_secret(void *context, const struct dm_webhook *webhook)
{
	struct cli_rows *rows = context;

	return print_json(rows, webhook, rows->more);
}

/* Prints the endpoint with the secret that it has just been given. */
static int print_created(dm *handle, int64_t id, char *secret)
{
	struct cli_rows rows = {.json = true, .more = secret};
	struct dm_error error = {0};

	if (dm_webhook_by_id(handle, id, cli_print_secret, &rows, &error) != DM_OK)
		return cli_fail(EXIT_FAILED,
				"webhook %lld has its secret, but can't be shown (%s); rotate it to see one",
				(long long)id, error.message);
	return cli_rows_status(&rows);
}

int webhook_create_run(const struct arguments *arguments)
{
	const char *url = arguments->words[0], *secret;
	struct dm_error error = {0};
	struct dm_new_webhook webhook = DM_NEW_WEBHOOK_INIT;
	char made[SECRET_SIZE];
	int64_t id;
	int status;
	dm *handle;

	if (!cli_check_url(url, &status))
		return status;
	if (!cli_read_events(arguments, &webhook.events))
		return EXIT_USAGE;
	secret = cli_choose_secret(arguments_value(arguments, "secret"), made, &status);
	handle = secret ? database_open(&status) : NULL;
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	webhook.url = dm_text_of(url);
	webhook.description = dm_text_of(arguments_value(arguments, "description"));
	webhook.secret = dm_text_of(secret);
	if (webhook.events == 0)
		webhook.events = DM_WEBHOOK_DEFAULT_EVENTS;
	if (dm_webhook_create(handle, &webhook, &id, &error) == DM_OK && !arguments_value(arguments, "json"))
		printf("created webhook %lld; its secret is shown this once:\n%s\n", (long long)id, secret);
	else if (error.status == DM_OK)
		status = print_created(handle, id, (char *)secret);
	else
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return status;
}

void cli_begin_webhooks(const struct cli_rows *rows)
{
	if (!rows->json)
		puts("id\tstate\tevents\tcreated\turl\tdescription\tdisabled because");
}

bool cli_print_webhook(void *context, const struct dm_webhook *webhook)
{
	char time[TIMESTAMP_SIZE];
	const char *comma = "";
	struct cli_rows *rows = context;

	if (rows->json)
		return print_json(rows, webhook, NULL);
	printf("%lld\t%s\t", (long long)webhook->id, webhook_state(webhook));
	for (size_t i = 0; i < WEBHOOK_EVENTS; i++) {
		if (webhook->events & webhook_events[i].event) {
			printf("%s%s", comma, webhook_events[i].name);
			comma = ",";
		}
	}
	timestamp_format(webhook->created_at, 'T', time);
	printf("\t%sZ\t", time);
	cli_print_field(webhook->url);
	putchar('\t');
	cli_print_field(webhook->description);
	putchar('\t');
	cli_print_field(webhook->disabled_reason);
	putchar('\n');
	return true;
}

int webhook_list_run(const struct arguments *arguments)
{
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	int status;
	dm *handle = database_open(&status);

	if (!handle)
		return status;
	cli_begin_webhooks(&rows);
	if (dm_webhooks(handle, cli_print_webhook, &rows, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; what was printed is not all", error.message);
	else
		status = cli_rows_status(&rows);
	dm_close(handle);
	return status;
}

int cli_act_on_id(const struct arguments *arguments, const char *lister,
		  enum dm_status (*act)(dm *handle, int64_t id, struct dm_error *error), const char *noun,
		  const char *done)
{
	struct dm_error error = {0};
	int64_t id;
	int status;
	dm *handle;

	if (!arguments_id(arguments, lister, &id))
		return EXIT_USAGE;
	handle = database_open(&status);
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (act(handle, id, &error) == DM_OK)
		printf("%s %lld %s\n", noun, (long long)id, done);
	else
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages %s'", error.message, lister);
	dm_close(handle);
	return status;
}

int webhook_delete_run(const struct arguments *arguments)
{
	return cli_act_on_id(arguments, "webhook list", dm_webhook_delete, "webhook", "deleted");
}
