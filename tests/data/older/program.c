/* SPDX-License-Identifier: MIT */
/* program.c - a program of an older version: sends messages in a database without users, in all ways that its header
 * knows. What stands behind the structs that it provides must stay as it was. */
#include <directmessages.h>

#include <stdio.h>
#include <string.h>

#define GUARD 0x5AA5A55A0FF0F00F

static void check(enum dm_status status, const struct dm_error *error, const char *what)
{
	if (status != DM_OK)
		printf("%s: status %d, %s\n", what, (int)status, error->message);
}

static bool print_message(void *context, const struct dm_message *message)
{
	(void)context;
	printf("message %lld: %.*s\n", (long long)message->id, (int)message->content.length, message->content.data);
	return true;
}

static int64_t create_user(dm *handle, const char *name)
{
	const struct dm_new_user user = {sizeof(user), {name, strlen(name)}};
	struct dm_error error = {0};
	int64_t id = 0;

	check(dm_user_create(handle, &user, &id, &error), &error, "dm_user_create");
	return id;
}

static void send_both_ways(dm *handle, int64_t from, int64_t to)
{
	struct {
		struct dm_message message;
		uint64_t guard;
	} sent = {.guard = GUARD};
	struct {
		struct dm_operation operation;
		uint64_t guard;
	} send = {{.kind = DM_OP_SEND, .send = {.sender_id = from, .recipient_id = to, .content = {"two", 3}}}, GUARD};
	struct dm_error error = {0};

	check(dm_send(handle, from, to, (struct dm_text){"one", 3}, &sent.message, &error), &error, "dm_send");
	dm_run(handle, &send.operation);
	check(send.operation.status, &send.operation.error, "DM_OP_SEND");
	printf("sent %d, %d\n", sent.message.id != 0, send.operation.send.message.id > sent.message.id);
	printf("guards %d, %d\n", sent.guard == GUARD, send.guard == GUARD);
}

int main(int argc, char **argv)
{
	const struct dm_options options = {sizeof(options), argc > 1 ? argv[1] : NULL};
	const struct dm_conversation_options newest = {sizeof(newest), 1};
	struct {
		struct dm_stats stats;
		uint64_t guard;
	} told = {{sizeof(told.stats), NULL}, GUARD};
	struct dm_operation count = {.kind = DM_OP_UNREAD_COUNT};
	struct dm_error error = {0};
	dm *handle = NULL;
	int64_t john, mary;

	check(dm_open(&options, &handle, &error), &error, "dm_open");
	john = create_user(handle, "john");
	mary = create_user(handle, "mary");
	send_both_ways(handle, john, mary);
	count.unread_count.user_id = mary;
	dm_run(handle, &count);
	printf("unread %lld\n", (long long)count.unread_count.count);
	check(dm_conversation(handle, mary, john, &newest, print_message, NULL, &error), &error, "dm_conversation");
	dm_stats(handle, &told.stats);
	printf("%s, guard %d\n", told.stats.backend, told.guard == GUARD);
	dm_close(handle);
	return 0;
}
