/* SPDX-License-Identifier: MIT */
/* message.c - message list. */
#include "cli.h"
#include "database.h"
#include "subcommands.h"

#include "timestamp.h"

#include <stdio.h>
#include <stdlib.h>

static bool print_name(void *context, const struct dm_user *user)
{
	(void)context;
	cli_print_field(user->username);
	return false;
}

static void print_user(dm *handle, int64_t id)
{
	if (dm_user_by_id(handle, id, print_name, NULL, NULL) != DM_OK)
		printf("#%lld", (long long)id); /* a user deleted without Django, which left the messages */
	putchar('\t');
}

static bool print_message(void *context, const struct dm_message *message)
{
	char time[TIMESTAMP_SIZE];

	timestamp_format(message->sent_at, 'T', time);
	printf("%lld\t", (long long)message->id);
	print_user(context, message->sender_id);
	print_user(context, message->recipient_id);
	printf("%sZ\t", time);
	cli_print_field(message->content);
	putchar('\n');
	return true;
}

static int list(dm *handle, const char *name, size_t limit)
{
	struct dm_error error = {0};
	int64_t user_id = 0;

	if (name && dm_user_id_by_name(handle, dm_text_of(name), &user_id, &error) != DM_OK)
		return cli_fail(EXIT_FAILED, "%s; see 'directmessages user list'", error.message);
	puts("id\tsender\trecipient\ttime\tcontent");
	if (dm_all_messages(handle, user_id, limit, print_message, handle, &error) != DM_OK)
		return cli_fail(EXIT_FAILED, "%s; what was printed is not all", error.message);
	return EXIT_SUCCESS;
}

int message_list_run(const struct arguments *arguments)
{
	int64_t limit;
	int status;
	dm *handle;

	if (!arguments_number(arguments, "limit", &limit))
		return EXIT_USAGE;
	handle = database_open(&status);
	if (!handle)
		return status;
	status = list(handle, arguments_value(arguments, "user"), (size_t)limit);
	dm_close(handle);
	return status;
}
