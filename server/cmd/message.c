/* SPDX-License-Identifier: MIT */
/* message.c - message list: what the reference shows in its admin. */
#include "cli.h"

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
		printf("#%lld", (long long)id); /* no name to show: a user deleted behind Django's back */
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

static bool take_id(void *context, const struct dm_user *user)
{
	*(int64_t *)context = user->id;
	return false;
}

static int list(dm *handle, const char *name, size_t limit)
{
	struct dm_error error = {0};
	int64_t user_id = 0;

	if (name && dm_user_by_name(handle, cli_text(name), take_id, &user_id, &error) != DM_OK)
		return cli_fail(EXIT_FAILED, "%s; see 'directmessages user list'", error.message);
	puts("id\tsender\trecipient\ttime\tcontent");
	if (dm_all_messages(handle, user_id, limit, print_message, handle, &error) != DM_OK)
		return cli_fail(EXIT_FAILED, "%s", error.message);
	return EXIT_SUCCESS;
}

int message_list_run(const struct command *command, int argc, char **argv)
{
	const char *name = NULL, *limit_text = "50";
	const struct cli_flag flags[] = {
		{"user", "NAME", "only what this user sent or received", &name, NULL},
		{"limit", "N", "at most so many; 0 for all (default 50)", &limit_text, NULL},
	};
	int64_t limit;
	char **words;
	int status;
	dm *handle;

	if (!cli_parse(command, argc, argv, flags, ARRAY_LENGTH(flags), 0, 0, &words, &status))
		return status;
	if (!cli_number(limit_text, 0, INT32_MAX, &limit))
		return cli_fail(EXIT_USAGE, "--limit wants a number from 0 to %d; '%s' is none", INT32_MAX, limit_text);
	handle = cli_open(NULL, false, &status);
	if (!handle)
		return status;
	status = list(handle, name, (size_t)limit);
	dm_close(handle);
	return status;
}
