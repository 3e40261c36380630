/* SPDX-License-Identifier: MIT */
/* webhook.c - webhook create, list, delete, enable, rotate, requeue. */
#include "cli.h"
#include "cli_json.h"

#include "clock.h"
#include "database.h"
#include "directmessages.h"
#include "poster.h"
#include "signature.h"
#include "subcommands.h"
#include "timestamp.h"
#include "webhook_shapes.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR INT64_C(3600000000) /* microseconds */

/* Reads names with commas between them; NULL: all events. 0: one of them is not the name of an event. */
static unsigned parse_events(const char *list)
{
	struct span rest = span_from(list);
	unsigned chosen = list ? 0 : DM_WEBHOOK_ALL_EVENTS;

	while (rest.data) {
		struct span one = span_trim(span_cut(&rest, ','));
		unsigned found = 0;

		for (size_t i = 0; i < WEBHOOK_EVENTS; i++)
			if (span_equal(one, span_from(webhook_events[i].name)) ||
			    span_equal(one, span_from(webhook_events[i].type)))
				found = webhook_events[i].event;
		if (found == 0)
			return 0;
		chosen |= found;
	}
	return chosen;
}

/* The secret that was given, or a new one in `made`. NULL after the error was printed: the command ends with *status.
 */
static const char *choose_secret(const char *given, char made[SECRET_SIZE], int *status)
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

/* What print_one looks for, and the secret that it shows. */
struct one_webhook {
	int64_t id;
	const char *secret;
};

static bool print_one(void *context, const struct dm_webhook *webhook)
{
	struct cli_rows *rows = context;
	const struct one_webhook *one = rows->more;

	if (webhook->id != one->id)
		return true;
	print_json(rows, webhook, one->secret);
	return false;
}

/* Prints the endpoint with the secret that it has just been given. */
static int print_secret(dm *handle, int64_t id, const char *secret)
{
	struct one_webhook one = {.id = id, .secret = secret};
	struct cli_rows rows = {.json = true, .more = &one};
	struct dm_error error = {0};

	if (dm_webhooks(handle, print_one, &rows, &error) != DM_OK)
		return cli_fail(EXIT_FAILED,
				"webhook %lld has its secret, but can't be shown (%s); rotate it to see one",
				(long long)id, error.message);
	return cli_rows_status(&rows);
}

int webhook_create_run(const struct arguments *arguments)
{
	const char *url = arguments->words[0], *list = arguments_value(arguments, "events"), *secret;
	struct dm_error error = {0};
	struct dm_new_webhook webhook;
	char made[SECRET_SIZE];
	int64_t id;
	int status;
	dm *handle;

	if (!poster_url_is_valid(url))
		return cli_fail(EXIT_USAGE,
				"'%.200s' is not a valid endpoint URL; give http://... or https://... without a "
				"user name or password",
				url);
	if (parse_events(list) == 0)
		return cli_fail(EXIT_USAGE, "--events is '%.100s'; give message_sent, message_read or both", list);
	secret = choose_secret(arguments_value(arguments, "secret"), made, &status);
	handle = secret ? database_open(&status) : NULL;
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	webhook = (struct dm_new_webhook){
		.size = sizeof(webhook),
		.url = dm_text_of(url),
		.description = dm_text_of(arguments_value(arguments, "description")),
		.secret = dm_text_of(secret),
		.events = parse_events(list),
	};
	if (dm_webhook_create(handle, &webhook, &id, &error) == DM_OK && !arguments_value(arguments, "json"))
		printf("created webhook %lld; its secret is shown this once:\n%s\n", (long long)id, secret);
	else if (error.status == DM_OK)
		status = print_secret(handle, id, secret);
	else
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return status;
}

static bool print_webhook(void *context, const struct dm_webhook *webhook)
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
	if (!rows.json)
		puts("id\tstate\tevents\tcreated\turl\tdescription\tdisabled because");
	if (dm_webhooks(handle, print_webhook, &rows, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	else
		status = cli_rows_status(&rows);
	dm_close(handle);
	return status;
}

/* Does something with the webhook or delivery whose id is the command's argument, and prints "<noun> <id> <done>".
 * `lister` is the command that lists the ids. */
static int act_on_id(const struct arguments *arguments, const char *lister,
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
	return act_on_id(arguments, "webhook list", dm_webhook_delete, "webhook", "deleted");
}

int webhook_enable_run(const struct arguments *arguments)
{
	return act_on_id(arguments, "webhook list", dm_webhook_enable, "webhook", "enabled");
}

int webhook_requeue_run(const struct arguments *arguments)
{
	return act_on_id(arguments, "webhook deliveries", dm_delivery_requeue, "delivery", "requeued");
}

int webhook_rotate_run(const struct arguments *arguments)
{
	struct dm_error error = {0};
	char made[SECRET_SIZE];
	const char *secret;
	int64_t id, grace;
	int status;
	dm *handle;

	if (!arguments_id(arguments, "webhook list", &id) || !arguments_number(arguments, "grace", &grace))
		return EXIT_USAGE;
	secret = choose_secret(arguments_value(arguments, "secret"), made, &status);
	handle = secret ? database_open(&status) : NULL;
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_webhook_rotate(handle, id, dm_text_of(secret), clock_now() + grace * HOUR, &error) == DM_OK &&
	    arguments_value(arguments, "json"))
		status = print_secret(handle, id, secret);
	else if (error.status == DM_OK)
		printf("webhook %lld has a new secret, which is shown this once; the old one also signs for %lld hours:\n"
		       "%s\n",
		       (long long)id, (long long)grace, secret);
	else
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages webhook list'", error.message);
	dm_close(handle);
	return status;
}
