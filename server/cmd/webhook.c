/* SPDX-License-Identifier: MIT */
/* webhook.c - webhook create, list, delete, enable, rotate. */
#include "cli.h"

#include "clock.h"
#include "directmessages_webhooks.h"
#include "poster.h"
#include "signature.h"
#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>

#define GRACE_HOURS_DEFAULT 24
#define HOUR INT64_C(3600000000)

static const struct {
	const char *name, *type; /* as the signal is called, and as a delivery's body says */
	unsigned event;
} events[] = {
	{"message_sent", "message.sent", DM_WEBHOOK_EVENT(DM_MESSAGE_SENT)},
	{"message_read", "message.read", DM_WEBHOOK_EVENT(DM_MESSAGE_READ)},
};

/* The names with commas between them; 0 where one is none of them. NULL is all. */
static unsigned read_events(const char *list)
{
	struct span rest = span_from(list);
	unsigned chosen = list ? 0 : DM_WEBHOOK_ALL_EVENTS;

	while (rest.data) {
		struct span one = span_trim(span_cut(&rest, ','));
		unsigned found = 0;

		for (size_t i = 0; i < ARRAY_LENGTH(events); i++)
			if (span_equal(one, span_from(events[i].name)) || span_equal(one, span_from(events[i].type)))
				found = events[i].event;
		if (found == 0)
			return 0;
		chosen |= found;
	}
	return chosen;
}

/* The secret that was given, or else a new one in `made`; NULL after the failure was told. */
static const char *choose_secret(const char *given, char made[SECRET_SIZE], int *status)
{
	if (given && !secret_is_valid(span_from(given))) {
		*status = cli_fail(EXIT_USAGE, "the secret is not whsec_ and the base64 of 24 to 64 bytes; give such a "
					       "one, or none to have one made");
		return NULL;
	}
	if (!given && !secret_make(made)) {
		*status = cli_fail(EXIT_FAILED, "the system gives no random numbers; try again later");
		return NULL;
	}
	return given ? given : made;
}

int webhook_create_run(const struct command *command, int argc, char **argv)
{
	const char *wanted = NULL, *description = NULL, *given = NULL, *secret;
	const struct cli_flag flags[] = {
		{"events", "LIST", "message_sent,message_read (default), or one of them", &wanted, NULL},
		{"description", "TEXT", "what it is for", &description, NULL},
		{"secret", "SECRET", "whsec_... (without: one is made)", &given, NULL},
	};
	struct dm_error error = {0};
	struct dm_new_webhook webhook;
	char made[SECRET_SIZE];
	char **words;
	int64_t id;
	int status;
	dm *handle;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 1, 1, &words, &status))
		return status;
	if (!poster_url_is_valid(words[0]))
		return cli_fail(EXIT_USAGE,
				"'%.200s' is no URL of an endpoint; give http://... or https://... without a password",
				words[0]);
	if (read_events(wanted) == 0)
		return cli_fail(EXIT_USAGE, "--events is '%.100s'; give message_sent, message_read or both", wanted);
	secret = choose_secret(given, made, &status);
	handle = secret ? cli_open(NULL, false, &status) : NULL;
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	webhook = (struct dm_new_webhook){cli_text(words[0]), cli_text(description), cli_text(secret),
					  read_events(wanted)};
	if (dm_webhook_create(handle, &webhook, &id, &error) == DM_OK)
		printf("created webhook %lld; its secret is shown this once:\n%s\n", (long long)id, secret);
	else
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return status;
}

static bool print_webhook(void *context, const struct dm_webhook *webhook)
{
	char time[TIMESTAMP_SIZE];
	const char *comma = "";

	(void)context;
	printf("%lld\t%s\t", (long long)webhook->id,
	       !webhook->is_active           ? "disabled"
	       : webhook->failing_since != 0 ? "failing"
					     : "active");
	for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
		if (webhook->events & events[i].event) {
			printf("%s%s", comma, events[i].name);
			comma = ",";
		}
	}
	timestamp_format(webhook->created_at, 'T', time);
	printf("\t%sZ\t", time);
	cli_print_field(webhook->url);
	putchar('\t');
	cli_print_field(webhook->description);
	putchar('\t');
	cli_print_field(webhook->disabled_why);
	putchar('\n');
	return true;
}

int webhook_list_run(const struct command *command, int argc, char **argv)
{
	struct dm_error error = {0};
	char **words;
	int status;
	dm *handle;

	handle = cli_begin(command, argc, argv, 0, &words, &status);
	if (!handle)
		return status;
	puts("id\tstate\tevents\tcreated\turl\tdescription\tdisabled because");
	status = EXIT_SUCCESS;
	if (dm_webhooks(handle, print_webhook, NULL, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return status;
}

/* Does something with the webhook, or delivery, whose id is the one argument, and prints `done` of it. */
static int with_id(const struct command *command, int argc, char **argv,
		   enum dm_status (*act)(dm *handle, int64_t id, struct dm_error *error), const char *done,
		   const char *list)
{
	struct dm_error error = {0};
	int64_t id;
	char **words;
	int status;
	dm *handle;

	if (!cli_parse(command, argc, argv, NULL, 0, 1, 1, &words, &status))
		return status;
	if (!cli_number(words[0], 1, INT64_MAX, &id))
		return cli_fail(EXIT_USAGE, "'%.100s' is no id; see 'directmessages webhook %s'", words[0], list);
	handle = cli_open(NULL, false, &status);
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (act(handle, id, &error) == DM_OK)
		printf("%s %lld\n", done, (long long)id);
	else
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages webhook %s'", error.message, list);
	dm_close(handle);
	return status;
}

int webhook_delete_run(const struct command *command, int argc, char **argv)
{
	return with_id(command, argc, argv, dm_webhook_delete, "deleted webhook", "list");
}

int webhook_enable_run(const struct command *command, int argc, char **argv)
{
	return with_id(command, argc, argv, dm_webhook_enable, "enabled webhook", "list");
}

int webhook_redeliver_run(const struct command *command, int argc, char **argv)
{
	return with_id(command, argc, argv, dm_delivery_retry, "due again: delivery", "deliveries");
}

int webhook_rotate_run(const struct command *command, int argc, char **argv)
{
	const char *given = NULL, *hours = NULL, *secret;
	const struct cli_flag flags[] = {
		{"secret", "SECRET", "the new one (without: one is made)", &given, NULL},
		{"grace", "HOURS", "how long the old one signs too (24)", &hours, NULL},
	};
	struct dm_error error = {0};
	char made[SECRET_SIZE];
	int64_t id, grace = GRACE_HOURS_DEFAULT;
	char **words;
	int status;
	dm *handle;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 1, 1, &words, &status))
		return status;
	if (!cli_number(words[0], 1, INT64_MAX, &id))
		return cli_fail(EXIT_USAGE, "'%.100s' is no id; see 'directmessages webhook list'", words[0]);
	if (hours && !cli_number(hours, 0, 8760, &grace))
		return cli_fail(EXIT_USAGE, "--grace is '%.100s'; give whole hours from 0 to 8760", hours);
	secret = choose_secret(given, made, &status);
	handle = secret ? cli_open(NULL, false, &status) : NULL;
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_webhook_rotate(handle, id, cli_text(secret), clock_now() + grace * HOUR, &error) == DM_OK)
		printf("webhook %lld has a new secret, which is shown this once; the old one signs too for %lld hours:\n"
		       "%s\n",
		       (long long)id, (long long)grace, secret);
	else
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages webhook list'", error.message);
	dm_close(handle);
	return status;
}
