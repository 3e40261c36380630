/* SPDX-License-Identifier: MIT */
/* webhook_deliveries.c - webhook deliveries: what is waiting, under way, delivered, or given up. */
#include "cli.h"

#include "directmessages_webhooks.h"
#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 50

static const char *const states[] = {
	[DM_DELIVERY_PENDING] = "pending",
	[DM_DELIVERY_DELIVERED] = "delivered",
	[DM_DELIVERY_FAILED] = "failed",
};

static void print_time(int64_t time)
{
	char text[TIMESTAMP_SIZE];

	if (time == 0) {
		fputs("-\t", stdout);
		return;
	}
	timestamp_format(time, 'T', text);
	printf("%sZ\t", text);
}

static bool print_delivery(void *context, const struct dm_delivery *delivery)
{
	(void)context;
	printf("%lld\t%lld\t", (long long)delivery->id, (long long)delivery->webhook_id);
	cli_print_field(delivery->name);
	printf("\t%s\t%lld\t%s\t%lld\t", delivery->signal == DM_MESSAGE_SENT ? "message.sent" : "message.read",
	       (long long)delivery->message_id, states[delivery->state], (long long)delivery->attempts);
	print_time(delivery->at);
	print_time(delivery->state == DM_DELIVERY_PENDING ? delivery->next_at : 0);
	print_time(delivery->finished_at);
	if (delivery->http_status > 0)
		printf("%lld\t", (long long)delivery->http_status);
	else
		fputs("-\t", stdout);
	cli_print_field(delivery->error);
	putchar('\n');
	return true;
}

static bool read_state(const char *name, int *state)
{
	*state = DM_ANY_STATE;
	if (!name)
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(states); i++) {
		if (strcmp(name, states[i]) == 0) {
			*state = (int)i;
			return true;
		}
	}
	return false;
}

int webhook_deliveries_run(const struct command *command, int argc, char **argv)
{
	const char *of = NULL, *in = NULL, *most = NULL;
	const struct cli_flag flags[] = {
		{"webhook", "ID", "only of this webhook", &of, NULL},
		{"state", "STATE", "only pending, delivered or failed", &in, NULL},
		{"limit", "N", "at most so many (50; 0: all)", &most, NULL},
	};
	struct dm_error error = {0};
	int64_t webhook_id = 0, limit = LIMIT_DEFAULT;
	int status, state;
	char **words;
	dm *handle;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 0, 0, &words, &status))
		return status;
	if (of && !cli_number(of, 1, INT64_MAX, &webhook_id))
		return cli_fail(EXIT_USAGE, "--webhook is '%.100s'; see 'directmessages webhook list'", of);
	if (!read_state(in, &state))
		return cli_fail(EXIT_USAGE, "--state is '%.100s'; give pending, delivered or failed", in);
	if (most && !cli_number(most, 0, INT64_MAX, &limit))
		return cli_fail(EXIT_USAGE, "--limit is '%.100s'; give a whole number, 0 for all", most);
	handle = cli_open(NULL, false, &status);
	if (!handle)
		return status;
	puts("id\twebhook\tname\ttype\tmessage\tstate\tattempts\thappened\tnext attempt\tfinished\tstatus\terror");
	status = EXIT_SUCCESS;
	if (dm_deliveries(handle, webhook_id, state, (size_t)limit, print_delivery, NULL, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s", error.message);
	dm_close(handle);
	return status;
}
