/* SPDX-License-Identifier: MIT */
/* message_admin.c - message send, find, delete, purge. */
#include "cli.h"
#include "cli_json.h"
#include "database.h"
#include "progress.h"
#include "subcommands.h"

#include "buffer.h"
#include "clock.h"
#include "shapes.h"
#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>

#define DAY INT64_C(86400000000)

/* The id of a user that may be left out (NULL: 0). False after the error was printed. */
static bool find_user(dm *handle, const char *name, int64_t *id)
{
	struct dm_error error = {0};

	*id = 0;
	if (!name || dm_user_id_by_name(handle, dm_text_of(name), id, &error) == DM_OK)
		return true;
	cli_fail(EXIT_FAILED, "%.100s: %s; see 'directmessages user list'", name, error.message);
	return false;
}

/* ---- send ---------------------------------------------------------------------------------------------------- */

static int send_message(dm *handle, const struct arguments *arguments)
{
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_operation operation = {.kind = DM_OP_SEND};
	struct dm_op_send *send = &operation.send;
	struct buffer row;

	if (!find_user(handle, arguments->words[0], &send->sender_id) ||
	    !find_user(handle, arguments->words[1], &send->recipient_id))
		return EXIT_FAILED;
	send->content = dm_text_of(arguments->words[2]);
	send->unrestricted = true;
	send->idempotency_key = arguments_value(arguments, "idempotency-key");
	dm_run(handle, &operation);
	if (operation.status != DM_OK)
		return cli_fail(EXIT_FAILED, "%s", operation.error.message);
	if (!rows.json) {
		printf("%s message %lld\n", send->replayed ? "had sent" : "sent", (long long)send->message.id);
		return EXIT_SUCCESS;
	}
	buffer_init(&row, SIZE_MAX);
	shape_plain_message(&row, &send->message);
	cli_print_json(&rows, &row);
	return cli_rows_status(&rows);
}

int message_send_run(const struct arguments *arguments)
{
	int status;
	dm *handle = database_open_recording(&status);

	if (!handle)
		return status;
	status = send_message(handle, arguments);
	dm_close(handle);
	return status;
}

/* ---- find ---------------------------------------------------------------------------------------------------- */

static void print_hidden(int64_t hidden_at)
{
	char time[TIMESTAMP_SIZE];

	putchar('\t');
	if (hidden_at == DM_VISIBLE)
		return;
	timestamp_format(hidden_at, 'T', time);
	printf("%sZ", time);
}

static bool print_stored(void *context, const struct dm_stored_message *stored)
{
	struct cli_rows *rows = context;
	char time[TIMESTAMP_SIZE];
	struct buffer row;

	if (rows->json) {
		buffer_init(&row, SIZE_MAX);
		shape_stored_message(&row, stored);
		return cli_print_json(rows, &row);
	}
	printf("%lld\t", (long long)stored->message.id);
	cli_print_field(stored->sender_username);
	putchar('\t');
	cli_print_field(stored->recipient_username);
	timestamp_format(stored->message.sent_at, 'T', time);
	printf("\t%sZ", time);
	print_hidden(stored->hidden_for_sender);
	print_hidden(stored->hidden_for_recipient);
	putchar('\t');
	cli_print_field(stored->message.content);
	return putchar('\n') != EOF;
}

/* Reads a time that may be left out. False after the error was printed. */
static bool read_time(const struct arguments *arguments, const char *flag, int64_t *time)
{
	const char *text = arguments_value(arguments, flag);

	if (!text || timestamp_parse(span_from(text), time))
		return true;
	cli_fail(EXIT_USAGE, "--%s is '%.40s'; give a time in UTC, such as 2026-11-29T12:00:00Z", flag, text);
	return false;
}

static int find(dm *handle, const struct arguments *arguments, struct dm_message_search *search)
{
	struct cli_rows rows = cli_rows_of(arguments);
	struct dm_error error = {0};

	if (!find_user(handle, arguments_value(arguments, "user"), &search->user_id) ||
	    !find_user(handle, arguments_value(arguments, "partner"), &search->partner_id))
		return EXIT_FAILED;
	if (!rows.json)
		puts("id\tsender\trecipient\ttime\thidden for sender\thidden for recipient\tcontent");
	if (dm_messages_find(handle, search, print_stored, &rows, &error) != DM_OK)
		return cli_fail(EXIT_FAILED, "%s; what was printed is not all", error.message);
	return cli_rows_status(&rows);
}

int message_find_run(const struct arguments *arguments)
{
	struct dm_message_search search = DM_MESSAGE_SEARCH_INIT;
	int64_t limit;
	int status;
	dm *handle;

	if (!read_time(arguments, "since", &search.since) || !read_time(arguments, "until", &search.until) ||
	    !arguments_number(arguments, "limit", &limit))
		return EXIT_USAGE;
	if (arguments_value(arguments, "partner") && !arguments_value(arguments, "user"))
		return cli_fail(EXIT_USAGE, "--partner needs --user; name both of a conversation");
	search.limit = (size_t)limit;
	handle = database_open(&status);
	if (!handle)
		return status;
	status = find(handle, arguments, &search);
	dm_close(handle);
	return status;
}

/* ---- delete, purge ------------------------------------------------------------------------------------------- */

int message_delete_run(const struct arguments *arguments)
{
	struct dm_error error = {0};
	int64_t id;
	int status;
	dm *handle;

	if (!arguments_id(arguments, "message find", &id))
		return EXIT_USAGE;
	handle = database_open(&status);
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_message_delete(handle, id, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; see 'directmessages message find'", error.message);
	else
		printf("deleted message %lld\n", (long long)id);
	dm_close(handle);
	return status;
}

struct purging {
	struct progress progress;
	int64_t removed;
};

static bool show_purged(void *context, int64_t removed, int64_t reached_id, int64_t last_id)
{
	struct purging *purging = context;
	char what[64];

	snprintf(what, sizeof(what), "messages, %lld %%",
		 (long long)(last_id > 0 ? (double)reached_id * 100.0 / (double)last_id : 100.0));
	purging->removed = removed;
	progress_show(&purging->progress, removed, what);
	return true;
}

static void print_purged(bool json, bool dry_run, int64_t removed)
{
	if (json)
		printf("{\"purged\":%lld,\"dry_run\":%s}\n", (long long)removed, dry_run ? "true" : "false");
	else
		printf("%s %lld messages\n", dry_run ? "would purge" : "purged", (long long)removed);
}

int message_purge_run(const struct arguments *arguments)
{
	struct purging purging = {.removed = 0};
	struct dm_purge_options options = {
		.size = sizeof(options),
		.hidden_by_both = arguments_value(arguments, "hidden-by-both") != NULL,
		.dry_run = arguments_value(arguments, "dry-run") != NULL,
		.on_progress = show_purged,
		.context = &purging,
	};
	struct dm_error error = {0};
	int64_t days = 0;
	int status;
	dm *handle;

	if (!arguments_number(arguments, "older-than", &days))
		return EXIT_USAGE;
	if (arguments_value(arguments, "older-than"))
		options.before = clock_now() - days * DAY;
	if (!options.hidden_by_both && options.before == 0)
		return cli_fail(EXIT_USAGE,
				"this would purge all messages; say which: --hidden-by-both, or --older-than DAYS");
	handle = database_open(&status);
	if (!handle)
		return status;
	status = EXIT_SUCCESS;
	if (dm_messages_purge(handle, &options, NULL, &error) != DM_OK)
		status = cli_fail(EXIT_FAILED, "%s; %lld messages were purged; run it again for the rest",
				  error.message, (long long)purging.removed);
	progress_end(&purging.progress);
	if (status == EXIT_SUCCESS)
		print_purged(arguments_value(arguments, "json") != NULL, options.dry_run, purging.removed);
	dm_close(handle);
	return status;
}
