/* SPDX-License-Identifier: MIT */
/* webhook_deliveries.c - webhook deliveries, requeue, redeliver. */
#include "cli.h"
#include "cli_webhook.h"
#include "database.h"

#include "directmessages.h"
#include "progress.h"
#include "subcommands.h"
#include "timestamp.h"
#include "webhook_shapes.h"

#include <stdio.h>
#include <stdlib.h>

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
	struct cli_rows *rows = context;
	struct buffer line;

	if (rows->json) {
		buffer_init(&line, SIZE_MAX);
		shape_delivery(&line, delivery);
		return cli_print_json(rows, &line);
	}
	printf("%lld\t%lld\t", (long long)delivery->id, (long long)delivery->webhook_id);
	cli_print_field(delivery->name);
	printf("\t%s\t%lld\t%s\t%lld\t", delivery_type(delivery), (long long)delivery->message_id,
	       delivery_states[delivery->state], (long long)delivery->attempts);
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

int webhook_deliveries_run(const struct arguments *arguments)
{
	const char *state_name = arguments_value(arguments, "state");
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	int64_t webhook_id, limit;
	enum dm_delivery_state state = DM_DELIVERY_ANY;
	int status;
	dm *handle;

	if (!arguments_number(arguments, "webhook", &webhook_id) || !arguments_number(arguments, "limit", &limit))
		return EXIT_USAGE;
	if (state_name && !delivery_state_named(span_from(state_name), &state))
		return cli_fail(EXIT_USAGE, "--state is '%.100s'; give pending, delivered or failed", state_name);
	handle = database_open(&status);
	if (!handle)
		return status;
	if (!rows.json)
		puts("id\twebhook\tname\ttype\tmessage\tstate\tattempts\thappened\tnext attempt\tfinished\tstatus\terror");
	if (dm_deliveries(handle, webhook_id, state, (size_t)limit, print_delivery, &rows, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; what was printed is not all", error.message);
	else
		status = cli_rows_status(&rows);
	dm_close(handle);
	return status;
}

int webhook_requeue_run(const struct arguments *arguments)
{
	return cli_act_on_id(arguments, "webhook deliveries", dm_delivery_requeue, "delivery", "requeued");
}

/* ---- redeliver ----------------------------------------------------------------------------------------------- */

struct requeueing {
	struct progress progress;
	int64_t requeued;
};

static bool show_requeued(void *context, int64_t requeued)
{
	struct requeueing *requeueing = context;

	requeueing->requeued = requeued;
	progress_show(&requeueing->progress, requeued, "deliveries requeued");
	return true;
}

static int print_requeued(struct cli_rows *rows, int64_t requeued)
{
	struct buffer line;

	if (!rows->json) {
		printf("requeued %lld deliveries\n", (long long)requeued);
		return EXIT_SUCCESS;
	}
	buffer_init(&line, SIZE_MAX);
	shape_requeued(&line, requeued, 0);
	cli_print_json(rows, &line);
	return cli_rows_status(rows);
}

int webhook_redeliver_run(const struct arguments *arguments)
{
	struct requeueing requeueing = {.requeued = 0};
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};
	int64_t webhook_id;
	int status;
	dm *handle;

	if (!arguments_number(arguments, "endpoint", &webhook_id))
		return EXIT_USAGE;
	if (!arguments_value(arguments, "failed"))
		return cli_fail(EXIT_USAGE, "this would make all deliveries due again; say which: --failed");
	handle = database_open(&status);
	if (!handle)
		return status;
	if (dm_deliveries_requeue(handle, webhook_id, show_requeued, &requeueing, NULL, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; %lld deliveries were requeued; run it again for the rest",
				  error.message, (long long)requeueing.requeued);
	progress_end(&requeueing.progress);
	if (error.status == DM_OK)
		status = print_requeued(&rows, requeueing.requeued);
	dm_close(handle);
	return status;
}
